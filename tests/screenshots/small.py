"""Smaller PNGs for the documentation: at most 256 colours, written with the standard library only."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}  # colour type: bytes of a pixel; browsers write nothing else


def shrink(path: Path) -> int:
    """Rewrite a browser's PNG with a palette; returns its new size in bytes. Raises ValueError for another kind of PNG."""
    width, height, channels, packed = _read(path.read_bytes())
    pixels = _unfilter(zlib.decompress(packed), width, height, channels)
    colours = [bytes(pixels[at : at + 3]) for at in range(0, len(pixels), channels)]
    counted = Counter(colours)
    palette = _palette(counted)
    place = {colour: index for index, colour in enumerate(palette)}
    place |= {colour: _nearest(colour, palette) for colour in counted if colour not in place}
    rows = bytearray()
    for row in range(height):
        rows.append(0)
        rows += bytes(place[colour] for colour in colours[row * width : (row + 1) * width])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b"")]
    path.write_bytes(_SIGNATURE + b"".join(_chunk(name, data) for name, data in parts))
    return path.stat().st_size


def _palette(counted: Counter[bytes]) -> list[bytes]:
    """The 160 commonest colours, and for the rest the commonest of each further shade: a small green dot keeps its place beside the greys."""
    ordered = [colour for colour, _count in counted.most_common()]
    palette = ordered[: 256 if len(ordered) <= 256 else 160]
    shades = {tuple(value >> 4 for value in colour) for colour in palette}
    for colour in ordered[len(palette) :]:
        shade = tuple(value >> 4 for value in colour)
        if shade not in shades and len(palette) < 256:
            shades.add(shade)
            palette.append(colour)
    return palette


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _read(content: bytes) -> tuple[int, int, int, bytes]:
    if content[:8] != _SIGNATURE:
        raise ValueError("not a PNG")
    width, height, depth, kind, _method, _filter, interlaced = struct.unpack(">IIBBBBB", content[16:29])
    if depth != 8 or kind not in _CHANNELS or interlaced:
        raise ValueError(f"a PNG of another kind: depth {depth}, colour type {kind}")
    packed, at = b"", 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        if content[at + 4 : at + 8] == b"IDAT":
            packed += content[at + 8 : at + 8 + length]
        at += 12 + length
    return width, height, _CHANNELS[kind], packed


def _unfilter(raw: bytes, width: int, height: int, channels: int) -> bytearray:
    """Undo PNG's filters, row by row."""
    stride = width * channels
    done = bytearray()
    above = bytearray(stride)
    for row in range(height):
        start = row * (stride + 1)
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for at in range(stride if kind else 0):
            left = line[at - channels] if at >= channels else 0
            corner = above[at - channels] if at >= channels else 0
            line[at] = (line[at] + _predicted(kind, left, above[at], corner)) & 255
        done += line
        above = line
    return done


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 2:
        return up
    if kind == 3:
        return (left + up) // 2
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def _nearest(colour: bytes, palette: list[bytes]) -> int:
    red, green, blue = colour
    return min(range(len(palette)), key=lambda at: (palette[at][0] - red) ** 2 + (palette[at][1] - green) ** 2 + (palette[at][2] - blue) ** 2)
