"""Every screen of the console, by the address table: an address that is neither pictured nor excused here stops the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

LEAD, DUTY, ADMIN, DIRECTOR, BUSINESS, AUDITOR = "zhao.min", "chen.yu", "gao.peng", "zhou.hong", "li.na", "xu.jing"
SECOND = "wang.lei"  # has an authenticator app: the password alone leads to the second step
NOBODY = ""
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Shot:
    """One screen in one scene. `address` may name places of the scene: “/incidents/{severe.number}/”."""

    name: str
    scene: str
    address: str
    who: str = LEAD
    opens: str = ""  # pressed before the picture: a menu, a dialog
    only: str = ""  # the part of a long page that is pictured

    def path(self, places: Mapping[str, str]) -> str:
        """The address with the scene's numbers and ids. Raises KeyError for a place the scene does not have."""
        path = self.address
        while "{" in path:
            before, _, rest = path.partition("{")
            name, _, after = rest.partition("}")
            path = before + places[name] + after
        return path


def _story(name: str, address: str, who: str = LEAD, opens: str = "", only: str = "") -> Shot:
    return Shot(name, "story", address, who, opens, only)


def _chapters(*names: str) -> tuple[Shot, ...]:
    """Chapters of the plan beyond what one picture holds, on paper: there everything is unfolded."""
    return tuple(_story(f"plan-paper-{name}", "/plan/versions/1/paper/", only=f"#{name}") for name in names)


