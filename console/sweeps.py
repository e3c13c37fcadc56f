"""What the console forgets by itself."""

from datetime import datetime, timedelta

from console import services
from kernel.sweeps import sweep


def nothing_is_ever_due() -> datetime | None:
    """Forgetting late harms nobody."""
    return None


@sweep("console_forget", every=timedelta(hours=1), queue="default", oldest=nothing_is_ever_due)
def console_forget() -> int:
    """Delete the marks of old forms and old tries to log in."""
    return services.forget_old()
