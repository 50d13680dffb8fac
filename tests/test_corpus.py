"""Every diagnostic that a check or a compilation can give, at the line where it must be given.

``corpus/*.reel`` holds chunks between lines ``---``; each chunk is a whole program beside the
pictures of :func:`write_pictures`. What must be found is a comment at the end of the line to blame:

    let a = 24fsp  # error: E0303 "is not a unit"

``# error(-1): E0106`` stands one line below the line that it speaks of, where no comment can stand
on it. Both a missing and an unexpected finding fail. A chunk with a line ``# Against the catalog
comfyui-0.8.0.`` is checked against that one. What needs several files, other pictures or
the command line's settings is a :class:`Case` below.
"""

import os
import re
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from recordings import write_recordings

import reelc
from reelc_compiler import loader, measuring
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, ReelError, Sink
from reelc_dsl.diagnostics.codes import CODES
from reelc_dsl.parser import parse

CORPUS = Path(__file__).parent / "corpus"

# Only a run can give these; tests/runtime and tests/cli cover them.
RUNTIME_CODES = frozenset(
    {
        *("E0701", "E0702", "E0703", "E0704", "E0705", "E0706", "E0707", "E0708", "E0709", "E0710"),
        *("E0711", "E0712", "E0713", "E0714", "E0715", "E0716", "E0717", "E0718", "E0719", "E0720"),
        *("E0721", "E0722", "E0723", "E0724", "E0725", "E0726"),
        *("W0701", "E0999"),
    }
)
# Only `reelc import` can give these; tests/compiler/importing covers them.
IMPORT_CODES = frozenset({"E0521", "W0520"})
# What graphs get that were not made by reelc: tests/compiler/validate/test_judgement.py draws them all.
GRAPH_CODES = frozenset(c for c in CODES if c[1:3] == "08")
# What another catalog than the default gives: tests/compiler/test_both_catalogs.py.
CATALOG_CODES = frozenset({"W0502"})
# What a lock beside the program gives, and what downloading model files does: tests/cli/test_models.py and
# tests/runtime/fetch.
LOCK_CODES = frozenset(
    {
        *("E0605", "E0606", "E0607", "E0608", "E0609", "E0610", "E0611", "E0612"),
        *("W0605", "W0606", "W0607", "N0605"),
    }
)
# What is said where an extra is not installed, and of a file of chosen takes: tests/compiler/test_recordings.py and
# tests/cli/test_takes.py.
EXTRA_CODES = frozenset({"E0614", "E0616", "W0403"})
# What installed packages give: tests/compiler/stages/test_packaged_stages.py.
PACKAGE_CODES = frozenset({"E0217", "E0218", "E0219", "W0217"})
# The last gate behind all checks. A corpus case that reached it would be a hole in them: tests/compiler
# breaks a plan by hand.
GATE_CODES = frozenset({"E0507"})

# -- pictures --------------------------------------------------------------------------------