# By the name of the address: what is pictured there.
SCREENS: dict[str, tuple[Shot, ...]] = {
    "now": (
        _story("now", "/"),
        _story("now-phone-menu", "/", opens=".nav-more > summary"),
        _story("now-business", "/", BUSINESS),
        _story("now-ops-lead", "/", "sun.jie"),
        Shot("now-quiet", "quiet", "/", DUTY),
        Shot("now-empty", "empty", "/", DIRECTOR),
    ),
    "wallboard": (_story("wallboard", "/wallboard/"), Shot("wallboard-quiet", "quiet", "/wallboard/")),
    "room": (
        _story("room", "/incidents/{severe.number}/"),
        _story("room-duty", "/incidents/{discovered.number}/", DUTY),
        _story("room-more", "/incidents/{severe.number}/", opens="#room-more > summary"),
        _story("room-closed", "/incidents/{closed.number}/", AUDITOR),
        _story("room-dismissed", "/incidents/{dismissed.number}/"),
        _story("room-business", "/incidents/{severe.number}/", BUSINESS),
    ),
    "alert-list": (_story("alerts", "/alerts/"), Shot("alerts-empty", "quiet", "/alerts/"), Shot("alerts-none", "empty", "/alerts/")),
    "alert-silences": (_story("silences", "/alerts/silences/"), Shot("silences-empty", "quiet", "/alerts/silences/")),
    "alert-unrouted": (_story("unrouted", "/alerts/unrouted/"), Shot("unrouted-empty", "quiet", "/alerts/unrouted/")),
    "alert-inbox": (_story("inbox", "/alerts/inbox/"), Shot("inbox-empty", "quiet", "/alerts/inbox/")),
    "alert-inbox-body": (_story("inbox-body", "/alerts/inbox/{failed}/"),),
    "alert": (_story("alert", "/alerts/{alert}/"), _story("alert-flapping", "/alerts/{flapping}/")),
    "alert-give": (_story("alert-give", "/alerts/{unrouted}/give/"),),
    "incident-list": (_story("incidents", "/incidents/"), Shot("incidents-empty", "quiet", "/incidents/")),
    "switch-list": (_story("switches", "/switches/"), Shot("switches-empty", "quiet", "/switches/")),
    "proposal-list": (_story("proposals", "/proposals/"), Shot("proposals-empty", "quiet", "/proposals/")),
    "switchboard": (
        _story("switchboard", "/switchboard/"),
        Shot("switchboard-quiet", "quiet", "/switchboard/"),
        Shot("switchboard-empty", "empty", "/switchboard/", ADMIN),
    ),
    "switch-manual": (_story("switch-by-hand", "/switchboard/order-system/by-hand/"),),
    "switch-guide": (
        _story("switch-guide", "/switchboard/order-system/back/"),
        Shot("switch-guide-over", "quiet", "/switchboard/order-system/over/"),
    ),
    "plan": (
        _story("plan", "/plan/"),
        Shot("plan-none", "founded", "/plan/"),
        _story("plan-schedules", "/plan/", only="#schedules"),
        _story("plan-meetings", "/plan/", only="#meeting_kinds"),
    ),
    "plan-versions": (_story("plan-versions", "/plan/versions/", DIRECTOR), Shot("plan-versions-none", "founded", "/plan/versions/")),
    "plan-version": (_story("plan-version", "/plan/versions/2/", DIRECTOR),),
    "plan-paper": (
        _story("plan-paper", "/plan/versions/1/paper/"),
        *_chapters(
            "faults", "risks", "recovery_targets", "escalation_chains", "response_levels", "message_texts", "meeting_kinds", "schedules", "evaluation"
        ),
    ),
    "plan-compare": (_story("plan-compare", "/plan/compare/?from=1&to=2", DIRECTOR),),
    "plan-load": (_story("plan-load", "/plan/load/"),),
    "plan-chart": (_story("plan-chart", "/plan/chart/"),),
    "plan-texts": (_story("plan-texts", "/plan/texts/"),),
    "plan-rounds": (_story("plan-rounds", "/plan/rounds/"), Shot("plan-rounds-quiet", "quiet", "/plan/rounds/", DUTY)),
    "plan-readers": (_story("plan-readers", "/plan/readers/"),),
    "plan-playbook": (_story("plan-playbook", "/plan/playbooks/application-fault-after-upgrade/"),),
    "setup": (_story("setup", "/setup/", ADMIN), Shot("setup-empty", "empty", "/setup/", ADMIN)),
    "setup-sources": (_story("setup-sources", "/setup/sources/", ADMIN), Shot("setup-sources-empty", "empty", "/setup/sources/", ADMIN)),
    "setup-source": (_story("setup-source", "/setup/sources/{source}/", ADMIN),),
    "setup-parts": (_story("setup-parts", "/setup/parts/", ADMIN), Shot("setup-parts-empty", "empty", "/setup/parts/", ADMIN)),
    "setup-probes": (_story("setup-probes", "/setup/probes/"), Shot("setup-probes-empty", "quiet", "/setup/probes/")),
    "setup-people": (_story("setup-people", "/setup/people/", ADMIN),),
    "setup-rosters": (_story("setup-rosters", "/setup/rosters/", LEAD),),
    "setup-contacts": (_story("setup-contacts", "/setup/contacts/", DUTY),),
    "setup-tokens": (_story("setup-tokens", "/setup/tokens/", ADMIN), Shot("setup-tokens-empty", "empty", "/setup/tokens/", ADMIN)),
    "setup-security": (_story("setup-security", "/setup/security/", DUTY),),
    "security-app": (_story("security-app", "/setup/security/app/", DUTY),),
    "security-passkey": (_story("security-passkey", "/setup/security/passkey/", DUTY),),
    "security-codes": (_story("security-codes", "/setup/security/codes/", DUTY),),
    "login-second": (_story("login-second", "/login/second/", SECOND),),
    "login-again": (_story("login-again", "/login/again/", DUTY),),
    "reports": (_story("reports", "/reports/"), Shot("reports-empty", "quiet", "/reports/")),
    "report-actions": (_story("report-actions", "/reports/actions/"), Shot("report-actions-empty", "quiet", "/reports/actions/")),
    "report-statistics": (_story("report-statistics", "/reports/statistics/"), Shot("report-statistics-empty", "quiet", "/reports/statistics/")),
    "report": (_story("report", "/reports/{report}/"), _story("report-waiting", "/reports/{report.waiting}/", "sun.jie")),
    "report-section": (_story("report-section", "/reports/{report}/cause/"),),
    "do": (
        _story("do-confirm", "/do/incidents.confirm/{discovered.id}/", DUTY),
        _story("do-role-assign", "/do/incidents.role_assign/{severe.id}/"),
        _story("do-repair-record", "/do/incidents.repair_record/{severe.outage}/", DUTY),
        _story("do-not-now", "/do/incidents.resolve/{severe.id}/"),
        _story("do-dialog-round", "/plan/rounds/", "sun.jie", "#plan-rounds li:first-child .acts a"),
        _story("do-key-revoke", "/do/monitoring.source_key_revoke/{source}/", ADMIN),
        _story("do-dialog", "/incidents/{discovered.number}/", DUTY, "#room-actions a.go"),
    ),
    "make": (
        _story("make-incident", "/do/incidents.open/", DUTY),
        _story("make-silence", "/do/monitoring.silence_create/"),
        _story("make-source", "/do/monitoring.source_create/", ADMIN),
        _story("make-token", "/do/org.token_issue/", ADMIN),
    ),
    "copy-home": (_story("copy-home", "/offline/", DUTY),),
    "copy-plan": (_story("copy-plan", "/offline/plan/", DUTY),),
    "copy-calls": (_story("copy-calls", "/offline/call-tree/", DUTY),),
    "copy-by-hand": (_story("copy-by-hand", "/offline/by-hand/order-system/", DUTY),),
    "login": (Shot("login", "story", "/login/", NOBODY),),
    "acknowledge": (_story("ack", "/ack/{ack}/", NOBODY), _story("ack-refused", "/ack/nothing/", NOBODY)),
}
# Pictures of the documentation: of which screen, how wide, how much of its height.
IN_DOCS = {
    "now": ("now", "wide", 860),
    "room": ("room", "wide", 1100),
    "room-phone": ("room-duty", "phone", 900),
    "alerts": ("alerts", "wide", 900),
    "switchboard": ("switchboard", "wide", 860),
    "switch-guide": ("switch-guide-over", "wide", 1000),
    "confirm-phone": ("do-confirm", "phone", 860),
    "report": ("report", "wide", 900),
    "plan-compare": ("plan-compare", "wide", 620),
    "connect": ("setup-source", "wide", 720),
    "wallboard": ("wallboard", "wide", 760),
}

