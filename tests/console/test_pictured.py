"""No screen is forgotten when the pictures are taken, and none is pictured that is gone."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from tests.screenshots import small
from tests.screenshots.screens import IN_DOCS, NOT_SCREENS, SCREENS, forgotten, names_of_addresses, shots


def test_every_address_has_a_picture_or_an_excuse() -> None:
    assert forgotten() == []
    assert set(SCREENS) | set(NOT_SCREENS) <= set(names_of_addresses())


def test_pictures_have_names_of_their_own() -> None:
    names = [shot.name for shot in shots()]
    assert len(names) == len(set(names))
    assert {shot for shot, _width, _height in IN_DOCS.values()} <= set(names)


def test_a_picture_made_small_shows_the_same(tmp_path: Path) -> None:
    """Every filter of PNG once; colours that fit into a palette come out as they went in."""
    rows = [[(10 * x, 10 * y, 7) for x in range(8)] for y in range(5)]
    path = tmp_path / "p.png"
    path.write_bytes(_png(rows))
    small.shrink(path)
    assert _palette_pixels(path.read_bytes()) == [colour for row in rows for colour in row]


def _png(rows: list[list[tuple[int, int, int]]]) -> bytes:
    """As a browser writes it: true colour, row n with filter n."""
    width, raw, above = len(rows[0]), bytearray(), [0] * (3 * len(rows[0]))
    for kind, row in enumerate(rows):
        line = [value for colour in row for value in colour]
        raw.append(kind)
        for at, value in enumerate(line):
            left, corner = (line[at - 3], above[at - 3]) if at >= 3 else (0, 0)
            raw.append((value - (small._predicted(kind, left, above[at], corner) if kind else 0)) & 255)
        above = line
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(raw))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(small._chunk(name, data) for name, data in parts)


def _palette_pixels(content: bytes) -> list[tuple[int, ...]]:
    found, at = {}, 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        found[content[at + 4 : at + 8]] = content[at + 8 : at + 8 + length]
        at += 12 + length
    width, height = struct.unpack(">II", found[b"IHDR"][:8])
    raw, palette = zlib.decompress(found[b"IDAT"]), found[b"PLTE"]
    indexes = [raw[row * (width + 1) + 1 + x] for row in range(height) for x in range(width)]
    return [tuple(palette[3 * index : 3 * index + 3]) for index in indexes]
