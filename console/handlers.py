"""What the log-in hears."""

from uuid import UUID

from console import services
from contingency.org.events import PasswordSet
from contingency.org.models import User
from kernel.journal import subscribe
from kernel.models import Entry


@subscribe(PasswordSet)
def count_anew(entry: Entry) -> None:
    """Tries against the old password do not keep its owner from using the new one, wherever they are."""
    user = User.objects.get(public_id=UUID(entry.payload["user_id"]))
    services.tries_forget(account=user.username)
