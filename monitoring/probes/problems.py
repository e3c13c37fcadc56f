"""What a failed look found, in words: short codes are kept with the probe, an alert says it in a sentence."""

from django.utils.translation import gettext, gettext_noop

from kernel.i18n import register_own_words

FAILS = gettext_noop("Probe %(name)s fails: %(problem)s")
_STATUS = "status_"
_ANSWERED = gettext_noop("it answered with status %(status)s")
_UNKNOWN = gettext_noop("unknown problem (%(code)s)")
_WORDS = {
    "timeout": gettext_noop("no answer in time"),
    "no_connection": gettext_noop("no connection"),
    "no_name": gettext_noop("its name has no address"),
    "tls": gettext_noop("no encrypted connection"),
    "not_http": gettext_noop("the answer is no HTTP"),
    "no_measure": gettext_noop("the measure is missing from the answer"),
    "not_allowed": gettext_noop("probes may not reach this address"),
    "bad_target": gettext_noop("the address cannot be read"),
}

register_own_words(FAILS, problem=(*_WORDS.values(), _ANSWERED, _UNKNOWN))


def _template(code: str) -> tuple[str, dict[str, str]]:
    if code.startswith(_STATUS):
        return _ANSWERED, {"status": code.removeprefix(_STATUS)}
    return (_WORDS[code], {}) if code in _WORDS else (_UNKNOWN, {"code": code})


def problem_words(code: str) -> str:
    """What is wrong, in the reader's language; nothing for no problem."""
    if not code:
        return ""
    template, params = _template(code)
    return gettext(template) % params


def alert_words(name: str, code: str) -> str:
    """The sentence of the alert, as it is kept: `in_readers_words` puts it into a reader's language."""
    template, params = _template(code)
    return FAILS % {"name": name, "problem": template % params}
