"""The icons of the installed console, drawn once from `static/switchback/mark.svg` with the browser of the tests.

usage: tools/icons.py      writes static/switchback/icon-*.png; run it when the mark changes, and commit what it wrote
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

STATIC = ROOT / "static" / "switchback"
GROUND = "#0a57ea"
# file: edge in px, share of the edge that the mark fills, rounding of the corners. A launcher cuts a maskable icon to a circle of 80 %.
ICONS = {
    "icon-192.png": (192, 0.62, 0.2),
    "icon-512.png": (512, 0.62, 0.2),
    "icon-maskable-512.png": (512, 0.48, 0.0),
    "icon-apple-180.png": (180, 0.58, 0.0),
}


def main() -> int:
    """Draw all of them."""
    from tests.screenshots.shoot import chromium

    mark = (STATIC / "mark.svg").read_text(encoding="utf-8").replace(GROUND, "#ffffff")
    with chromium() as browser:
        for name, (edge, share, rounding) in ICONS.items():
            page = browser.new_page(viewport={"width": edge, "height": edge})
            tile = f"width:{edge}px;height:{edge}px;background:{GROUND};border-radius:{edge * rounding}px;display:grid;place-items:center"
            page.set_content(f"<style>body{{margin:0}} svg{{width:{edge * share}px;height:{edge * share}px}}</style><div style='{tile}'>{mark}</div>")
            page.screenshot(path=str(STATIC / name), omit_background=True)
            page.close()
            print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
