"""Checking and compiling on Windows and macOS: line ends, encodings, paths, capitals. Simulated where it must be."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reelc
from reelc.cli import app
from reelc.config import read_config
from reelc_compiler import loader
from reelc_compiler.loader import Project
from reelc_dsl.diagnostics import Diagnostic, ReelError

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "examples" / "dandelion.jpg"
FILM = """use std.svd
pipeline film {
  param photo: image = "photo.jpg"
  param mood: text = "fog"
  output film = photo |> fit(1024x576) |> svd.animate(using: svd.load(), seed: len(mood)) |> video()
}
"""
HOUSE = (
    "record Look { size: size }\nlet wide: Look = { size: 1024x576 }\nstage same(look: Look) -> Look { return look }\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a picture and a program."""
    (tmp_path / "photo.jpg").write_bytes(PICTURE.read_bytes())
    (tmp_path / "film.reel").write_text(FILM, "utf-8")
    return tmp_path


def command(*args: str | Path, cwd: Path, code: int = 0, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own, with its output as bytes."""
    done = subprocess.run(
        [sys.executable, "-c", "from reelc.cli.app import main; main()", *map(str, args)],
        capture_output=True,
        cwd=cwd,
        timeout=100,
        check=False,
        env=os.environ | environment,
    )
    assert b"Traceback" not in done.stderr
    assert b"E0999" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr
    return done


def said(found: tuple[Diagnostic, ...]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(d.code.code, d.message, d.help) for d in found]


# -- line ends and marks ---------------------------------------------------------------------

LAYOUTS: dict[str, Callable[[bytes], bytes]] = {
    "windows": lambda text: text.replace(b"\n", b"\r\n"),
    "old mac": lambda text: text.replace(b"\n", b"\r"),
    "mark": lambda text: b"\xef\xbb\xbf" + text,
    "mark and windows": lambda text: b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"),
    "mixed": lambda text: text.replace(b"\n", b"\r\n", 3),
}


@pytest.mark.parametrize("name", ["harbor", "storm_cogvideox"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_line_ends_change_no_byte_of_a_plan(tmp_path: Path, name: str, layout: str) -> None:
    """Nor do they get into texts: the prompt of the second example has several lines."""
    (tmp_path / PICTURE.name).write_bytes(PICTURE.read_bytes())
    original = (ROOT / "examples" / f"{name}.reel").read_bytes()
    plans: list[dict[str, bytes]] = []
    for content in (original, LAYOUTS[layout](original)):
        (tmp_path / f"{name}.reel").write_bytes(content)
        plans.append(reelc.compile(tmp_path / f"{name}.reel").plan.to_files())
    assert plans[0] == plans[1]
    assert b"\\r" not in b"".join(plans[0].values())


@pytest.mark.parametrize("layout", ["windows", "mark", "mark and windows"])
def test_settings_may_come_from_any_editor(tmp_path: Path, layout: str) -> None:
    (tmp_path / "reelc.toml").write_bytes(LAYOUTS[layout](b'[run]\nout = "films"\n'))
    assert read_config(tmp_path / "reelc.toml").out == tmp_path / "films"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_places_are_the_same_in_every_layout(project: Path, layout: str) -> None:
    line = 'output film = photo |> svd.animate(using: svd.load("霧☔.safetensors"), sead: len(mood)) |> video()'
    text = FILM.replace(FILM.splitlines()[4], line).encode()
    places: list[list[tuple[str, str | None]]] = []
    for content in (text, LAYOUTS[layout](text)):
        (project / "film.reel").write_bytes(content)
        found = reelc.check(project / "film.reel")
        places.append(
            [(d.code.code, d.span and f"{d.span.source.position(d.span.start)} {d.span.text}") for d in found]
        )
    assert places[0] == places[1] == [("E0207", f"(5, {line.index('sead') + 1}) sead")]


# -- consoles --------------------------------------------------------------------------------

FOREIGN = FILM.replace("photo", "写真").replace('"写真.jpg"', '"photo.jpg"').replace('"fog"', '"霧 ☔ 안개 naïve"')


@pytest.mark.parametrize("encoding", ["cp932", "cp1252", "ascii", "utf-8", "utf-16"])
def test_no_letter_ends_a_command(project: Path, encoding: str) -> None:
    """What the encoding of a pipe lacks is written as an escape, for people and for programs."""
    (project / "film.reel").write_text(FOREIGN, "utf-8")
    (project / "bad.reel").write_text(FOREIGN.replace("seed:", "씨앗:"), "utf-8")
    shown = command("plan", "film.reel", cwd=project, PYTHONIOENCODING=encoding)
    assert b"film.mp4" in shown.stdout.replace(b"\0", b"")
    command("check", "film.reel", cwd=project, PYTHONIOENCODING=encoding)
    command("check", "bad.reel", cwd=project, code=1, PYTHONIOENCODING=encoding)
    command("check", "--format", "github", "bad.reel", cwd=project, code=1, PYTHONIOENCODING=encoding)
    command("explain", "E0207", cwd=project, PYTHONIOENCODING=encoding)


def values(project: Path, encoding: str, *args: str, code: int = 0) -> Any:
    out = command(*args, cwd=project, code=code, PYTHONIOENCODING=encoding).stdout
    return json.loads(out.decode("utf-8"))


@pytest.mark.parametrize("encoding", ["cp932", "cp1252", "ascii"])
def test_json_is_json_in_every_console(project: Path, encoding: str) -> None:
    """A program reads it without knowing the system's encoding, also letters that the encoding has."""
    (project / "film.reel").write_text(FOREIGN, "utf-8")
    (project / "bad.reel").write_text(FOREIGN.replace("seed:", "씨앗:"), "utf-8")
    for args, code in (
        (("plan", "--json", "film.reel"), 0),
        (("check", "--json", "bad.reel"), 1),
        (("check", "--format", "sarif", "bad.reel"), 1),
    ):
        assert values(project, encoding, *args, code=code) == values(project, "utf-8", *args, code=code)
    assert values(project, encoding, "plan", "--json", "film.reel")["params"]["mood"] == "霧 ☔ 안개 naïve"


def test_windows_says_otherwise_that_a_reader_left(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, other = OSError(errno.EINVAL, "Invalid argument"), OSError(errno.ENOSPC, "No space")
    left: Callable[[Exception], bool] = app._reader_left  # pyright: ignore[reportPrivateUsage]
    assert left(BrokenPipeError())
    assert not left(gone)
    monkeypatch.setattr(sys, "platform", "win32")
    assert left(gone)
    assert not left(other)


# -- paths -----------------------------------------------------------------------------------


def test_names_with_spaces_and_of_any_script(tmp_path: Path) -> None:
    folder = tmp_path / "作品 その1" / "été"
    (folder / "道具 箱").mkdir(parents=True)
    (folder / "写真 1.jpg").write_bytes(PICTURE.read_bytes())
    (folder / "道具 箱" / "家.reel").write_text(HOUSE, "utf-8")
    film = 'use "道具 箱/家.reel" as 家\n' + FILM.replace('"photo.jpg"', '"写真 1.jpg"').replace(
        "1024x576", "家.wide.size"
    )
    (folder / "嵐 の 海.reel").write_text(film, "utf-8")
    done = command("check", "嵐 の 海.reel", cwd=folder)
    assert done.stderr.decode() == "嵐 の 海.reel: no errors\n"
    command("compile", "嵐 の 海.reel", cwd=folder)
    plan = json.loads((folder / "嵐 の 海.plan" / "plan.json").read_text("utf-8"))
    assert [i["path"] for i in plan["inputs"]] == ["写真 1.jpg"]
    elsewhere = command("plan", "--json", folder / "嵐 の 海.reel", cwd=tmp_path)
    assert json.loads(elsewhere.stdout)["inputs"] == plan["inputs"]


def test_backslashes_lead_to_the_same_files(project: Path) -> None:
    (project / "stills").mkdir()
    (project / "photo.jpg").rename(project / "stills" / "photo.jpg")
    (project / "stills" / "house.reel").write_text(HOUSE, "utf-8")
    uses = 'use "stills\\\\house.reel" as one\nuse "./stills/house.reel" as two\n'
    (project / "film.reel").write_text(
        uses + FILM.replace("photo.jpg", "stills\\\\photo.jpg").replace("1024x576", "two.same(one.wide).size"), "utf-8"
    )
    assert reelc.check(project / "film.reel") == ()
    plain = reelc.compile(project / "film.reel").plan.to_files()
    assert b'"path": "stills/photo.jpg"' in plain["plan.json"]
    command("compile", "film.reel", "--set", "photo=stills\\photo.jpg", "-o", "set.plan", cwd=project)
    assert (project / "set.plan" / "plan.json").read_bytes() == plain["plan.json"]


@pytest.mark.skipif(os.name == "nt", reason="a backslash is no part of a name there")
def test_a_name_may_have_a_backslash(project: Path) -> None:
    (project / "photo.jpg").rename(project / "a\\b.jpg")
    assert reelc.check(project / "film.reel", overrides={"photo": str(project / "a\\b.jpg")}) == ()


ESCAPES = 'the escapes are \\", \\\\, \\n and \\t; write \\\\ for one backslash, and / in a path'
SLASHES = "a backslash begins an escape, so a path has `/` on all systems"
STILL = FILM.replace("photo.jpg", "lib\\tall.jpg")


@pytest.mark.parametrize(
    ("line", "code", "message", "help_"),
    [
        ('use "lib\\house.reel" as house', "E0110", "`\\h` is not an escape", ESCAPES),
        ('use "lib\\new.reel" as house', "E0203", "there is no file `lib\new.reel`", SLASHES),
        (STILL, "E0601", "there is no file `lib\tall.jpg`", SLASHES),
        ('use "./huose.reel" as h', "E0203", "there is no file `huose.reel`", "did you mean `./house.reel`?"),
        ('use "lib/huose.reel" as h', "E0203", "there is no file `lib/huose.reel`", "did you mean `lib/house.reel`?"),
        (
            'use "lib/photo.reel" as h',
            "E0203",
            "there is no file `lib/photo.reel`",
            "the path is relative to this file",
        ),
    ],
)
def test_a_path_that_is_written_wrong(project: Path, line: str, code: str, message: str, help_: str) -> None:
    (project / "lib").mkdir()
    for folder in (project, project / "lib"):
        (folder / "house.reel").write_text(HOUSE, "utf-8")
    (project / "wrong.reel").write_text(f"{line}\nlet a = 1\n", "utf-8")
    assert said(reelc.check(project / "wrong.reel")) == [(code, message, (help_,))]


@pytest.mark.parametrize("name", ["a" * 300, "雨" * 100])
def test_a_name_that_no_file_can_have(project: Path, name: str) -> None:
    (project / "wrong.reel").write_text(f'use "{name}.reel" as house\nlet a = 1\n', "utf-8")
    assert [d.code.code for d in reelc.check(project / "wrong.reel")] == ["E0203"]
    assert [d.code.code for d in reelc.check(project / "film.reel", overrides={"photo": f"{name}.jpg"})] == ["E0601"]
    assert [d.code.code for d in reelc.check(project / f"{name}.reel")] == ["E0101"]


def test_a_zero_byte_is_part_of_no_name(project: Path) -> None:
    assert [d.code.code for d in reelc.check(project / "film.reel", overrides={"photo": "a\0b"})] == ["E0601"]
    assert [d.code.code for d in reelc.check(f"{project}/a\0b.reel")] == ["E0101"]


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems have no such names")
def test_names_that_are_no_unicode(project: Path) -> None:
    """They could not stand in a plan, which is UTF-8."""
    name = os.fsdecode(b"caf\xe9")
    (project / f"{name}.reel").write_text(FILM, "utf-8")
    (project / f"{name}.jpg").write_bytes(PICTURE.read_bytes())
    (main,) = reelc.check(project / f"{name}.reel")
    (photo,) = reelc.check(project / "film.reel", overrides={"photo": f"{project}/{name}.jpg"})
    assert (main.code.code, photo.code.code) == ("E0101", "E0601")
    assert main.message.endswith("is not UTF-8")
    assert photo.message.endswith("is not UTF-8")
    for encoding in ("utf-8", "cp932"):
        found = command("check", "--json", f"{name}.reel", cwd=project, code=1, PYTHONIOENCODING=encoding)
        assert json.loads(found.stdout.decode("utf-8"))["diagnostics"][0]["code"] == "E0101"


def test_another_drive_is_named_whole(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any
) -> None:
    """No path leads from one drive of Windows to another."""
    other = tmp_path_factory.mktemp("drive") / "photo.jpg"
    other.write_bytes(PICTURE.read_bytes())
    assert Project(project / "film.reel").probe(str(other), "", "image").path.startswith("../")

    def none(*_: object) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(loader.os.path, "relpath", none)
    apart = Project(project / "film.reel")
    info = apart.probe(str(other), "", "image")
    assert info.path == other.as_posix()
    assert apart.input_path(info.path) == other


def test_windows_denies_what_is_a_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "folder.reel").mkdir()
    opened = Path.open

    def denied(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", denied)
    assert said(reelc.check(project / "folder.reel")) == [
        ("E0101", f"`{project.as_posix()}/folder.reel` is a folder", ("name a file in it",))
    ]


# -- capitals and accents --------------------------------------------------------------------


@pytest.fixture
def insensitive(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project on a disk that finds files under other capitals: by links that no listing shows."""
    (project / "house.reel").write_text(HOUSE, "utf-8")
    hidden = {"House.reel": "house.reel", "Photo.JPG": "photo.jpg"}
    for other, name in hidden.items():
        os.link(project / name, project / other)
    listing, scanning = os.listdir, os.scandir
    monkeypatch.setattr(loader.os, "listdir", lambda path: [n for n in listing(path) if n not in hidden])  # type: ignore[misc]
    monkeypatch.setattr(loader.os, "scandir", lambda path: [e for e in scanning(path) if e.name not in hidden])  # type: ignore[misc]
    return project


def test_capitals_are_those_of_the_disk(insensitive: Path) -> None:
    """What is found on Windows under other capitals would not be found on the Linux of the next person."""
    wrong = 'use "House.reel" as house\n' + FILM.replace("photo.jpg", "Photo.JPG").replace(
        "1024x576", "house.wide.size"
    )
    (insensitive / "wrong.reel").write_text(wrong, "utf-8")
    assert said(reelc.check(insensitive / "wrong.reel")) == [
        ("E0203", "there is no file `House.reel`", ("did you mean `house.reel`?",))
    ]
    (insensitive / "wrong.reel").write_text(wrong.replace("House.reel", "house.reel"), "utf-8")
    assert said(reelc.check(insensitive / "wrong.reel")) == [
        ("E0601", "there is no file `Photo.JPG`", ("did you mean `photo.jpg`?",))
    ]
    (insensitive / "wrong.reel").write_text(
        wrong.replace("House.reel", "house.reel").replace("Photo.JPG", "photo.jpg"), "utf-8"
    )
    assert reelc.check(insensitive / "wrong.reel") == ()


def test_a_folder_has_capitals_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "lib").mkdir()
    (project / "lib" / "house.reel").write_text(HOUSE, "utf-8")
    (project / "Lib").symlink_to(project / "lib")
    listing = os.listdir
    monkeypatch.setattr(loader.os, "listdir", lambda path: [n for n in listing(path) if n != "Lib"])  # type: ignore[misc]
    for path, codes in (("lib/house.reel", []), ("Lib/house.reel", ["E0203"])):
        (project / "uses.reel").write_text(f'use "{path}" as house\nlet a = house.wide\n', "utf-8")
        assert [d.code.code for d in reelc.check(project / "uses.reel")] == codes


def test_a_folder_that_cannot_be_listed_is_believed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: object) -> list[str]:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(loader.os, "listdir", denied)
    assert reelc.check(project / "film.reel") == ()


def test_macs_keep_accents_apart(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    composed, apart = "\u00e9t\u00e9.jpg", "e\u0301te\u0301.jpg"
    (project / "photo.jpg").rename(project / composed)
    (project / "film.reel").write_text(FILM.replace("photo.jpg", composed), "utf-8")
    listing = os.listdir
    monkeypatch.setattr(
        loader.os, "listdir", lambda path: [apart if n == composed else n for n in listing(path)]  # type: ignore[misc]
    )  # fmt: skip
    assert reelc.check(project / "film.reel") == ()


def test_modules_have_one_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda self: True)  # as a disk that takes any capitals would answer
    assert loader.std_source("SVD") is None
    assert loader.std_source("svd") is not None


# -- what Windows does not have --------------------------------------------------------------

WITHOUT = """
import asyncio, builtins, os, subprocess, sys, tempfile
import click
gone = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
real = builtins.__import__
def importing(name, *args, **kwargs):
    if name.split(".")[0] in gone:
        raise ModuleNotFoundError(f"No module named {name!r}")
    return real(name, *args, **kwargs)
for name in gone & set(sys.modules):
    del sys.modules[name]
builtins.__import__ = importing
for name in ("chown", "fork", "getpgid", "getuid", "killpg", "mkfifo", "sched_getaffinity", "setsid", "statvfs"):
    if hasattr(os, name):
        delattr(os, name)
from reelc.cli.app import main
sys.argv = ["reelc", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(
    "args",
    [
        ["check", "film.reel"],
        ["compile", "film.reel"],
        ["plan", "film.reel"],
        ["fmt", "film.reel"],
        ["explain", "E0101"],
    ],
)
def test_nothing_is_needed_that_windows_lacks(project: Path, args: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *args], capture_output=True, text=True, cwd=project, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_plan_has_posix_paths_and_names_without_folders(project: Path) -> None:
    files = reelc.compile(project / "film.reel").plan.to_files()
    for name, content in files.items():
        assert "\\" not in name
        assert b"\r" not in content
        assert str(project).encode() not in content


def test_a_file_that_cannot_be_read_is_no_traceback(project: Path) -> None:
    with pytest.raises(ReelError) as caught:
        reelc.compile(project / "nowhere" / "film.reel")
    assert [d.code.code for d in caught.value.diagnostics] == ["E0101"]
