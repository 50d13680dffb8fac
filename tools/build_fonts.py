"""Rewrite compiler/reelc_compiler/data/fonts.json from the font files of a node pack.

    python tools/build_fonts.py ComfyUI-KJNodes/fonts

What is kept of a font: which characters it has and how wide they are, in thousandths of the font's size. A run
``[first, last, width]`` is of characters with one width. Kerning is left out.
"""

import json
import struct
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "compiler" / "reelc_compiler" / "data" / "fonts.json"
# What HarfBuzz makes wider by a font's `morx` table: here all digits get one width. Measured with Pillow's raqm.
SET: Mapping[str, Mapping[str, int]] = {"TTNorms-Black.otf": dict.fromkeys("0123456789", 680)}


def font(content: bytes, set_: Mapping[str, int]) -> list[list[int]]:
    """A font's runs. Control characters are left out: no line of text has them."""
    (count,) = struct.unpack_from(">H", content, 4)
    tables: dict[bytes, bytes] = {}
    for number in range(count):
        name, _, start, length = struct.unpack_from(">4sLLL", content, 12 + 16 * number)
        tables[name] = content[start : start + length]
    (units,) = struct.unpack_from(">H", tables[b"head"], 18)
    (metrics,) = struct.unpack_from(">H", tables[b"hhea"], 34)
    glyphs = {code: glyph for code, glyph in characters(tables[b"cmap"]) if glyph}
    runs: list[list[int]] = []
    for code in sorted(glyphs):
        if unicodedata.category(chr(code)) in ("Cc", "Cs"):
            continue
        (advance,) = struct.unpack_from(">H", tables[b"hmtx"], 4 * min(glyphs[code], metrics - 1))
        width = set_.get(chr(code), round(advance * 1000 / units))
        if runs and runs[-1][1:] == [code - 1, width]:
            runs[-1][1] = code
        else:
            runs.append([code, code, width])
    return runs


def characters(cmap: bytes) -> Iterator[tuple[int, int]]:
    """Each character with its glyph, from the table that has the most."""
    (count,) = struct.unpack_from(">H", cmap, 2)
    found: dict[int, int] = {}
    for number in range(count):
        platform, encoding, start = struct.unpack_from(">HHL", cmap, 4 + 8 * number)
        (form,) = struct.unpack_from(">H", cmap, start)
        if (platform, encoding) in ((0, 3), (0, 4), (3, 1), (3, 10)):
            found[form] = start
    if 12 in found:
        (groups,) = struct.unpack_from(">L", cmap, found[12] + 12)
        for number in range(groups):
            first, last, glyph = struct.unpack_from(">LLL", cmap, found[12] + 16 + 12 * number)
            yield from ((code, glyph + code - first) for code in range(first, last + 1))
        return
    at = found[4]
    (twice,) = struct.unpack_from(">H", cmap, at + 6)
    for number in range(twice // 2):
        place = at + 14 + 2 * number
        (last,) = struct.unpack_from(">H", cmap, place)
        first, delta, offset = (struct.unpack_from(">H", cmap, place + 2 + twice * n)[0] for n in (1, 2, 3))
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if offset:
                (glyph,) = struct.unpack_from(">H", cmap, place + 2 + twice * 3 + offset + 2 * (code - first))
            yield code, (glyph + delta) % 65536 if glyph or not offset else 0


def main() -> None:
    """Reads all fonts of the folder."""
    (folder,) = map(Path, sys.argv[1:])
    files = sorted(p for p in folder.iterdir() if p.suffix in (".otf", ".ttf"))
    fonts = ",\n".join(
        f'  "{p.name}": {json.dumps(font(p.read_bytes(), SET.get(p.name, {})), separators=(",", ":"))}' for p in files
    )
    OUT.write_text(f"{{\n{fonts}\n}}\n", "utf-8", newline="\n")


if __name__ == "__main__":
    main()
