"""The camera: each screen is loaded once per language and width, and taken in light and dark."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.skips import TOOLS
from tests.screenshots.screens import PASSWORD, Shot

LANGUAGES = ("en", "zh-hans")
WIDTHS = {"wide": (1280, 860), "phone": (360, 740)}
SCHEMES = ("light", "dark")
TALLEST = 6000  # px; what is longer is cut and said to be


# Two frames later the window has its new size everywhere, also for what sticks to its end.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True)
class Picture:
    """One file."""

    shot: Shot
    language: str
    width: str
    scheme: str
    is_cut: bool = False

    @property
    def file(self) -> str:
        """Its name in the folder."""
        return f"{self.shot.name}.{self.width}.{self.scheme}.{'zh' if self.language.startswith('zh') else 'en'}.png"


class Camera:
    """A browser over one running console."""

    def __init__(
        self, browser: Any, base: str, folder: Path, *, languages: tuple[str, ...], widths: tuple[str, ...], schemes: tuple[str, ...]
    ) -> None:
        self.browser, self.base, self.folder = browser, base, folder
        self.languages, self.widths, self.schemes = languages, widths, schemes
        self.cookies: dict[str, list[Any]] = {}
        self.wrong: list[str] = []

    def take(self, shot: Shot, places: Mapping[str, str]) -> Iterator[Picture]:
        """All pictures of one screen."""
        path = shot.path(places)
        for language in self.languages:
            context = self.browser.new_context(base_url=self.base, reduced_motion="reduce", locale="en-GB", timezone_id="Asia/Shanghai")
            try:
                context.add_cookies([*self._person(shot.who), {"name": "django_language", "value": language, "url": self.base}])
                page = context.new_page()
                for number, width in enumerate(self.widths):
                    self._open(page, shot, path, width, anew=number == 0 or bool(shot.opens))
                    yield from self._both_schemes(page, shot, language, width)
            finally:
                context.close()

    def _open(self, page: Any, shot: Shot, path: str, width: str, *, anew: bool) -> None:
        """Loaded at the first width; at the next it only grows narrower, as a window does."""
        across, down = WIDTHS[width]
        page.set_viewport_size({"width": across, "height": down})
        if anew:
            answer = page.goto(path, wait_until="load")
            if answer is not None and answer.status >= 500:
                self.wrong.append(f"{shot.name}: the console answers {answer.status}")
        if shot.opens and page.locator(shot.opens).first.is_visible():
            page.locator(shot.opens).first.click()
            if "dialog" in shot.name:
                page.wait_for_selector("dialog[open] form")

    def _both_schemes(self, page: Any, shot: Shot, language: str, width: str) -> Iterator[Picture]:
        across, down = WIDTHS[width]
        height = page.evaluate("document.documentElement.scrollHeight")
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 0:
            self.wrong.append(f"{shot.name} {width} {language}: {overflow} px wider than the window")
        if not shot.opens and not shot.only:
            page.set_viewport_size({"width": across, "height": max(down, min(height, TALLEST))})  # what sticks to the window goes to its end
        for scheme in self.schemes:
            page.emulate_media(color_scheme=scheme)
            picture = Picture(shot, language, width, scheme, is_cut=height > TALLEST)
            if shot.only:
                page.evaluate("document.querySelector('.side')?.style.setProperty('visibility', 'hidden')")  # it would lie over the part
                page.locator(shot.only).screenshot(path=self.folder / picture.file, animations="disabled")
                yield picture
                continue
            page.evaluate(DRAWN)
            # the browser's own call: packed for speed, a third of the time for hundreds of tall pages
            taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
            (self.folder / picture.file).write_bytes(base64.b64decode(taken["data"]))
            yield picture

    def for_docs(self, shot: Shot, places: Mapping[str, str], *, width: str, height: int, language: str, path: Path) -> None:
        """One picture for the documentation: light, so much of it as tells the story."""
        across = WIDTHS[width][0]
        context = self.browser.new_context(base_url=self.base, reduced_motion="reduce", locale="en-GB", viewport={"width": across, "height": height})
        context.add_cookies([*self._person(shot.who), {"name": "django_language", "value": language, "url": self.base}])
        page = context.new_page()
        page.goto(shot.path(places), wait_until="load")
        page.screenshot(path=str(path), animations="disabled", caret="hide")
        context.close()

    def _person(self, name: str) -> list[Any]:
        """Logged in once per person."""
        if not name:
            return []
        if name not in self.cookies:
            context = self.browser.new_context(base_url=self.base)
            page = context.new_page()
            page.goto("/login/")
            page.fill("#username", name)
            page.fill("#password", PASSWORD)
            page.click("button.go")
            page.wait_for_url(lambda url: not url.endswith("/login/"))  # home, or the second step
            self.cookies[name] = [cookie for cookie in context.cookies() if cookie["name"] != "django_language"]
            context.close()
        return self.cookies[name]


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """The browser. Raises RuntimeError where none is installed."""
    from playwright.sync_api import sync_playwright

    path = TOOLS["chromium"].path()
    if path is None:
        raise RuntimeError(f"needs a browser: apt-get install {TOOLS['chromium'].debian_package}")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--hide-scrollbars"])
        yield browser
        browser.close()