def png(width: int, height: int, *, animated: bool = False, complete: bool = True) -> bytes:
    """A black picture; where it is not complete, it has only the header and some pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    if animated:
        head += chunk(b"acTL", struct.pack(">II", 2, 0))
    # The claim of a size is all that a check reads: gigapixels are not made for it.
    rows = zlib.compress((b"\0" + bytes(width)) * height) if width * height < 10**7 else b""
    return head + chunk(b"IDAT", rows) + (chunk(b"IEND", b"") if complete else b"")


def jpeg(width: int, height: int, *, complete: bool = True) -> bytes:
    """The header of a picture, and its end."""
    frame = struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff\xc0" + frame + b"\xff\xda\x00\x02" + bytes(64) + (b"\xff\xd9" if complete else b"")


def moving_webp() -> bytes:
    """The header of an animation."""
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + b"\x3f\0\0" + b"\x3f\0\0"
    return b"RIFF" + struct.pack("<I", len(body)) + body + bytes(64)


# A graph as ComfyUI exports it: nodes 1 to 6 make a film, the others are of no use and wrong each in its own way.
GRAPH = (CORPUS / "graph.json").read_bytes()


def write_pictures(folder: Path) -> None:
    """What every chunk finds beside itself: good pictures, and pictures that are none."""
    files = {
        "photo.png": png(1600, 900),
        "tall.png": png(900, 1600),
        "tiny.png": png(64, 64),
        "svd.png": png(1024, 576),
        "photo.jpg": jpeg(1600, 900),
        "notes.png": b"Morning fog, 6 a.m.\n",
        "empty.png": b"",
        "torn.png": png(1600, 900, complete=False),
        "torn.jpg": jpeg(1600, 900, complete=False),
        "damaged.png": png(0, 900),
        "moving.png": png(64, 64, animated=True),
        "moving.webp": moving_webp(),
        "wide.png": png(60000, 60000),
        "graph.json": GRAPH,
        "wrapped.json": b'{"prompt": ' + GRAPH + b"}",
        "window.json": b'{"nodes": [], "links": [], "last_node_id": 0}',
        "list.json": b"[]",
        "torn.json": b'{"1": {',
        "shots.csv": b'name, still, motion, lasts\npier, photo.png, 90, 2s\n"boats, two", svd.png,, 1.5s\n',
        "shots.toml": b'[[shot]]\nname = "pier"\nsize = "1024x576"\nseed = 7\non = true\nwords = ["fog", "gulls"]\n',
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_recordings(folder)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with (folder / "heavy.png").open("wb") as file:
        file.write(png(64, 64))
        file.truncate(measuring.MAX_UPLOAD + 1)  # sparse: it takes no room
    (folder / "stills").mkdir(exist_ok=True)
    outside = folder.parent / "outside.png"
    outside.write_bytes(png(64, 64))
    link = folder / "stills" / "link.png"
    if not link.is_symlink():
        link.symlink_to(outside)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures, shared by all chunks."""
    folder = tmp_path_factory.mktemp("corpus") / "project"
    write_pictures(folder)
    return folder


# -- chunks ----------------------------------------------------------------------------------

