"""What the inbox calls the reasons for which a body could not be read; its own words stand beneath, for whoever mends it."""

from django.utils.translation import gettext_lazy as _

FAILURES = {
    "refused": _("not readable"),
    "too_large": _("too large"),
    "unsupported": _("unknown format"),
    "broken_json": _("not valid JSON"),
    "not_alerts": _("holds no alerts"),
    "bad_items": _("some alerts are broken"),
    "not_mapped": _("mapping does not fit"),
    "invalid_event": _("required field missing"),
    "unforeseen": _("unforeseen problem"),
}
