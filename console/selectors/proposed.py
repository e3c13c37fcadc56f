"""What somebody proposed, in the words of its form: nobody agrees without having seen to what."""

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from console.forms import Field, move_form
from kernel import moves
from kernel.models import Proposal


def asked_for(proposal: Proposal) -> list[tuple[str, str]]:
    """(what it is called, what was filled in), in the order of the form; never a secret. One query per field that offers records."""
    given = proposal.inputs
    form = move_form(moves.get(proposal.move), {name: str(value) for name, value in given.items()})
    return [(shown.label, _words(shown)) for shown in form.fields if given.get(shown.name) not in (None, "") and shown.widget != "secret"]


def _words(shown: Field) -> str:
    if shown.widget == "tick":
        return _("yes") if shown.value.lower() in ("true", "on", "1") else _("no")
    if shown.widget == "moment":
        moment = parse_datetime(shown.value)
        return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M") if moment is not None and moment.tzinfo is not None else shown.value
    return dict(shown.options).get(shown.value, shown.value)
