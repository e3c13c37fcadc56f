"""Words that want to be programs, in every text column there is, on every screen there is, in a real browser (T43)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction
from django.test import Client

from contingency.org.models import User
from incidents.response import services as response
from kernel import clock, moves
from notify.models import AckLink
from notify.services import links
from tests.browser.screens import Atlas
from tests.browser.test_screens import confirm, opened
from tests.console.conftest import Company

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_tool("chromium"), pytest.mark.browser, pytest.mark.timeout(300)]

RUN = "window.__x=1"
PAYLOADS = tuple((Path(__file__).parent / "hostile_words.txt").read_text(encoding="utf-8").strip("\n").split("\n"))
# Columns that steer the house (and would make screens fail, not run): states, keys, addresses of services, references by slug.
STEERING = re.compile(
    r"(slug|state|number|digest|hash|path|kind|role|grade|key|prefix|username|password|email|language|time_zone|severity|format|code|channel|address"
    r"|mode|direction|side|track|layer|handler|move|zone|url|target|secret|label_name|fault_class|outcome|severities|fence|chain|text|icon|admin|file|query|screen)$"
)
MACHINERY = frozenset({"BrowserSession", "LoginAttempt", "Submission"})  # how people get in and what was sent twice: shown nowhere
ROOMS = ("org", "catalog", "plan", "alerts", "probes", "response", "switchover", "reports", "notify", "work", "console")
RAW = re.compile(r"<[^<>]*data-xss")
FOUND = r"""() => {
  const leads = each => /^\s*(java\s*script|vbscript|data):/i.test(each.getAttribute("href") || each.getAttribute("action") || "");
  return {ran: window.__x !== undefined, elements: document.querySelectorAll("[data-xss]").length,
          links: [...document.querySelectorAll("a[href],form[action]")].filter(leads).length};
}"""


def told(screens: int, forms: int) -> None:
    """How far it reached."""
    print(f"  T43: {len(PAYLOADS)} payloads, {screens} screens, {forms} forms")


def text_columns() -> Iterator[tuple[type[models.Model], models.Field[Any, Any]]]:
    """Every column of ours that holds words of people or of other programs."""
    for label in ROOMS:
        for model in (each for each in apps.get_app_config(label).get_models() if each.__name__ not in MACHINERY):
            for column in model._meta.concrete_fields:
                is_text = isinstance(column, (models.CharField, models.TextField)) and not column.choices and not column.unique
                if is_text and not STEERING.search(column.name):
                    yield model, column


def forms_of(atlas: Atlas) -> list[tuple[Client, str]]:
    """The form of every move, and somebody who may open it."""
    found = []
    for move in moves.all_moves():
        address = f"/do/{move.id}/" if move.creates else f"/do/{move.id}/{atlas.samples[move.record].public_id}/"
        found += [(client, address) for client in atlas.clients.values() if client.get(address).status_code == 200][:1]
    return found


def poisoned(corpus: Iterator[str]) -> int:
    """Put hostile words into every such column, row after row another; returns how many columns took them."""
    taken = 0
    for model, column in text_columns():
        with transaction.atomic():
            keys = list(model._default_manager.values_list("pk", flat=True)[:50])
        for key in keys:
            words = next(corpus)
            for cut in (words, words[: column.max_length] if column.max_length else words):
                try:
                    with transaction.atomic():
                        model._default_manager.filter(pk=key).update(**{column.attname: cut})
                    taken += 1
                    break
                except DatabaseError:  # too long, or rows of this table are never changed
                    continue
    return taken


def test_no_word_is_ever_run_on_any_screen(site: str, company: Company, open_page: Any) -> None:
    corpus = cycle(PAYLOADS)
    assert len(set(PAYLOADS)) >= 60
    for user in User.objects.all():
        User.objects.filter(pk=user.pk).update(display_name=next(corpus)[:100], display_name_zh=next(corpus)[:100])
    incident = confirm(company, opened(company, title=PAYLOADS[20]))
    for words in PAYLOADS:
        with transaction.atomic():
            response.note_add(public_id=incident.public_id, version=None, actor=company.actor("engineer"), body=words, reason=words)
    link = AckLink.objects.filter(used_at=None).latest("pk")
    links.prolong([link], at=clock.now())
    atlas = Atlas(company, incident, links.token_of(link))
    atlas.samples["alert"].labels = {words[:60]: words for words in PAYLOADS}
    atlas.samples["alert"].generator_url = f"javascript:{RUN}"
    atlas.samples["alert"].annotations = {"runbook_url": f"javascript:{RUN}", **{words[:60]: words for words in PAYLOADS}}
    atlas.samples["alert"].save()
    (screens, _unseen), forms = atlas.screens(), forms_of(atlas)
    assert poisoned(corpus) > 100
    pages: dict[str, Any] = {}
    wrong = []
    for screen in screens:
        if screen.viewer not in pages:
            pages[screen.viewer] = open_page(screen.viewer, "/" if screen.viewer else "/login/", quiet=False)
            pages[screen.viewer].on("dialog", lambda dialog: (wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page = pages[screen.viewer]
        answer = page.goto(screen.address)
        found = page.evaluate(FOUND)
        if answer.status != 200:
            wrong.append(f"{screen.address} does not open any more: {answer.status}")
        if found["ran"] or found["elements"] or found["links"]:
            wrong.append(f"{screen.address}: {found}")
        if not page.url.startswith(site):
            wrong.append(f"{screen.address} led to {page.url}")
    for client, address in forms:  # one template serves them all: read as text, without a browser
        reply = client.get(address)
        raw = RAW.search(reply.content.decode())
        if reply.status_code != 200 or raw:
            wrong.append(f"{address}: {reply.status_code} {raw}")
    told(len(screens), len(forms))
    assert len(screens) > 30
    assert len(forms) > 90
    assert not wrong, "\n".join(wrong)
