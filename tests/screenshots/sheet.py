"""The contact sheet: one page with all pictures side by side, to look over."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from tests.screenshots.shoot import Picture

_STYLE = """
body{font:14px/1.5 system-ui,sans-serif;margin:24px;background:#e9ebee;color:#17202b} h2{margin:32px 0 8px;font-size:16px}
.row{display:flex;gap:12px;align-items:flex-start;flex-wrap:wrap} figure{margin:0} figcaption{font-size:12px;color:#53606f}
img{display:block;border:1px solid #b8c0ca;background:#fff;max-height:520px;width:auto} .wide img{max-width:480px} .phone img{max-width:150px}
nav a{margin-right:10px;white-space:nowrap}
"""


def write(folder: Path, pictures: Sequence[Picture]) -> Path:
    """`index.html` beside the pictures."""
    names = list(dict.fromkeys(picture.shot.name for picture in pictures))
    parts = [f"<!doctype html><html lang=en><meta charset=utf-8><title>Screens of Switchback</title><style>{_STYLE}</style>"]
    parts.append(f"<h1>{len(pictures)} pictures</h1>")
    parts.append("<nav>" + " ".join(f'<a href="#{name}">{name}</a>' for name in names) + "</nav>")
    for name in names:
        own = [picture for picture in pictures if picture.shot.name == name]
        shot = own[0].shot
        parts.append(f'<h2 id="{name}">{name} <small>{escape(shot.address)} · {shot.who or "nobody"} · {shot.scene}</small></h2><div class=row>')
        parts += [_figure(picture) for picture in own]
        parts.append("</div>")
    path = folder / "index.html"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def _figure(picture: Picture) -> str:
    words = f"{picture.width} · {picture.scheme} · {picture.language}" + (" · cut" if picture.is_cut else "")
    image = f'<img loading=lazy src="{picture.file}" alt="{picture.shot.name}, {words}">'
    return f'<figure class={picture.width}><a href="{picture.file}">{image}</a><figcaption>{words}</figcaption></figure>'