EXPECTATION = re.compile(r'# (error|warning|note)(?:\(([+-]\d+)\))?: ([EWN]\d{4})(?: "([^"]*)")?')
# A comment that was meant as an expectation and is none would be a test that tests nothing.
LOOKS_MEANT = re.compile(r"#\s*(?:error|warning|note)\b")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One program of a corpus file.

    Args:
        file, line: where it begins.
        text: all of it.
        expected: line in the chunk, code, part of the message.
    """

    file: str
    line: int
    text: str
    expected: tuple[tuple[int, str, str], ...]

    @property
    def id(self) -> str:
        """As pytest names it: where to look."""
        return f"{self.file}:{self.line}"


def read_chunks(path: Path) -> list[Chunk]:
    """The chunks of a corpus file."""
    chunks: list[Chunk] = []
    start, lines = 1, list[str]()
    for number, line in enumerate([*path.read_text("utf-8").split("\n"), "---"], 1):
        if line == "---":
            text = "\n".join(lines)
            chunks.append(Chunk(path.name, start, text, expectations(lines)))
            start, lines = number + 1, []
        else:
            lines.append(line)
    return chunks


def expectations(lines: list[str]) -> tuple[tuple[int, str, str], ...]:
    """What the comments of a chunk say."""
    found: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines, 1):
        matches = list(EXPECTATION.finditer(line))
        assert len(matches) == len(LOOKS_MEANT.findall(line)), f"not an expectation: {line}"
        for match in matches:
            severity, offset, code, part = match.groups()
            assert severity == CODES[code].severity.value, f"{code} is no {severity}: {line}"
            found.append((number + int(offset or 0), code, part or ""))
    return tuple(found)


CHUNKS = [chunk for path in sorted(CORPUS.glob("*.reel")) for chunk in read_chunks(path)]


@cache
def findings(folder: Path, text: str) -> tuple[Diagnostic, ...]:
    """What a check says to a program that lies in a folder, against the catalog that its text may name."""
    file = folder / "case.reel"
    file.write_text(text, "utf-8")
    named = re.search(r"^# Against the catalog (\S+)\.$", text, re.MULTILINE)
    return reelc.check(file, catalog=named[1]) if named else reelc.check(file)


def complaints(text: str, expected: tuple[tuple[int, str, str], ...], found: tuple[Diagnostic, ...]) -> list[str]:
    """What is missing and what is too much, in lines for a person."""
    lines = text.split("\n")
    missing = list(expected)
    out: list[str] = []
    for item in found:
        at = 0 if item.span is None else item.span.source.position(item.span.start)[0]
        match = next((e for e in missing if e[:2] == (at, item.code.code) and e[2] in item.message), None)
        if match is not None:
            missing.remove(match)
        else:
            shown = lines[at - 1].split("# error")[0].strip() if 0 < at <= len(lines) else ""
            out.append(f"unexpected at line {at}: {item.code.code} {item.message}    {shown}")
    out += [f'missing at line {at}: {code} "{part}"    {lines[at - 1].strip()}' for at, code, part in missing]
    return out


@pytest.mark.parametrize("chunk", CHUNKS, ids=lambda c: c.id)
def test_chunk(chunk: Chunk, pictures: Path) -> None:
    found = findings(pictures, chunk.text)
    wrong = complaints(chunk.text, chunk.expected, found)
    assert not wrong, f"{chunk.id}\n" + "\n".join(wrong)
    for item in found:
        well_formed(item)


def test_what_a_use_misspells_is_never_suggested(pictures: Path) -> None:
    text = "use upscael from std.finish\nstage s(c: clip) -> clip { return c |> upscalr(to: 2560x1440) }\n"
    _, found = findings(pictures, text)
    assert found.help == ("did you mean `upscale`?",)


def well_formed(item: Diagnostic) -> None:
    """What holds for every finding, whatever it says."""
    assert item.span is not None
    assert not item.span.source.library, f"shown in the library, not at the user's line: {item.message}"
    whole_file = item.span.start == item.span.end == 0
    assert item.span.start < item.span.end or whole_file, f"points at nothing: {item.message}"
    assert "\n" not in item.message
    assert not item.message.endswith(".")
    for sentence in (item.message, *item.help, *item.notes):
        assert sentence
        assert "Traceback" not in sentence


COMPILING = [c for c in CHUNKS if "pipeline" in c.text and not any(code[0] == "E" for _, code, _ in c.expected)]


@pytest.mark.parametrize("chunk", COMPILING, ids=lambda c: c.id)
def test_a_program_without_errors_compiles(chunk: Chunk, pictures: Path) -> None:
    """A check promises a plan: nothing new is found, and ComfyUI would accept the graphs."""
    file = pictures / "whole.reel"
    file.write_text(chunk.text, "utf-8")
    compilation = reelc.compile(file)
    assert compilation.plan.jobs
    found = tuple((d.code.code, d.message) for d in compilation.warnings)
    assert found == tuple((d.code.code, d.message) for d in findings(pictures, chunk.text))


# -- cases that need more than one program ---------------------------------------------------

Where = tuple[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A project and what must be said to it.

    Args:
        name: what is wrong.
        files: contents by path; the main file is ``main.reel``, which need not be there.
        expect: code, part of the message, and the place as file and line; None where no text is to blame.
        main: the file that is checked.
        overrides, pipeline, catalog: as on the command line.
        prepare: further work in the project's folder.
    """

    name: str
    files: Mapping[str, str | bytes]
    expect: tuple[tuple[str, str, Where], ...]
    main: str = "main.reel"
    overrides: Mapping[str, str] = field(default_factory=dict[str, str])
    pipeline: str | None = None
    catalog: str | None = None
    prepare: Callable[[Path], None] | None = None


