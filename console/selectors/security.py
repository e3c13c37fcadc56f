"""One's own log-in: second factors, recovery codes that are left, and the browsers that are logged in."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from django.contrib.auth import HASH_SESSION_KEY
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from console import people
from console.models import BrowserSession
from console.selectors.buttons import Button
from console.selectors.setup import MOST, SetupScreen
from console.sessions import BROWSER
from contingency.org.models import Factor, RecoveryCode, User

WAYS = {
    "password": _("password"),
    "code": _("password and code"),
    "recovery": _("password and recovery code"),
    "passkey": pgettext_lazy("a way to log in", "passkey"),
}
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True)
class Sitting:
    """One browser that is logged in."""

    browser: str
    by: str | Promise
    since: datetime
    seen: datetime
    is_here: bool


class SecurityScreen(SetupScreen):
    """What opens this person's account, and where it is open."""

    name, kind = "security", Factor.journal_kind
    session_key: str | None = None

    @property
    def makers(self) -> list[Button]:
        """None in the head: the screen itself says what each kind of factor is good for."""
        return []

    @cached_property
    def rows(self) -> list[tuple[Factor, list[Button]]]:
        """Apps and passkeys with their moves. One query."""
        found = Factor.objects.filter(user_id=self.actor.user_id or 0, removed_at=None).exclude(kind=Factor.Kind.RECOVERY)
        return [(factor, self.acts(factor, only=("org.factor_remove",))) for factor in found.select_related("user")]

    @cached_property
    def codes(self) -> Factor | None:
        """The set of recovery codes in force."""
        return Factor.objects.filter(user_id=self.actor.user_id or 0, kind=Factor.Kind.RECOVERY, removed_at=None).first()

    @property
    def codes_left(self) -> int:
        """How many still open."""
        return codes_left(self.actor.user_id or 0)

    @property
    def is_wanted(self) -> bool:
        """Whether the person's role asks for a factor that is not there yet."""
        return people.needs_factor(self.actor)

    @cached_property
    def person(self) -> User:
        """Whose log-in it is."""
        return User.objects.get(pk=self.actor.user_id or 0)

    @cached_property
    def password_moves(self) -> list[Button]:
        """Setting a new password."""
        return self.acts(self.person, only=("org.password_set",))

    @cached_property
    def sittings(self) -> list[Sitting]:
        """Browsers that are logged in as this person, this one first. One query."""
        mark = self.person.get_session_auth_hash()
        found = []
        for row in BrowserSession.objects.filter(user_id=self.actor.user_id or 0, expire_date__gt=timezone.now()).order_by("-expire_date")[:MOST]:
            session = row.get_session_store_class()(row.session_key)
            data = row.get_decoded()
            session._session_cache = data  # what was just read; no query per row
            if people.session_is_over(session) or not constant_time_compare(data.get(HASH_SESSION_KEY, ""), mark):
                continue
            found.append(
                Sitting(
                    browser=browser_words(data.get(BROWSER, "")),
                    by=WAYS.get(data.get(people.BY, ""), "—"),
                    since=datetime.fromtimestamp(data[people.STARTED], UTC),
                    seen=datetime.fromtimestamp(data[people.SEEN], UTC),
                    is_here=row.session_key == self.session_key,
                )
            )
        return sorted(found, key=lambda sitting: (not sitting.is_here, -sitting.seen.timestamp()))


def codes_left(user_id: int) -> int:
    """How many recovery codes of a person still open."""
    return RecoveryCode.objects.filter(factor__user_id=user_id, factor__removed_at=None, used_at=None).count()


def browser_words(agent: str) -> str:
    """“Firefox · Windows”; empty for one that says nothing known."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " · ".join(part for part in (browser, system) if part)
