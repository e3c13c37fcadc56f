"""The main job as two people do it on screens: what each looks for, presses and writes, whatever their hands and their language.

Nothing goes through the programming interface. The words on the screens are written down here a second time, in both languages: a person looks
for words, and a screen whose words change must be looked at again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page, expect

from tests.flows.hands import Hands, Keyboard
from tests.flows.running import Console, wait_for
from tests.flows.words import CHINESE

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LIVE_MS = 30_000  # until the screen shows by itself what happened elsewhere, on a machine that has other things to do
expect.set_options(timeout=LIVE_MS)
Answers = dict[str, str] | None  # label → what is chosen or written, in the order of the fields; None: nothing is asked
PICTURES = os.environ.get("SWITCHBACK_WALK_PICTURES", "")  # a folder: a picture of every step goes there


def passwords(console: Console) -> dict[str, str]:
    """The demo log-ins, as the start prints them."""
    found = [re.match(r"^\s+([a-z]+\.[a-z]+)\s+(\S+)\s+\S", line) for line in console.lines]
    return {match.group(1): match.group(2) for match in found if match}


def is_complaint(message: Any) -> bool:
    """An error of the page; that the server refused a move is none."""
    return message.type == "error" and not any(f"status of {status}" in message.text for status in (409, 410, 422))


class Walker:
    """One person at one browser."""

    def __init__(self, browser: Browser, console: Console, name: str, handle: type[Hands], language: str, **options: Any) -> None:
        self.name = name
        self.language = language
        self.context = browser.new_context(base_url=console.url, **options)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(LIVE_MS)
        self.hands = handle(self.page)
        self.complaints: list[str] = []
        self._pictures = 0
        self.context.add_init_script("document.addEventListener('switchback:fresh', () => { window.renewed = (window.renewed || 0) + 1 })")
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("console", lambda message: self.complaints.append(f"{self.page.url}: {message.text}") if is_complaint(message) else None)

    def say(self, english: str) -> str:
        """A word of the screen in this person's language."""
        return CHINESE[english] if self.language == "zh-hans" else english

    def exactly(self, english: str) -> re.Pattern[str]:
        """A button's words; one that asks something before it acts ends in an ellipsis."""
        return re.compile(f"^{re.escape(self.say(english))}…?$")

    @property
    def main(self) -> Locator:
        """The screen without the frame."""
        return self.page.locator("main")

    @property
    def dialog(self) -> Locator:
        """The open dialog."""
        return self.page.locator("dialog[open]")

    def control(self, english: str, where: Locator | None = None, *, folded: bool = False) -> Locator:
        """A button or a link that does something, by its name; `folded`: also where it is folded away."""
        scope = where or self.main
        name = self.exactly(english)
        return scope.get_by_role("button", name=name, include_hidden=folded).or_(scope.get_by_role("link", name=name, include_hidden=folded)).first

    def log_in(self, password: str) -> None:
        """From the address to Now, in the person's language."""
        self.page.goto("/")
        self.in_language()
        self.enter(password)
        self.sees(self.say("On duty"))
        self.picture("now")

    def enter(self, password: str) -> None:
        """Name, password, in."""
        self.hands.write(self.page.get_by_label(self.say("User name")), self.name)
        self.hands.write(self.page.get_by_label(self.say("Password")), password)
        self.hands.press(self.page.get_by_role("button", name=self.say("Log in"), exact=True))

    def in_language(self) -> None:
        """Change the language where the screen speaks another one."""
        if self.page.locator("html").get_attribute("lang") != self.language:
            name = "简体中文" if self.language == "zh-hans" else "English"
            self.hands.press(self.page.get_by_role("button", name=name, exact=True).locator("visible=true").first)
            expect(self.page.locator("html")).to_have_attribute("lang", self.language)

    def sees(self, words: str | re.Pattern[str], where: Locator | None = None, *, within_ms: int = LIVE_MS) -> Locator:
        """Words stand on the screen, or come without being asked for."""
        found = (where or self.main).get_by_text(words).locator("visible=true").first
        found.wait_for(timeout=within_ms)
        return found

    def stands_at(self, english: str) -> None:
        """The stepper's present step."""
        expect(self.main.locator("[aria-current=step]").first).to_contain_text(self.say(english), timeout=LIVE_MS)

    def does(self, english: str, *, choose: Answers = None, write: Answers = None, keys: str = "") -> None:
        """A move from the room's bar or from behind “More”: press, fill in, press; afterwards the dialog is gone and focus is not lost."""
        bar = self.page.locator("#room-actions")
        button = self.control(english, bar)
        self.control(english, bar, folded=True).wait_for(state="attached")
        self.page.wait_for_load_state()  # what is folded is told by the style
        folded = not button.is_visible()
        if folded:
            self.hands.press(bar.get_by_text(self.say("More…"), exact=True), keys="m")
            button.wait_for()
        self.page.evaluate("window.renewed = 0")
        self.hands.press(button, keys=keys, near="" if keys or folded else "b")
        self.answers(english, choose=choose, write=write)

    def does_here(self, english: str, *, write: Answers = None) -> None:
        """A move from a screen that is not live: the screen comes anew, and says that it was done."""
        self.hands.press(self.control(english))
        self.answers(english, write=write, is_live=False)

    def answers(self, english: str, *, choose: Answers = None, write: Answers = None, is_live: bool = True) -> None:
        """What a move asks, and what comes of it. One that asks nothing was done by the first press."""
        if choose is not None or write is not None:
            self.dialog.locator("form").last.wait_for()
            for field, value in (choose or {}).items():
                group = self.dialog.get_by_role("group", name=re.compile(f"^{re.escape(self.say(field))}"))
                self.hands.choose(group.get_by_role("radio", name=self.say(value), exact=True))
            for field, text in (write or {}).items():
                self.hands.write(self.dialog.get_by_label(re.compile(f"^{re.escape(self.say(field))}")), text)
            self.picture(english)
            self.page.evaluate("window.renewed = 0")
            self.hands.press(self.dialog.get_by_role("button", name=self.say(english), exact=True))
        said = self.page.locator("#toasts .success", has_text=self.say(english)).last
        refused = self.dialog.get_by_role("alert")
        said.or_(refused).first.wait_for()
        if refused.count():
            self._asked_again(english)
        self.dialog.wait_for(state="detached")
        said.wait_for()
        if is_live:
            said.evaluate("note => note.remove()")  # read
            self.renewed()

    def _asked_again(self, english: str) -> None:
        """Somebody else was quicker by a moment: the dialog says how things stand now, and one presses again."""
        print(f"  walk: {self.name} was asked again: {english}", flush=True)
        self.picture("asked again")
        self.hands.press(self.dialog.get_by_role("button", name=self.say(english), exact=True))

    def renewed(self) -> None:
        """The screen renews itself after a move; the person is still where they were."""
        wait_for("the renewed screen", lambda: self.page.evaluate("window.renewed > 0"), within_s=LIVE_MS / 1000, every_s=0.05)
        self.hands.settle()

    def picture(self, step: str) -> None:
        """Where pictures are wanted: the screen as it is."""
        if PICTURES:
            try:
                self.page.screenshot(path=self._beside(step).with_suffix(".png"))
            except Error as missed:  # the browser is busy with the next page: nobody's walk ends for want of a picture
                print(f"  walk: no picture of “{step}”: {missed.message.splitlines()[0]}", flush=True)

    def keep(self, what: str, text: str) -> None:
        """Where pictures are wanted: words, too."""
        if PICTURES:
            self._beside(what).with_suffix(".txt").write_text(text, encoding="utf-8")

    def _beside(self, step: str) -> Path:
        self._pictures += 1
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / re.sub(r"\W+", "-", f"{type(self.hands).__name__.lower()} {self.name} {self._pictures:02} {step}")

    def last_words(self) -> str:
        """What stood on the screen when it went wrong."""
        focus = self.page.evaluate("document.activeElement?.outerHTML.slice(0, 200)")
        return f"--- {self.name} at {self.page.url}, focus on {focus}\n{self.page.inner_text('body')}"

    def leave(self) -> None:
        """Close the browser's window."""
        self.context.close()
        assert not self.complaints, self.complaints


@contextmanager
def watched(*walkers: Walker) -> Iterator[None]:
    """When a walk fails, say what everybody saw."""
    try:
        yield
    except BaseException:
        for walker in walkers:
            walker.picture("failed")
            print(walker.last_words(), flush=True)
        raise


class Stopwatch:
    """Tells how long each stage took, and at the end the whole."""

    def __init__(self, walk: str) -> None:
        self.walk = walk
        self.began = self.last = time.monotonic()

    def told(self, stage: str) -> None:
        now = time.monotonic()
        print(f"  walk {self.walk}: {stage} {now - self.last:.1f} s", flush=True)
        self.last = now

    def ended(self, *walkers: Walker) -> None:
        for walker in walkers:
            if isinstance(walker.hands, Keyboard):
                steps, way = walker.hands.longest
                print(f"  walk {self.walk}: {walker.name} pressed {walker.hands.presses} keys; the longest way by Tab: {steps}, to {way}", flush=True)
        print(f"  walk {self.walk}: {time.monotonic() - self.began:.1f} s in all", flush=True)