FILM = """use std.svd
pipeline film {
  param photo: image = "svd.png"
  param seed: seed = 1
  param frames: int in 2..25 = 25
  param rate: rate = 6fps
  param mood: text in ["fog", "rain"] = "fog"
  param sizes: list[size] = [1024x576]
  param bonus: int? = none
  param model: file["checkpoints"] = "svd_xt.safetensors"
  require mood != "" and len(sizes) >= 0 and bonus == none
  output film = photo |> fit(1024x576)
    |> svd.animate(using: svd.load(model), seed: seed, frames: frames, fps: rate) |> video()
}
"""
HOUSE = "stage styled(picture: image) -> image { return picture |> fit(1024x576) }\nlet calm = 40\n"
USES_HOUSE = """use "{path}" as house
use std.svd
pipeline film {{
  param photo: image = "photo.png"
  output film = photo |> house.styled() |> svd.animate(using: svd.load(), seed: 1, motion: house.calm) |> video()
}}
"""
TWO = """use std.svd
stage made(photo: image) -> film { return photo |> svd.animate(using: svd.load(), seed: 1) |> video() }
pipeline day { output film = made("svd.png") }
pipeline night { output film = made("gone.png") }
"""


def film(expr: str) -> str:
    """A program whose seed is an expression."""
    return (
        'use std.svd\npipeline film {\n  param photo: image = "svd.png"\n'
        f"  param seed: seed = {expr}\n"
        "  output film = photo |> svd.animate(using: svd.load(), seed: seed) |> video()\n}\n"
    )


def setting(name: str, value: str, *expect: tuple[str, str, Where]) -> Case:
    """A film with one parameter from the command line."""
    return Case(name=f"set {name}={value[:20]}", files={"main.reel": FILM}, overrides={name: value}, expect=expect)


def _huge(folder: Path) -> None:
    (folder / "main.reel").write_text("# " + "x" * loader.MAX_SOURCE, "utf-8")


def _link_out(folder: Path) -> None:
    (folder.parent / "house.reel").write_text(HOUSE, "utf-8")
    (folder / "house.reel").symlink_to(folder.parent / "house.reel")


def _link_circle(folder: Path) -> None:
    (folder / "circle.png").symlink_to(folder / "circle.png")


