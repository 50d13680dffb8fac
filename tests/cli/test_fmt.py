"""`reelc fmt`: which files are rewritten and how, what is said, exit codes."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reelc.cli.app import app
from reelc_compiler import loader
from reelc_dsl import printer

UGLY = "let  a=1 # one\n"
NEAT = "let a = 1  # one\n"
WRONG = "let a = = 1\n"


def run(*args: str | Path, stdin: bytes = b"", code: int = 0) -> Result:
    """The command, in this process."""
    done = CliRunner().invoke(app, ["fmt", *map(str, args)], input=stdin)
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with one file of each sort."""
    (tmp_path / "ugly.reel").write_text(UGLY, "utf-8")
    (tmp_path / "neat.reel").write_text(NEAT, "utf-8")
    (tmp_path / "wrong.reel").write_text(WRONG, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_rewrites_what_is_not_laid_out(folder: Path) -> None:
    before = (folder / "neat.reel").stat()
    done = run("ugly.reel", "neat.reel")
    assert (done.stdout, done.stderr) == ("", "1 file reformatted, 1 left unchanged\n")
    assert (folder / "ugly.reel").read_text("utf-8") == NEAT
    after = (folder / "neat.reel").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_other_files_are_done_when_one_has_errors(folder: Path) -> None:
    (folder / "latin.reel").write_bytes(b"# caf\xe9\n")
    done = run("wrong.reel", "none.reel", "latin.reel", "ugly.reel", code=1)
    assert [code for code in ("E0104", "E0101", "E0102") if f"error[{code}]" not in done.stderr] == []
    assert "wrong.reel:1:9" in done.stderr
    assert done.stderr.endswith("\n1 file reformatted, 3 with errors\n")
    assert (folder / "wrong.reel").read_text("utf-8") == WRONG
    assert (folder / "latin.reel").read_bytes() == b"# caf\xe9\n"
    assert (folder / "ugly.reel").read_text("utf-8") == NEAT


def test_a_folder_is_all_below_it(folder: Path) -> None:
    inner = folder / "deep" / "er"
    hidden = folder / ".git"
    for where in (inner, hidden):
        where.mkdir(parents=True)
        (where / "a.reel").write_text(UGLY, "utf-8")
    (folder / "deep" / "a.txt").write_text(UGLY, "utf-8")
    (folder / "wrong.reel").unlink()
    assert run().stderr == "2 files reformatted, 1 left unchanged\n"
    assert (inner / "a.reel").read_text("utf-8") == NEAT
    assert (hidden / "a.reel").read_text("utf-8") == UGLY
    assert (folder / "deep" / "a.txt").read_text("utf-8") == UGLY
    assert run("deep", "deep/er/../er/a.reel", ".").stderr == "3 files left unchanged\n"
    (folder / "empty").mkdir()
    assert run("empty").stderr == "there are no .reel files here\n"


def test_check_names_files_and_changes_none(folder: Path) -> None:
    (folder / "wrong.reel").unlink()
    done = run("--check", ".", code=1)
    assert (done.stdout, done.stderr) == ("ugly.reel\n", "1 file would be reformatted, 1 left unchanged\n")
    assert (folder / "ugly.reel").read_text("utf-8") == UGLY
    run()
    done = run("--check")
    assert (done.stdout, done.stderr) == ("", "2 files left unchanged\n")


def test_quiet_leaves_results_and_faults(folder: Path) -> None:
    done = run("-q", "--check", ".", code=1)
    assert done.stdout == "ugly.reel\n"
    assert "E0104" in done.stderr
    assert "file" not in done.stderr
    assert run("--quiet", "ugly.reel").output == ""


@pytest.mark.parametrize("end", ["\n", "", "\r\n"])
def test_diff_is_a_patch(folder: Path, end: str) -> None:
    (folder / "wrong.reel").unlink()
    content = f"# first{end or chr(10)}let  a=1{end}".encode()
    (folder / "ugly.reel").write_bytes(content)
    done = run("--diff", "--check", ".", code=1)
    assert done.stdout.startswith("--- ugly.reel\n+++ ugly.reel\n@@ ")
    assert (folder / "ugly.reel").read_bytes() == content
    subprocess.run(["git", "init", "-q", "."], check=True)
    subprocess.run(["git", "apply", "-p0", "-"], input=done.stdout_bytes, check=True)
    assert (folder / "ugly.reel").read_bytes() == b"# first\nlet a = 1\n"


def test_line_ends_and_byte_order_mark_go(folder: Path) -> None:
    (folder / "ugly.reel").write_bytes(b"\xef\xbb\xbf" + NEAT.replace("\n", "\r\n").encode())
    assert "1 file reformatted" in run("ugly.reel").stderr
    assert (folder / "ugly.reel").read_bytes() == NEAT.encode()


def test_stdin_to_stdout() -> None:
    done = run("-", stdin=UGLY.encode())
    assert (done.stdout, done.stderr) == (NEAT, "")
    assert run("-", stdin=NEAT.encode()).stdout == NEAT
    assert run("-", "--check", stdin=UGLY.encode(), code=1).stdout == "<stdin>\n"
    assert run("-", "--check", stdin=NEAT.encode()).stdout == ""
    assert run("-", "--diff", stdin=UGLY.encode(), code=1).stdout.endswith("\n-let  a=1 # one\n+let a = 1  # one\n")


@pytest.mark.parametrize(("stdin", "error"), [(WRONG.encode(), "E0104"), (b"\xff\xfe", "E0102")])
def test_nothing_of_a_wrong_stdin_is_written(stdin: bytes, error: str) -> None:
    done = run("-", stdin=stdin, code=1)
    assert done.stdout == ""
    assert error in done.stderr


def test_stdin_stands_alone(folder: Path) -> None:
    assert "stands alone" in run("-", "neat.reel", code=2).stderr


# -- files on the disk -----------------------------------------------------------------------


def test_permissions_stay(folder: Path) -> None:
    file = folder / "ugly.reel"
    file.chmod(0o640)
    run(file)
    assert file.stat().st_mode & 0o7777 == 0o640
    assert file.read_text("utf-8") == NEAT


def test_a_link_stays_a_link(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "ugly.reel").rename(folder / "real" / "ugly.txt")
    link = folder / "link.reel"
    link.symlink_to("real/ugly.txt")
    assert run("--check", "real").stderr == "there are no .reel files here\n"
    assert "1 file" in run(link).stderr
    assert link.is_symlink()
    assert (folder / "real" / "ugly.txt").read_text("utf-8") == NEAT


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "E0711"), (errno.EROFS, "E0718")])
def test_a_file_that_cannot_be_written_stays_whole(
    folder: Path, number: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    done = run("ugly.reel", code=3)
    assert f"error[{code}]: `ugly.reel` cannot be written" in done.stderr
    assert (folder / "ugly.reel").read_text("utf-8") == UGLY
    assert sorted(p.name for p in folder.iterdir()) == ["neat.reel", "ugly.reel", "wrong.reel"]


def test_a_read_only_file_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anything, so the system is not asked.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "permission denied" in run("ugly.reel", code=3).stderr
    assert (folder / "ugly.reel").read_text("utf-8") == UGLY


def test_what_is_no_plain_file_is_not_replaced(folder: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, UGLY.encode())
    os.close(writer)
    done = run(f"/dev/fd/{reader}", code=3)
    os.close(reader)
    assert "no plain file" in done.stderr


def test_a_fault_of_the_printer_is_said_and_the_file_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printer, "print_module", lambda module: "let a = 2\n")
    assert "error[E0999]" in run("ugly.reel", code=3).stderr
    assert (folder / "ugly.reel").read_text("utf-8") == UGLY


def test_a_file_is_never_made_too_large_to_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "MAX_SOURCE", 20)
    (folder / "ugly.reel").write_text("let a=[1,2,3,]\n", "utf-8")
    assert "error[E0103]: `ugly.reel` would become larger" in run("ugly.reel", code=1).stderr
    assert (folder / "ugly.reel").read_text("utf-8") == "let a=[1,2,3,]\n"


def test_a_process_of_its_own(folder: Path) -> None:
    code = "from reelc.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "fmt", "-"], input='let a="光"  # ü\r\n'.encode(), capture_output=True, check=True
    )
    assert done.stdout == 'let a = "光"  # ü\n'.encode()
