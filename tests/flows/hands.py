"""Three ways of handling a screen: mouse, keyboard alone, touch. Each does only what a person can do that way.

The mouse and the finger must hit what they want where it lies (Playwright refuses what is covered or outside); the keyboard walks with Tab
from where focus is, and fails when focus was lost or cannot be seen.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page

from tests.flows.running import wait_for

REACH = 160  # Tabs that somebody would press at most before giving up
THUMB_PX = 43.5  # 44 less what rounding takes
LINK_PX = 24  # what is no button, but stands by itself (WCAG 2.2, 2.5.8); a link inside of text is as high as the text

FOCUS = """() => {
  const e = document.activeElement;
  return e && e !== document.body ? (e.id || e.tagName + ' ' + e.textContent.trim().slice(0, 40)) : '' }"""
IS_FRESH = "() => { const fresh = !window.worked; window.worked = true; return fresh }"
LIES_BEFORE = """e => {
  const from = document.activeElement;
  return from && from !== document.body && !from.contains(e) && Boolean(from.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING) }"""
RING = """e => { const s = getComputedStyle(e); return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) || s.boxShadow !== 'none' }"""
TARGET = """e => {
  const hit = e.matches('input[type=radio],input[type=checkbox]') && e.closest('label') || e;
  const box = hit.getBoundingClientRect();
  if (!hit.isConnected || !box.height) return null;
  const kind = hit.matches('.btn,button,input,select,textarea,label') ? 'control' : getComputedStyle(hit).display === 'inline' ? 'text' : 'link';
  return [box.width, box.height, kind] }"""


class Hands(ABC):
    """How one person handles one page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @abstractmethod
    def press(self, what: Locator, *, keys: str = "", near: str = "") -> None:
        """Press a button or follow a link. `keys`: the console's own keys that do the same; `near`: keys that lead close to it."""

    @abstractmethod
    def write(self, field: Locator, text: str) -> None:
        """Put text at the end of what a field holds."""

    @abstractmethod
    def choose(self, choice: Locator) -> None:
        """Choose one of the choices that stand side by side."""

    def arrive(self, what: Locator) -> None:
        """Wait for what is looked for and for the whole page around it: its style, and the scripts that answer a press without a new page."""
        what.wait_for()
        self.page.wait_for_load_state()

    def settle(self) -> None:  # noqa: B027 - only the keyboard has something to look at
        """After the page changed by itself: is everything where it was?"""


class Mouse(Hands):
    """A mouse, and a keyboard for text."""

    def press(self, what: Locator, *, keys: str = "", near: str = "") -> None:
        self.arrive(what)
        what.click()

    def write(self, field: Locator, text: str) -> None:
        self.arrive(field)
        field.click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.insert_text(text)

    def choose(self, choice: Locator) -> None:
        self.arrive(choice)
        choice.click()


class Touch(Hands):
    """Fingers: everything is big enough for a thumb."""

    def press(self, what: Locator, *, keys: str = "", near: str = "") -> None:
        self._fits(what)
        what.tap()

    def write(self, field: Locator, text: str) -> None:
        self._fits(field)
        field.tap()
        self.page.keyboard.press("Control+End")  # where a tap puts the caret is the system's business
        self.page.keyboard.insert_text(text)

    def choose(self, choice: Locator) -> None:
        self._fits(choice)
        choice.tap()

    def _fits(self, what: Locator) -> None:
        self.arrive(what)
        width, height, kind = wait_for("its size", lambda: what.evaluate(TARGET), within_s=10, every_s=0.05)  # it may just be renewed
        assert height >= {"control": THUMB_PX, "link": LINK_PX, "text": 0}[kind], f"{what} is {width:.0f} × {height:.0f} px: too low for a thumb"
        across = self.page.evaluate("document.documentElement.scrollWidth")
        assert self.page.viewport_size is None or across <= self.page.viewport_size["width"], f"{self.page.url} is {across} px wide"


class Keyboard(Hands):
    """The keyboard alone."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.presses = 0
        self.longest = (0, "")  # the longest way by Tab, and where it led

    def press(self, what: Locator, *, keys: str = "", near: str = "") -> None:
        self._arrive(what)
        if keys:
            for key in keys:
                self._key(key)
            return
        for key in near:
            self._key(key)
        self._to(what)
        self._key("Enter")

    def write(self, field: Locator, text: str) -> None:
        self._arrive(field)
        self._to(field)
        self._key("Control+End")
        self.page.keyboard.insert_text(text)

    def choose(self, choice: Locator) -> None:
        group = self.page.locator(f"dialog[open] input[type=radio][name='{choice.get_attribute('name')}']")
        self._arrive(choice)
        self._to(group)
        for _ in range(group.count() + 1):
            if choice.is_checked():
                return
            self._key("Space" if group.count() == 1 else "ArrowRight")
        assert choice.is_checked(), f"{choice} cannot be chosen by arrows"

    def settle(self) -> None:
        self._not_lost()

    def _key(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.presses += 1

    def _arrive(self, what: Locator) -> None:
        self.arrive(what)
        self._not_lost()

    def _not_lost(self) -> None:
        """On a page that was worked on already, focus stands somewhere."""
        assert self.page.evaluate(IS_FRESH) or self.page.evaluate(FOCUS), f"focus was lost on {self.page.url}"

    def _to(self, what: Locator) -> None:
        tab = "Shift+Tab" if what.first.evaluate(LIES_BEFORE) else "Tab"
        for steps in range(REACH):
            if what.evaluate_all("found => found.includes(document.activeElement)"):
                assert self.page.evaluate(f"({RING})(document.activeElement)"), f"the focus on {what} cannot be seen"
                self.longest = max(self.longest, (steps, f"“{self.page.evaluate(FOCUS)}” on {urlsplit(self.page.url).path}"))
                return
            self._key(tab)
        raise AssertionError(f"{REACH} × {tab} do not reach {what} on {self.page.url}; focus is on {self.page.evaluate(FOCUS)}")