CASES = (
    # Source files.
    Case(name="no main file", files={}, expect=(("E0101", "there is no file", None),)),
    Case(name="main is a folder", files={"main.reel/x": ""}, expect=(("E0101", "is a folder", None),)),
    Case(
        name="a folder that is not there",
        files={},
        main="nowhere/main.reel",
        expect=(("E0101", "there is no file", None),),
    ),
    Case(name="not UTF-8", files={"main.reel": b"let a = 1 # caf\xe9"}, expect=(("E0102", "byte 15", None),)),
    Case(name="UTF-16", files={"main.reel": "let a = 1".encode("utf-16")}, expect=(("E0102", "byte 0", None),)),
    Case(name="a picture", files={"main.reel": png(8, 8)}, expect=(("E0102", "is not UTF-8", None),)),
    Case(name="zero bytes", files={"main.reel": b"let a\0 = 1"}, expect=(("E0102", "zero bytes", None),)),
    Case(name="a huge file", files={}, prepare=_huge, expect=(("E0103", "is larger than 1000 KB", None),)),
    Case(name="an empty file", files={"main.reel": ""}, expect=(("E0109", "the file is empty", ("main.reel", 1)),)),
    Case(name="only spaces", files={"main.reel": " \n\t\n"}, expect=(("E0109", "is empty", ("main.reel", 1)),)),
    Case(name="a byte order mark", files={"main.reel": b"\xef\xbb\xbf" + FILM.encode()}, expect=()),
    Case(
        name="line ends of Windows",
        files={"main.reel": FILM.replace("\n", "\r\n").replace("seed: seed =", "seed: sead =").encode()},
        expect=(("E0206", "there is no type `sead`", ("main.reel", 4)),),
    ),
    Case(
        name="line ends of old Macs",
        files={"main.reel": FILM.replace("\n", "\r").replace("seed: seed =", "seed: sead =").encode()},
        expect=(("E0206", "there is no type `sead`", ("main.reel", 4)),),
    ),
    # Several files.
    Case(
        name="a file beside",
        files={"main.reel": USES_HOUSE.format(path="./house.reel"), "house.reel": HOUSE},
        expect=(),
    ),
    Case(
        name="a file in a folder, whose picture lies there too",
        files={
            "main.reel": 'use picture from "lib/pictures.reel"\nuse std.svd\npipeline film {\n'
            "  output film = picture |> svd.animate(using: svd.load(), seed: 1) |> video()\n}\n",
            "lib/pictures.reel": 'let picture: image = "still.png"\n',
            "lib/still.png": png(1024, 576),
        },
        expect=(),
    ),
    Case(
        name="a file that is not there",
        files={"main.reel": USES_HOUSE.format(path="./huose.reel"), "house.reel": HOUSE},
        expect=(("E0203", "there is no file `huose.reel`", ("main.reel", 1)),),
    ),
    Case(
        name="a folder for a file",
        files={"main.reel": USES_HOUSE.format(path="./lib"), "lib/x.reel": HOUSE},
        expect=(("E0203", "`lib`", ("main.reel", 1)),),
    ),
    Case(
        name="a used file with errors of its own",
        files={
            "main.reel": USES_HOUSE.format(path="./house.reel"),
            "house.reel": HOUSE.replace("picture |>", "pictur |>"),
        },
        expect=(("E0201", "nothing is named `pictur`", ("house.reel", 1)),),
    ),
    Case(
        name="a used file with a syntax error is said once",
        files={"main.reel": USES_HOUSE.format(path="./house.reel"), "house.reel": HOUSE.replace("= 40", "= = 40")},
        expect=(("E0104", "`=` cannot stand here", ("house.reel", 2)),),
    ),
    Case(
        name="a used file that is no text",
        files={"main.reel": USES_HOUSE.format(path="./house.reel"), "house.reel": b"\xff\xfe"},
        expect=(("E0102", "`PROJECT/house.reel` is not UTF-8", None),),
    ),
    Case(
        name="a circle of two",
        files={"main.reel": 'use "a.reel" as a\nlet x = 1\n', "a.reel": 'use "main.reel" as main\nlet y = 1\n'},
        expect=(("E0204", "main.reel -> a.reel -> main.reel", ("a.reel", 1)),),
    ),
    Case(
        name="a file that uses itself",
        files={"main.reel": 'use "./main.reel" as me\nlet x = 1\n'},
        expect=(("E0204", "main.reel -> main.reel", ("main.reel", 1)),),
    ),
    Case(
        name="a diamond is no circle",
        files={
            "main.reel": 'use "a.reel" as a\nuse "b.reel" as b\nstage s() -> int { return a.x + b.x }\n',
            "a.reel": 'use "c.reel" as c\nlet x = c.x\n',
            "b.reel": 'use "c.reel" as c\nlet x = c.x\n',
            "c.reel": "let x = 1\n",
        },
        expect=(),
    ),
    Case(
        name="a name that the used file only uses itself",
        files={"main.reel": 'use upscale from "a.reel"\nlet x = 1\n', "a.reel": "use upscale from std.finish\n"},
        expect=(("E0205", "`a.reel` has nothing named `upscale`", ("main.reel", 1)),),
    ),
    Case(
        name="a link to a file outside",
        files={"main.reel": USES_HOUSE.format(path="./house.reel")},
        prepare=_link_out,
        expect=(("E0604", "is a link that leads outside", None),),
    ),
    Case(
        name="a picture that is a link to itself",
        files={"main.reel": FILM.replace("svd.png", "circle.png")},
        prepare=_link_circle,
        expect=(("E0601", "circle.png", ("main.reel", 3)),),
    ),
    Case(
        name="a requirement in a library of the user's own is shown there",
        files={
            "main.reel": USES_HOUSE.format(path="./house.reel"),
            "house.reel": HOUSE.replace("return", 'require picture.width == 1 else "not one"\n  return'),
        },
        expect=(("E0401", "not one", ("house.reel", 1)),),
    ),
    # Pipelines.
    Case(
        name="every pipeline is checked",
        files={"main.reel": TWO},
        expect=(("E0601", "there is no file `gone.png`", ("main.reel", 4)),),
    ),
    Case(name="one pipeline is checked", files={"main.reel": TWO}, pipeline="day", expect=()),
    Case(
        name="a misspelt pipeline",
        files={"main.reel": TWO},
        pipeline="nihgt",
        expect=(("E0214", "there is no pipeline `nihgt`", ("main.reel", 1)),),
    ),
    Case(
        name="no pipeline at all, and one is named",
        files={"main.reel": "let a = 1"},
        pipeline="film",
        expect=(("E0109", "the file has no pipeline", ("main.reel", 1)),),
    ),
    # Catalogs.
    Case(
        name="an unknown catalog",
        files={"main.reel": FILM},
        catalog="comfyui-0.32.0",
        expect=(("E0506", "there is no node catalog `comfyui-0.32.0`", None),),
    ),
    Case(
        name="a catalog file that is not there",
        files={"main.reel": FILM},
        catalog="PROJECT/mine.catalog",
        expect=(("E0506", "there is no catalog file `PROJECT/mine.catalog`", None),),
    ),
    Case(
        name="a catalog file that is none",
        files={"main.reel": FILM, "mine.catalog": "KSampler"},
        catalog="PROJECT/mine.catalog",
        expect=(("E0508", "its first line is not that of a catalog", None),),
    ),
    Case(
        name="a server's answer that is none",
        files={"main.reel": FILM, "server.json": '{"1": {"class_type": "KSampler", "inputs": {}}}'},
        catalog="PROJECT/server.json",
        expect=(("E0510", "it is a graph in API format, and no answer of /object_info", None),),
    ),
    # The command line's settings.
    setting("seed", "7"),
    setting("rate", "7fps"),
    setting("photo", "PROJECT/photo.png"),
    setting("photo", '"PROJECT/photo.png"'),
    setting("photo", "PROJECT/../outside.png"),
    setting("sizes", "[512x512, 1024x576]"),
    setting("mood", "rain"),
    setting("bonus", "none"),
    setting("sede", "7", ("E0212", "has no parameter `sede`", ("--set sede", 1))),
    setting("nothing_like_it", "7", ("E0212", "has no parameter", ("--set nothing_like_it", 1))),
    setting("seed", "seven", ("E0301", "the value given to `seed` cannot be read", ("--set seed", 1))),
    setting("seed", "", ("E0301", "the value given to `seed` cannot be read", ("--set seed", 1))),
    setting("seed", "1 + 1", ("E0301", "cannot be read", ("--set seed", 1))),
    setting("seed", "1\nlet b = 2", ("E0301", "cannot be read", ("--set seed", 1))),
    setting("seed", "1.5", ("E0301", "`seed` is a seed, and this is a float", ("--set seed", 1))),
    setting("seed", "-1", ("E0404", "a seed is a whole number", ("--set seed", 1))),
    setting("rate", "24", ("E0301", "`rate` is a rate, and this is an int", ("--set rate", 1))),
    setting("rate", "24fsp", ("E0303", "`fsp` is not a unit", ("--set rate", 1))),
    setting("frames", "26", ("E0402", "`frames` takes 2 to 25", ("--set frames", 1))),
    setting("mood", "snow", ("E0402", "`mood` takes one of", ("--set mood", 1))),
    setting("photo", "PROJECT/gone.png", ("E0601", "there is no file", ("--set photo", 1))),
    setting("photo", "PROJECT/notes.png", ("E0602", "is not a PNG", ("--set photo", 1))),
    setting("sizes", "[3, 512x512]", ("E0301", "`sizes`", ("--set sizes", 1))),
    setting("model", "{{ nope }}.safetensors"),
    Case(
        name="a parameter without a default is set",
        files={"main.reel": FILM.replace("seed: seed = 1", "seed: seed")},
        overrides={"seed": "3"},
        expect=(),
    ),
    # Too much of everything.
    Case(
        name="deep brackets",
        files={"main.reel": "let a = " + "(" * 5000 + "1" + ")" * 5000},
        expect=(("E0111", "more than 100 brackets are open", ("main.reel", 1)),),
    ),
    Case(
        name="deep brackets that are never closed",
        files={"main.reel": "pipeline film {\n" + "[" * 300},
        expect=(("E0111", "more than 100 brackets are open", ("main.reel", 2)),),
    ),
    Case(
        name="a very long number",
        files={"main.reel": film("9" * 6000)},
        expect=(("E0307", "absurdly long", ("main.reel", 4)),),
    ),
    Case(
        name="a very large number",
        files={"main.reel": film("floor(1e9999)")},
        expect=(("E0307", "absurdly long", ("main.reel", 4)),),
    ),
    Case(
        name="a loop without an end that anyone would see",
        files={"main.reel": film("1").replace("seed: seed)", "seed: len(for n in 0..1000000000 { n }))")},
        expect=(("E0405", "takes more than", ("main.reel", 5)),),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name.replace(" ", "-"))
def test_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelc_compiler.elaborate.evaluator.MAX_STEPS", 10_000)
    project = tmp_path / "project"
    write_pictures(project)
    for name, content in case.files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    if case.prepare is not None:
        case.prepare(project)

    def here(text: str) -> str:
        return text.replace("PROJECT", project.as_posix())

    found = reelc.check(
        project / case.main,
        overrides={name: here(value) for name, value in case.overrides.items()},
        pipeline=case.pipeline,
        catalog=None if case.catalog is None else here(case.catalog),
    )

    def place(item: Diagnostic) -> Where:
        if item.span is None:
            return None
        name = item.span.source.name
        inside = os.path.relpath(name, project) if Path(name).is_absolute() else name
        return inside, item.span.source.position(item.span.start)[0]

    shown = [(d.code.code, d.message, place(d)) for d in found]
    assert len(shown) == len(case.expect), shown
    for (code, message, where), (wanted, part, at) in zip(shown, case.expect, strict=True):
        assert (code, where) == (wanted, at), shown
        assert here(part) in message


def test_a_compilation_wants_one_pipeline(tmp_path: Path) -> None:
    write_pictures(tmp_path / "project")
    file = tmp_path / "project" / "main.reel"
    file.write_text(TWO, "utf-8")
    with pytest.raises(ReelError) as caught:
        reelc.compile(file)
    (found,) = caught.value.diagnostics
    assert found.code.code == "E0214"
    assert "`day`, `night`" in found.message
    assert reelc.compile(file, pipeline="day").plan.pipeline == "day"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    (found,) = reelc.check(tmp_path / "main.reel")
    assert (found.code.code, found.span) == ("E0101", None)
    assert "permission denied" in found.message


# -- nothing is left out ---------------------------------------------------------------------


def test_every_code_has_a_case() -> None:
    covered = {code for chunk in CHUNKS for _, code, _ in chunk.expected}
    covered |= {code for case in CASES for code, _, _ in case.expect}
    assert not covered & (RUNTIME_CODES | GATE_CODES | IMPORT_CODES), (
        "a check can give these: they are no run-time codes"
    )
    drawn = covered | RUNTIME_CODES | GATE_CODES | GRAPH_CODES | IMPORT_CODES | CATALOG_CODES | LOCK_CODES
    drawn |= PACKAGE_CODES | EXTRA_CODES
    assert drawn == set(CODES)


def test_every_requirement_of_the_library_has_a_case(pictures: Path) -> None:
    """Each ``require``, ``warn`` and ``note`` of ``std`` fails in some chunk, and its text is shown whole."""
    failed: set[tuple[str, int]] = set()
    modules = {f"{name}.reel" for name in loader.std_names()}
    for chunk in CHUNKS:
        if chunk.file not in modules:
            continue
        for item in findings(pictures, chunk.text):
            failed |= {(label.span.source.name, label.span.start) for label in item.labels}
    for name in ("prelude", *loader.std_names()):
        source = loader.std_source(name)
        assert source is not None
        for item in parse(source, Sink()).items:
            for statement in item.body if isinstance(item, ast.Stage) else ():
                if isinstance(statement, ast.Require | ast.Warn | ast.Note):
                    place = f"{source.name}:{source.position(statement.span.start)[0]}"
                    assert (source.name, statement.test.span.start) in failed, f"no chunk fails {place}"
