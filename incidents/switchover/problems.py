"""What went wrong in an act at the gateway: kept as a code with what was seen, told in the reader's language when it is read.

Kept as JSON text: `{"code": …, "step": …, and what the words of the code name}`. What another machine said itself (`said`) is quoted behind
our words for its code, letter by letter: that is what its makers can find again.
"""

import json
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.switchover import sequences
from kernel.i18n import language_suffix

WORDS: dict[str, str | Promise] = {
    "no_control": gettext_lazy("the gateway's control does not answer (%(kind)s)"),
    "control_answered": gettext_lazy("the gateway's control answered with status %(status)s"),
    "no_answer": gettext_lazy("no answer from the gateway's control within %(limit_s)s s (%(kind)s)"),
    "no_usable_answer": gettext_lazy("the gateway's admin address gives no usable answer (%(kind)s)"),
    "unknown_to_gateway": gettext_lazy("this gateway knows no such step"),
    "side_not_ready": gettext_lazy("%(name)s is not ready"),
    "gateway_not_seen": gettext_lazy("the gateway was not seen lately"),
    "no_gateway": gettext_lazy("no answer through the gateway (%(kind)s)"),
    "placing_answered": gettext_lazy("placing the marked order was answered with status %(status)s"),
    "reading_answered": gettext_lazy("reading the marked order back was answered with status %(status)s"),
    "order_elsewhere": gettext_lazy("the marked order arrived at %(name)s"),
    "traffic_elsewhere": gettext_lazy("requests reach %(name)s"),
    "traffic_nowhere": gettext_lazy("requests reach no side"),
    "readiness_silent": gettext_lazy("the side does not answer its readiness check (%(kind)s)"),
    "readiness_answered": gettext_lazy("the readiness check answered with status %(status)s"),
    "probe_unhealthy": gettext_lazy("a probe of the side is not healthy since traffic moved"),
    "probe_silent": gettext_lazy("no probe of the side answered since traffic moved"),
}

# What the gateway's control says itself: its codes (the practice order system's, see lab/).
SAID: dict[str, str | Promise] = {
    "already_moved": gettext_lazy("business runs on that side already"),
    "cannot_fence": gettext_lazy("the old side could not be kept from writing"),
    "differs": gettext_lazy("the two sides differ"),
    "gate_open": gettext_lazy("the gate is still open"),
    "gateway_down": gettext_lazy("the gateway does not answer"),
    "gateway_refused": gettext_lazy("the gateway refused the change"),
    "isolated": gettext_lazy("that side is cut off and must be rebuilt first"),
    "no_reverse_slot": gettext_lazy("replication cannot be reversed: nothing was kept for the other side"),
    "not_caught_up": gettext_lazy("replication did not catch up in time"),
    "not_confirmed_down": gettext_lazy("it is not confirmed that the old side is down"),
    "not_fenced": gettext_lazy("the old side may still write"),
    "not_granted": gettext_lazy("that side may not write yet"),
    "other_gate_open": gettext_lazy("the other side's gate is still open"),
    "other_side_writes": gettext_lazy("the old side may still write"),
    "past_return": gettext_lazy("the point of no return is passed"),
    "service_down": gettext_lazy("the order service does not answer"),
    "service_refused": gettext_lazy("the order service refused"),
    "slot_busy": gettext_lazy("the old replication is still held and cannot be ended"),
    "still_alive": gettext_lazy("the old side's database still answers"),
    "subscription_left": gettext_lazy("the old replication is still set up"),
    "timeout": gettext_lazy("it took too long"),
}
REFUSED = gettext_lazy("the gateway's control refused")


def problem(code: str, **seen: Any) -> str:
    """What is kept of it. `seen`: what the words of this code name."""
    return json.dumps({"code": code, **seen}, ensure_ascii=False)


def said(code: str, message: str) -> str:
    """What another machine answered: its code and its own words."""
    return problem("said", by_code=code, message=message)


def at_step(step: str, kept: str) -> str:
    """The same, and at which step it happened."""
    return json.dumps({**(_read(kept) or {"code": "said", "by_code": "", "message": kept}), "step": step}, ensure_ascii=False)


def problem_words(kept: str, *, names: dict[str, str] | None = None) -> str:
    """In the reader's language. `names`: sides by role. What was kept as plain words comes back as it is."""
    found = _read(kept)
    if found is None:
        return kept
    words = _words_of(found, names or {})
    step = found.get("step")
    return words if not step else _("“%(step)s”: %(what)s") % {"step": sequences.title_of(str(step), language_suffix()), "what": words}


def _words_of(found: dict[str, Any], names: dict[str, str]) -> str:
    code = str(found["code"])
    if code in WORDS:
        seen = {"name": "", "kind": "", "status": "", "limit_s": "", **found}
        role = str(seen["name"])
        return str(WORDS[code]) % {**seen, "name": names.get(role) or _role(role)}
    message, by_code = str(found.get("message", "")), str(found.get("by_code", ""))
    if code != "said" or not (message or by_code):
        return code
    if not by_code:
        return message
    words = str(SAID.get(by_code, REFUSED))
    return _("%(words)s (“%(said)s”)") % {"words": words, "said": f"{by_code}: {message}" if by_code not in SAID else message}


def _role(role: str) -> str:
    return {"primary": _("the primary"), "standby": _("the standby")}.get(role, role)


def _read(kept: str) -> dict[str, Any] | None:
    if not kept.startswith("{"):
        return None
    try:
        found = json.loads(kept)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "code" in found else None