# Screens that no address of the table leads to.
BESIDE = (_story("not-found", "/nothing/here/"), _story("not-permitted", "/setup/tokens/none/", BUSINESS))

NOT_SCREENS = {
    "alert-many": "a bulk action (POST)",
    "alert-filter-keep": "POST",
    "alert-filter-forget": "POST",
    "alert-inbox-many": "a bulk action (POST)",
    "alert-body": "the body as a file",
    "plan-export": "the plan as a file",
    "report-csv": "a file",
    "report-pdf": "a file; its pages are looked at as paper",
    "security-passkey-offer": "asked by the script",
    "security-sessions": "POST",
    "login-passkey": "asked by the script",
    "login-passkey-options": "asked by the script",
    "go": "leads on",
    "feed": "a stream",
    "feed-poll": "fragments",
    "manifest": "for the browser",
    "service-worker": "for the browser",
    "copies": "for the browser",
    "logout": "POST",
    "language": "POST",
    "theme": "POST",
    "healthz": "for machines",
    "healthz-deep": "for machines",
    "metrics": "for machines",
}


def shots() -> list[Shot]:
    """All of them, by scene."""
    return [*(shot for found in SCREENS.values() for shot in found), *BESIDE]


def names_of_addresses() -> Iterator[str]:
    """The names in the console's address table; the API's and the intake's are for machines."""
    from django.urls import get_resolver
    from django.urls.resolvers import URLPattern, URLResolver

    def walk(patterns: Sequence[object], below: str = "") -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                if str(pattern.pattern) != "api/":
                    yield from walk(pattern.url_patterns, below)
            elif isinstance(pattern, URLPattern) and pattern.name:
                yield pattern.name

    yield from (name for name in walk(get_resolver().url_patterns) if not name.startswith("in-"))


def forgotten() -> list[str]:
    """Addresses that are neither pictured nor excused."""
    return sorted({name for name in names_of_addresses() if name not in SCREENS and name not in NOT_SCREENS})
