"""Pictures of every screen, wide and 360 px, light and dark, English and Chinese, with a contact sheet.

usage: python -m tests.screenshots [--only NAME…] [--languages en] [--widths phone] [--schemes dark] [--ground FOLDER] [--into FOLDER]
       python -m tests.screenshots --docs      those of the documentation, into docs/images/
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.screenshots import sheet, small
from tests.screenshots.ground import ROOT, SCENES, Ground
from tests.screenshots.screens import IN_DOCS, forgotten, shots
from tests.screenshots.shoot import LANGUAGES, SCHEMES, WIDTHS, Camera, Picture, chromium

_began = time.monotonic()


def main(arguments: Sequence[str] | None = None) -> int:
    """Take them. Status 1 when an address has no picture, a screen is wider than its window or the console fails."""
    options = _options(arguments)
    if options.docs:
        return _for_docs(options)
    wanted = [shot for shot in shots() if not options.only or any(shot.name == name or shot.name.startswith(f"{name}-") for name in options.only)]
    scenes = [scene for scene in SCENES if any(shot.scene == scene for shot in wanted)]
    into: Path = options.into
    into.mkdir(parents=True, exist_ok=True)
    kept = options.ground is not None
    folder = options.ground or Path(tempfile.mkdtemp(prefix="switchback-pictures-"))
    taken: list[Picture] = []
    wrong: list[str] = []
    try:
        with Ground(folder) as ground, chromium() as browser:
            _fill(ground, scenes[-1])
            for scene in scenes:
                ground.settle(scene)
                with ground.console(scene) as base:
                    camera = Camera(browser, base, into, languages=options.languages, widths=options.widths, schemes=options.schemes)
                    places = json.loads((folder / f"{scene}.json").read_text())
                    for shot in (shot for shot in wanted if shot.scene == scene):
                        taken += list(camera.take(shot, places))
                        _say(f"{len(taken):4} {scene}: {shot.name}")
                    wrong += camera.wrong
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(taken)} pictures: {sheet.write(into, taken)}")
    for complaint in wrong:
        print(complaint)
    missing = _forgotten()
    for name in missing:
        print(f"no picture and no excuse for the address {name} (tests/screenshots/screens.py)")
    return 1 if wrong or missing else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take pictures of every screen.")
    parser.add_argument("--only", nargs="*", default=[], help="names of screens; “room” also means room-more")
    parser.add_argument("--languages", nargs="*", default=LANGUAGES)
    parser.add_argument("--widths", nargs="*", default=tuple(WIDTHS))
    parser.add_argument("--schemes", nargs="*", default=SCHEMES)
    parser.add_argument("--docs", action="store_true", help="only refresh the pictures of the documentation")
    parser.add_argument("--ground", type=Path, help="keep the databases here and use them again")
    parser.add_argument("--into", type=Path, default=ROOT / "var" / "screenshots")
    return parser.parse_args(arguments)


def _for_docs(options: argparse.Namespace) -> int:
    """The documentation's pictures, small enough for a repository."""
    folder = ROOT / "docs" / "images"
    folder.mkdir(exist_ok=True)
    named = {shot.name: shot for shot in shots()}
    home = options.ground or Path(tempfile.mkdtemp(prefix="switchback-pictures-"))
    try:
        with Ground(home) as ground, chromium() as browser:
            _fill(ground, SCENES[-1])
            for scene in SCENES:
                of_scene = {name: (named[shot], width, height) for name, (shot, width, height) in IN_DOCS.items() if named[shot].scene == scene}
                if of_scene:
                    ground.settle(scene)
                    with ground.console(scene) as base:
                        camera = Camera(browser, base, folder, languages=LANGUAGES, widths=tuple(WIDTHS), schemes=SCHEMES)
                        places = json.loads((home / f"{scene}.json").read_text())
                        for name, (shot, width, height) in of_scene.items():
                            for language, suffix in (("en", "en"), ("zh-hans", "zh")):
                                path = folder / f"{name}.{suffix}.png"
                                camera.for_docs(shot, places, width=width, height=height, language=language, path=path)
                                _say(f"{path.relative_to(ROOT)}: {small.shrink(path) / 1000:.0f} kB")
    finally:
        if options.ground is None:
            shutil.rmtree(home, ignore_errors=True)
    return 0


def _fill(ground: Ground, last: str) -> None:
    """The scenes up to the last one wanted, those that are not there yet."""
    for scene in SCENES[: SCENES.index(last) + 1]:
        if ground.is_filled(scene):
            ground.bring_up_to_date(scene)
        else:
            ground.fill(scene)
            _say(f"the scene “{scene}” is set")


def _forgotten() -> list[str]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")  # never asked
    import django

    django.setup()
    return forgotten()


def _say(words: str) -> None:
    print(f"{time.monotonic() - _began:6.1f} s {words}", flush=True)
