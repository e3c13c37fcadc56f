"""Every screen under axe: light and dark, wide and on a phone. Nothing serious or critical is let through."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from kernel import clock
from notify.models import AckLink
from notify.services import links
from tests.browser.screens import Atlas, Screen
from tests.browser.test_screens import confirm, opened
from tests.console.conftest import Company

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_tool("chromium"), pytest.mark.browser, pytest.mark.timeout(300)]

GRAVE = {"serious", "critical"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = """async ([tags, rules]) => {
  const found = await axe.run({resultTypes: ['violations'], runOnly: rules ? {type: 'rule', values: rules} : {type: 'tag', values: tags}});
  return found.violations.map(v => [v.id, v.impact, v.help, v.nodes.slice(0, 4).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 140) + ' ' +
    n.any.concat(n.all, n.none).map(c => c.message).join('; ').slice(0, 200))]);
}"""
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture
def atlas(company: Company) -> Atlas:
    """A company in the middle of an incident, with one record of every kind."""
    incident = confirm(company, opened(company))
    link = AckLink.objects.filter(used_at=None).latest("pk")
    links.prolong([link], at=clock.now())
    return Atlas(company, incident, links.token_of(link))


def looked_at(page: Any, rules: list[str] | None = None) -> list[str]:
    """What axe finds on the page as it is now."""
    found = page.evaluate(LOOK, [RULES, rules])
    return [f"{rule} ({impact}) {words}: {places}" for rule, impact, words, places in found if impact in GRAVE]


FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const box = e.getClientRects()[0] || e.getBoundingClientRect(), look = getComputedStyle(e);  // the first line of a link that wraps
  const ring = (look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2) || e.matches('input[type=radio],input[type=checkbox]');
  const seen = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const top = seen && document.elementFromPoint(Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1),
    Math.min(Math.max(box.top + box.height / 2, 1), innerHeight - 1));
  const covered = top && top !== e && !e.contains(top) && !top.contains(e);
  window.walked = window.walked || new Set();
  const again = window.walked.has(e);
  window.walked.add(e);
  return {what: e.id || e.outerHTML.slice(0, 120), ring, seen, covered: covered && top.outerHTML.slice(0, 80), again};
}"""
MOST_TABS = 400


def tabbed_through(page: Any) -> list[str]:
    """Tab from the top to the end: focus is always to be seen, covered by nothing, and gets out again."""
    faults = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is None or here["again"]:
            return faults
        if not here["seen"]:
            faults.append(f"focus outside of the window: {here['what']}")
        if not here["ring"]:
            faults.append(f"focus cannot be seen: {here['what']}")
        if here["covered"]:
            faults.append(f"focus is covered by {here['covered']}: {here['what']}")
    return [*faults, f"{MOST_TABS} Tabs do not lead through"]


class Readers:
    """One browser window per person, with axe in every page."""

    def __init__(self, open_page: Any) -> None:
        self.open_page = open_page
        self.pages: dict[str, Any] = {}

    def opened(self, screen: Screen) -> Any:
        """The screen as its viewer has it: wide, light."""
        if screen.viewer not in self.pages:
            self.pages[screen.viewer] = self.open_page(screen.viewer, "/" if screen.viewer else "/login/")
            self.pages[screen.viewer].context.add_init_script(AXE_SCRIPT)
        page = self.pages[screen.viewer]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size(WIDE)
        page.goto(screen.address)
        return page


def test_every_screen_can_be_used_by_everybody(company: Company, atlas: Atlas, open_page: Any) -> None:
    screens, unseen = atlas.screens()
    assert not unseen, f"nobody may open these, or their address needs a sample in tests/browser/screens.py: {unseen}"
    assert len(screens) > 40
    readers, faults = Readers(open_page), []
    for screen in screens:
        page = readers.opened(screen)
        faults += [f"{screen.pattern} wide, light: {fault}" for fault in looked_at(page)]
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(PHONE)
        faults += [f"{screen.pattern} 360 px, dark: {fault}" for fault in looked_at(page)]
    assert not faults, "\n".join(faults)


@pytest.mark.soak
def test_every_screen_has_contrast_in_the_other_light(company: Company, atlas: Atlas, open_page: Any) -> None:
    """Wide and dark, narrow and light: what the test above leaves out."""
    readers, faults = Readers(open_page), []
    for screen in atlas.screens()[0]:
        page = readers.opened(screen)
        page.emulate_media(color_scheme="dark")
        faults += [f"{screen.pattern} wide, dark: {fault}" for fault in looked_at(page, ["color-contrast"])]
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="light")
        faults += [f"{screen.pattern} 360 px, light: {fault}" for fault in looked_at(page, ["color-contrast"])]
    assert not faults, "\n".join(faults)


@pytest.mark.soak
def test_every_kind_of_form_can_be_used_by_everybody(company: Company, atlas: Atlas, open_page: Any) -> None:
    """In its dialog it is the same fragment; a rule that the page around it would break is the other test's."""
    readers, faults, forms = Readers(open_page), [], atlas.forms()
    assert len(forms) > 8
    for form in forms:
        page = readers.opened(form)
        faults += [f"{form.pattern}, light: {fault}" for fault in looked_at(page)]
        page.emulate_media(color_scheme="dark")
        faults += [f"{form.pattern}, dark: {fault}" for fault in looked_at(page, ["color-contrast"])]
    assert not faults, "\n".join(faults)


@pytest.mark.soak
def test_focus_goes_through_every_screen_and_is_always_seen_and_nothing_moves_for_those_who_want_no_motion(
    company: Company, atlas: Atlas, open_page: Any
) -> None:
    readers, faults = Readers(open_page), []
    for screen in atlas.screens()[0]:
        page = readers.opened(screen)
        faults += [f"{screen.pattern}: {fault}" for fault in tabbed_through(page)]
        if page.evaluate("document.getAnimations().some(each => each.playState === 'running')"):
            faults.append(f"{screen.pattern}: something moves")
    assert not faults, "\n".join(faults)
