"""How the room's entries read."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from kernel.i18n import one_of
from kernel.models import Entry
from kernel.sentences import Words, register, register_words

WHY = {
    "unanswered": _("nobody has answered"),
    "unreachable": _("no channel of those called works"),
    "by_hand": _("called on by hand"),
    "nobody": _("nobody holds it now"),
    "fence": _("outside the drill's fence"),
    "page_ended": _("the page has ended"),
    "reached_otherwise": _("reached another way"),
    "outside_fence": _("outside the drill's fence"),
}


register_words({"email": _("e-mail"), "webhook": _("webhook")})


def why(code: str) -> str:
    """The reason in words; an unknown one as it is."""
    return str(WHY.get(code, code))


def _topical(about_it: Words, with_topic: Words) -> Callable[[Entry], Words]:
    """The second sentence, which begins with what the page is about, for a page about a role or a clock."""

    def words(entry: Entry) -> Words:
        topic = _topic(entry)
        return str(with_topic).format(topic=topic) if topic else about_it

    return words


def _topic(entry: Entry) -> str:
    """A role or a clock, in the reader's language; empty where it is about the record itself. Its own per cent signs stay."""
    return one_of(entry.payload.get("topic", "")).replace("%", "%%")


def _called(entry: Entry) -> Words:
    topic = _topic(entry)
    if topic and entry.payload["names"]:
        return str(_("{topic}: %(names)s called (%(subject)s).")).format(topic=topic)
    if entry.payload["coalesced"] and entry.payload["names"]:
        return _("%(names)s were called about %(subject)s; %(coalesced)s follow in a digest, having been called moments ago.")
    if entry.payload["coalesced"]:
        return _("%(coalesced)s follow in a digest about %(subject)s, having been called moments ago.")
    return _("Called about %(subject)s: %(names)s.")


def _escalated(entry: Entry) -> Words:
    topic, called = _topic(entry), entry.payload.get("called", "")
    if entry.payload["why"] != "unanswered":
        text = str(_("The next person is called: {why}.")).format(why=why(entry.payload["why"]))
        return str(_("{topic}: {words}")).format(topic=topic, words=text) if topic else text
    if topic and called:
        count = called.count(", ") + 1
        text = ngettext("{topic}: %(called)s does not answer; the call goes on.", "{topic}: %(called)s do not answer; the call goes on.", count)
        return text.format(topic=topic)
    return _("Nobody has answered; the next person is called.")


def _skipped(entry: Entry) -> Words:
    who = one_of(entry.payload["who"]).replace("%", "%%")
    return str(_("A step of the chain was passed over ({who}): {why}.")).format(who=who, why=why(entry.payload["why"]))


def _dropped(entry: Entry) -> Words:
    return str(_("The message to %(person)s by %(channel)s was not sent: {why}.")).format(why=why(entry.payload["why"]))


def _sent(entry: Entry) -> Words:
    if entry.payload["is_repeat"]:
        return _("Sent again to %(person)s by %(channel)s; the first one may have arrived too.")
    return _("Sent to %(person)s by %(channel)s.")


def _maybe(entry: Entry) -> Words:
    if entry.payload["will_repeat"]:
        return _("Maybe sent to %(person)s by %(channel)s (%(error)s); it is sent once more, marked as a repeat.")
    return _("Maybe sent to %(person)s by %(channel)s (%(error)s).")


register("notify.page_started.v1", _topical(_("A page about %(subject)s started."), _("{topic}: a page started (%(subject)s).")))
register("notify.page_called.v1", _called)
register("notify.page_step_skipped.v1", _skipped)
register("notify.page_person_unreachable.v1", _("No channel of %(person)s works now; the next person is called."))
register("notify.page_escalated.v1", _escalated)
register(
    "notify.page_acknowledged.v1",
    _topical(_("%(person)s acknowledged the page about %(subject)s."), _("{topic}: %(person)s acknowledged the page (%(subject)s).")),
)
register(
    "notify.page_exhausted.v1",
    _topical(_("Everybody was called about %(subject)s; nobody answers."), _("{topic}: everybody was called; nobody answers.")),
)
register("notify.page_cancelled.v1", _topical(_("The page about %(subject)s was called off."), _("{topic}: the page was called off (%(subject)s).")))
register("notify.message_queued.v1", _("A message goes to %(names)s."))
register("notify.delivery_sent.v1", _sent)
register("notify.delivery_maybe_sent.v1", _maybe)
register("notify.delivery_failed.v1", _("Not sent to %(person)s by %(channel)s: %(error)s."))
register("notify.delivery_dropped.v1", _dropped)
register("notify.delivery_fell_back.v1", _("%(from_channel)s to %(person)s does not work; %(to_channel)s is tried."))
register("notify.channel_down.v1", _("%(channel)s is down: %(error)s. Other channels are used."))
register("notify.channel_up.v1", _("%(channel)s works again."))
register("notify.fence_opened.v1", _("The fence “%(subject)s” was set."))
