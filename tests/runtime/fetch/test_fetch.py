"""Downloads against a host that fails in every way: what arrives is right, or is said not to be there."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import model_host
import pytest
from model_host import Host, answering, dripping, dropped, silent, slow, status, without_length, without_ranges

from reelc_runtime.comfy.clock import SystemClock
from reelc_runtime.fetch import FetchFault, FetchRequest, Limits, Outcome, Want, events, fetch
from reelc_runtime.fetch.parts import Part
from reelc_runtime.fetch.verdicts import NAME as VERDICTS
from reelc_runtime.fetch.wants import target_of
from reelc_runtime.run.events import Event

CONTENT = bytes(range(256)) * 1200
# Small pieces, so that little content shows much; nothing of a megabyte counts as progress here.
LIMITS = Limits(connect=5, read=5, chunk=4096, progress=1000, tell=0.0)


class Clock(SystemClock):
    """Waits are noted instead of waited for."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


class Fetcher:
    """Fetches into one folder, and keeps what it was told."""

    def __init__(self, root: Path, host: Host) -> None:
        self.root = root
        self.host = host
        self.clock = Clock()
        self.events: list[Event] = []
        self.limits = LIMITS
        self.jobs = 4
        self.tokens: dict[str, str] = {}
        self.variables: dict[str, str] = {}

    def request(self, *wants: Want) -> FetchRequest:
        return FetchRequest(
            wants=wants,
            root=self.root,
            jobs=self.jobs,
            tokens=self.tokens,
            variables=self.variables,
            clock=self.clock,
            report=self.events.append,
            limits=self.limits,
        )

    async def all(self, *wants: Want) -> tuple[Outcome, ...]:
        return await asyncio.wait_for(fetch(self.request(*wants)), 30)

    async def one(self, want: Want) -> Outcome:
        (outcome,) = await self.all(want)
        return outcome

    async def fault(self, want: Want) -> tuple[str, str]:
        """The code, and all that is said; nothing may be in its place."""
        outcome = await self.one(want)
        assert outcome.fault is not None
        assert not outcome.fetched
        return outcome.fault.code.code, "\n".join([outcome.fault.message, *outcome.fault.help])

    def want(self, path: str, **more: Any) -> Want:
        return Want(folder="vae", file=path.rsplit("/", 1)[-1], url=self.host.url(path), **more)

    def left(self) -> set[str]:
        """The files below the folder."""
        found = {p.relative_to(self.root).as_posix() for p in self.root.rglob("*") if p.is_file()}
        return found - {VERDICTS}

    def starts(self) -> list[int | None]:
        return [asked.start for asked in self.host.asked]


@pytest.fixture
def host() -> Iterator[Host]:
    with model_host.running() as found:
        yield found


@pytest.fixture
def fetcher(tmp_path: Path, host: Host) -> Fetcher:
    return Fetcher(tmp_path / "models", host)


# -- what goes well --------------------------------------------------------------------------


async def test_a_file_comes_whole_and_is_verified(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT)
    outcome = await fetcher.one(fetcher.want("/a.bin", sha256=file.sha256, bytes=len(CONTENT), exact=True))
    assert (outcome.fetched, outcome.sha256, outcome.bytes) == (True, file.sha256, len(CONTENT))
    assert (fetcher.root / "vae" / "a.bin").read_bytes() == CONTENT
    assert fetcher.left() == {"vae/a.bin"}
    assert "authorization" not in host.asked[0].headers
    kinds = [type(e).__name__ for e in fetcher.events]
    assert kinds[:2] == ["FetchStarted", "FileStarted"]
    assert kinds[-1] == "FileFetched"
    assert "FileProgress" in kinds


async def test_an_unknown_hash_is_told(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT)
    outcome = await fetcher.one(fetcher.want("/a.bin", bytes=300_000))
    assert outcome.sha256 == file.sha256
    assert fetcher.events[-1] == events.FileFetched(
        file="vae/a.bin", bytes=len(CONTENT), sha256=file.sha256, known=False
    )


async def test_a_host_that_does_not_say_how_long_it_is(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT, without_length)
    assert (await fetcher.one(fetcher.want("/a.bin"))).bytes == len(CONTENT)


async def test_a_few_at_a_time(fetcher: Fetcher, host: Host) -> None:
    fetcher.jobs = 2
    for i in range(6):
        host.put(f"/{i}.bin", CONTENT, slow(0.05))
    outcomes = await fetcher.all(*(fetcher.want(f"/{i}.bin") for i in range(6)))
    assert all(o.fetched for o in outcomes)
    assert host.most == 2


async def test_a_fault_does_not_keep_the_others(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT)
    bad, good = await fetcher.all(fetcher.want("/gone.bin"), fetcher.want("/a.bin"))
    assert bad.fault is not None
    assert bad.fault.code.code == "E0608"
    assert good.fetched


# -- going on where it broke off -------------------------------------------------------------


async def test_a_transfer_that_breaks_off_goes_on(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT, dropped(100_000), dropped(50_000))
    outcome = await fetcher.one(fetcher.want("/a.bin", sha256=file.sha256))
    assert outcome.sha256 == file.sha256
    assert fetcher.starts() == [None, 100_000, 150_000]
    assert [asked.headers.get("if-range") for asked in host.asked] == [None, '"v1"', '"v1"']
    # There was progress: the waits do not grow.
    assert fetcher.clock.waits == [0.5, 0.5]


async def test_a_later_process_goes_on(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT, silent(100_000))
    task = asyncio.ensure_future(fetch(fetcher.request(fetcher.want("/a.bin"))))
    while not any(isinstance(e, events.FileProgress) and e.done >= 90_000 for e in fetcher.events):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert fetcher.left() == {"vae/a.bin.part", "vae/a.bin.part.json"}
    had = (fetcher.root / "vae" / "a.bin.part").stat().st_size
    assert had >= 90_000
    assert len(asyncio.all_tasks()) == 1
    outcome = await fetcher.one(fetcher.want("/a.bin"))
    assert outcome.sha256 == file.sha256
    assert fetcher.starts() == [None, had]
    assert fetcher.left() == {"vae/a.bin"}


async def test_another_version_is_begun_anew(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT, dropped(100_000))
    fetcher.limits = replace(LIMITS, attempts=1)
    await fetcher.fault(fetcher.want("/a.bin"))
    file.content, file.etag = CONTENT[::-1], '"v2"'
    assert (await fetcher.one(fetcher.want("/a.bin"))).sha256 == file.sha256
    assert host.asked[-1].start == 100_000


async def test_without_a_mark_and_without_a_hash_nothing_is_trusted(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT, dropped(100_000), etag=None)
    assert (await fetcher.one(fetcher.want("/a.bin"))).sha256 == file.sha256
    assert fetcher.starts() == [None, None]


async def test_a_weak_mark_is_none(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT, dropped(100_000), etag='W/"v1"')
    await fetcher.one(fetcher.want("/a.bin"))
    assert fetcher.starts() == [None, None]


async def test_a_known_hash_does_without_a_mark(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT, dropped(100_000), etag=None)
    assert (await fetcher.one(fetcher.want("/a.bin", sha256=file.sha256))).fetched
    assert fetcher.starts() == [None, 100_000]


async def test_a_host_without_ranges(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT, dropped(100_000))
    file.always = without_ranges
    assert (await fetcher.one(fetcher.want("/a.bin", sha256=file.sha256))).fetched


async def test_a_damaged_part_is_transferred_again(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT)
    part = fetcher.root / "vae" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 100_000)
    assert (await fetcher.one(fetcher.want("/a.bin", sha256=file.sha256))).sha256 == file.sha256
    assert fetcher.starts() == [100_000, None]


@pytest.mark.parametrize("known", [True, False])
async def test_a_part_that_is_whole_already(fetcher: Fetcher, host: Host, known: bool) -> None:
    file = host.put("/a.bin", CONTENT)
    part = fetcher.root / "vae" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT)
    url = host.url("/a.bin")
    part.with_name("a.bin.part.json").write_text(f'{{"url": "{url}", "etag": "\\"v1\\"", "total": {len(CONTENT)}}}')
    want = fetcher.want("/a.bin", sha256=file.sha256 if known else None)
    assert (await fetcher.one(want)).sha256 == file.sha256
    # With its hash known nobody need be asked; else the host says that there is no more (416).
    assert fetcher.starts() == ([] if known else [len(CONTENT)])


async def test_a_part_that_is_too_long(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT)
    part = fetcher.root / "vae" / "a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT + b"more")
    assert (await fetcher.one(fetcher.want("/a.bin", sha256=file.sha256))).fetched
    assert fetcher.starts() == [len(CONTENT) + 4, None]


async def test_a_range_that_begins_elsewhere(fetcher: Fetcher, host: Host) -> None:
    odd = answering(CONTENT[5:], 206, Content_Range=f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}", ETag='"v1"')
    file = host.put("/a.bin", CONTENT, dropped(100_000), odd)
    assert (await fetcher.one(fetcher.want("/a.bin"))).sha256 == file.sha256


async def test_two_processes_do_not_write_one_part(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT)
    with Part(fetcher.root / "vae" / "a.bin", "vae/a.bin"):
        code, said = await fetcher.fault(fetcher.want("/a.bin"))
    assert code == "E0608"
    assert "another process" in said


# -- hosts that fail -------------------------------------------------------------------------


async def test_a_wrong_hash_is_thrown_away(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT)
    code, said = await fetcher.fault(fetcher.want("/a.bin", sha256="0" * 64))
    assert code == "E0610"
    assert "reel.lock" in said
    assert fetcher.left() == set()
    assert len(host.asked) == 1


@pytest.mark.parametrize(("expected", "exact"), [(1000, True), (10**9, False), (10, False)])
async def test_a_wrong_length_is_not_transferred(fetcher: Fetcher, host: Host, expected: int, exact: bool) -> None:
    host.put("/a.bin", CONTENT)
    code, said = await fetcher.fault(fetcher.want("/a.bin", bytes=expected, exact=exact))
    assert code == "E0610"
    assert str(len(CONTENT)) in said
    assert fetcher.left() == set()


async def test_a_wrong_length_that_was_not_said(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT, without_length)
    assert (await fetcher.fault(fetcher.want("/a.bin", bytes=1000, exact=True)))[0] == "E0610"
    assert fetcher.left() == set()


async def test_no_file_is_larger_than_any_is(fetcher: Fetcher, host: Host) -> None:
    fetcher.limits = replace(LIMITS, largest=1000)
    host.put("/a.bin", CONTENT)
    host.put("/b.bin", CONTENT).always = without_length
    assert (await fetcher.fault(fetcher.want("/a.bin")))[0] == "E0610"
    assert (await fetcher.fault(fetcher.want("/b.bin")))[0] == "E0608"


@pytest.mark.parametrize("code", [404, 410])
async def test_a_file_that_is_gone(fetcher: Fetcher, host: Host, code: int) -> None:
    host.put("/a.bin", CONTENT, status(code))
    assert (await fetcher.fault(fetcher.want("/a.bin")))[0] == "E0608"
    assert len(host.asked) == 1


async def test_a_repository_that_is_gone_is_no_gate(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT, status(401, X_Error_Code="RepoNotFound"))
    assert (await fetcher.fault(fetcher.want("/a.bin")))[0] == "E0608"


async def test_a_web_page_is_no_model(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT, answering(b"<html>", Content_Type="text/html; charset=utf-8"))
    code, said = await fetcher.fault(fetcher.want("/a.bin"))
    assert (code, "web page" in said) == ("E0608", True)


async def test_compression_is_not_asked_for(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT, answering(b"x", Content_Encoding="gzip"))
    assert (await fetcher.fault(fetcher.want("/a.bin")))[0] == "E0608"
    assert host.asked[0].headers["accept-encoding"] == "identity"


async def test_a_busy_host_is_waited_for_as_it_asks(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT, status(429, Retry_After="7"), status(503), status(503, Retry_After="100000"))
    assert (await fetcher.one(fetcher.want("/a.bin"))).fetched
    assert fetcher.clock.waits == [7.0, 1.0, LIMITS.retry_after]
    assert [e.wait for e in fetcher.events if isinstance(e, events.FileRetried)] == fetcher.clock.waits


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
async def test_a_host_that_stays_broken_is_given_up(fetcher: Fetcher, host: Host, code: int) -> None:
    host.put("/a.bin", CONTENT, dropped(100_000)).always = status(code)
    said = await fetcher.fault(fetcher.want("/a.bin"))
    assert said[0] == "E0608"
    assert f"status {code}" in said[1]
    assert len(host.asked) == 1 + LIMITS.attempts - 1
    assert fetcher.left() == {"vae/a.bin.part", "vae/a.bin.part.json"}


async def test_an_odd_status(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT, status(418))
    assert "418" in (await fetcher.fault(fetcher.want("/a.bin")))[1]


async def test_nobody_answers(fetcher: Fetcher, host: Host) -> None:
    want = Want(folder="vae", file="a.bin", url="http://127.0.0.1:1/a.bin")
    code, said = await fetcher.fault(want)
    assert (code, "cannot be reached" in said) == ("E0608", True)
    assert len(fetcher.clock.waits) == LIMITS.attempts - 1
    assert fetcher.left() == set()


async def test_silence_is_not_waited_out(fetcher: Fetcher, host: Host) -> None:
    fetcher.limits = replace(LIMITS, read=0.3)
    file = host.put("/a.bin", CONTENT, silent(100_000))
    assert (await fetcher.one(fetcher.want("/a.bin"))).sha256 == file.sha256
    assert fetcher.starts() == [None, 100_000]


async def test_a_drip_is_not_waited_out(fetcher: Fetcher, host: Host) -> None:
    fetcher.limits = replace(LIMITS, window=0.2, least=1000)
    file = host.put("/a.bin", CONTENT, dripping)
    assert (await fetcher.one(fetcher.want("/a.bin"))).sha256 == file.sha256
    assert any("next to nothing" in e.reason for e in fetcher.events if isinstance(e, events.FileRetried))


# -- tokens, and hosts that send on ----------------------------------------------------------


async def test_a_token_goes_to_its_host_and_to_no_other(fetcher: Fetcher, host: Host) -> None:
    fetcher.tokens = {"localhost": "secret-token"}
    host.put("/a.bin", b"", status(302, Location=host.url("/real.bin")))
    file = host.put("/real.bin", CONTENT)
    want = Want(folder="vae", file="a.bin", url=host.url("/a.bin", "localhost"))
    assert (await fetcher.one(want)).sha256 == file.sha256
    assert [asked.headers.get("authorization") for asked in host.asked] == ["Bearer secret-token", None]
    assert "secret-token" not in repr(fetcher.request(want)) + repr(fetcher.events)


async def test_ranges_survive_being_sent_on(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", b"").always = status(307, Location="/real.bin")
    file = host.put("/real.bin", CONTENT, dropped(100_000))
    assert (await fetcher.one(fetcher.want("/a.bin"))).sha256 == file.sha256
    assert [a.start for a in host.asked if a.path == "/real.bin"] == [None, 100_000]


@pytest.mark.parametrize("to", ["http://example.com/a.bin", "ftp://127.0.0.1/a.bin", "file:///etc/passwd", "//x y/"])
async def test_nobody_is_sent_on_to_what_is_not_safe(fetcher: Fetcher, host: Host, to: str) -> None:
    host.put("/a.bin", CONTENT, status(302, Location=to))
    code, said = await fetcher.fault(fetcher.want("/a.bin"))
    assert code == "E0612", said


async def test_a_circle_of_hosts(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT).always = status(302, Location="/a.bin")
    assert (await fetcher.fault(fetcher.want("/a.bin")))[0] == "E0608"
    assert len(host.asked) == LIMITS.redirects + 1


async def test_an_address_that_was_signed_for_a_while_is_asked_for_again(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", b"").always = status(302, Location=host.url("/real.bin", "localhost"))
    host.put("/real.bin", CONTENT, status(403))
    assert (await fetcher.one(fetcher.want("/a.bin"))).fetched


@pytest.mark.parametrize("code", [401, 403])
async def test_a_gated_file(fetcher: Fetcher, host: Host, code: int) -> None:
    host.put("/a.bin", CONTENT).always = status(code)
    want = fetcher.want("/a.bin", page="https://huggingface.co/a/b")
    said = [await fetcher.fault(want)]
    fetcher.variables = {"127.0.0.1": "HF_TOKEN"}
    said.append(await fetcher.fault(want))
    fetcher.tokens = {"127.0.0.1": "secret-token"}
    said.append(await fetcher.fault(want))
    assert {c for c, _ in said} == {"E0609"}
    assert all("https://huggingface.co/a/b" in text for _, text in said)
    assert "by hand" in said[0][1]
    assert "environment variable HF_TOKEN" in said[1][1]
    assert "account of HF_TOKEN" in said[2][1]
    assert "secret-token" not in repr(said)
    assert len(host.asked) == 3


@pytest.mark.parametrize(
    "url", ["http://example.com/a.bin", "ftp://example.com/a", "https://u:p@example.com/a", "http://[x", "/a.bin"]
)
async def test_an_address_that_is_not_safe_is_not_asked(fetcher: Fetcher, url: str) -> None:
    code, said = await fetcher.fault(Want(folder="vae", file="a.bin", url=url))
    assert code == "E0612"
    assert "u:p" not in said


async def test_a_file_that_comes_from_nowhere(fetcher: Fetcher) -> None:
    code, said = await fetcher.fault(Want(folder="vae", file="a.bin"))
    assert (code, "reel.lock" in said) == ("E0611", True)


# -- files that are there --------------------------------------------------------------------


def _there(fetcher: Fetcher, content: bytes) -> Path:
    path = fetcher.root / "vae" / "a.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


async def test_a_file_that_is_there_is_not_fetched_again(
    fetcher: Fetcher, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = host.put("/a.bin", CONTENT)
    path = _there(fetcher, CONTENT)
    want = fetcher.want("/a.bin", sha256=file.sha256)
    outcome = await fetcher.one(want)
    assert (outcome.fetched, outcome.sha256, outcome.fault) == (False, file.sha256, None)
    assert host.asked == []
    assert events.FilePresent(file="vae/a.bin", checked="sha256") in fetcher.events

    def read(path: Path) -> str:
        raise AssertionError("it was read before")

    monkeypatch.setattr("reelc_runtime.fetch.verdicts.sha256_of", read)
    assert (await fetcher.one(want)).sha256 == file.sha256
    monkeypatch.undo()
    # A file that was touched is read again.
    path.write_bytes(CONTENT[::-1])
    os.utime(path, (1, 1))
    assert (await fetcher.fault(want))[0] == "E0610"
    assert path.read_bytes() == CONTENT[::-1]


async def test_what_was_downloaded_need_not_be_read_again(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT)
    await fetcher.one(fetcher.want("/a.bin"))
    again = await fetcher.one(fetcher.want("/a.bin"))
    # Its hash is remembered from the download, so that a lock that is written later can have it.
    assert (again.fetched, again.sha256) == (False, file.sha256)


@pytest.mark.parametrize(
    ("size", "exact", "right"), [(len(CONTENT), True, True), (10, True, False), (10, False, False)]
)
async def test_a_file_that_is_there_is_checked_by_its_size(
    fetcher: Fetcher, size: int, exact: bool, right: bool
) -> None:
    _there(fetcher, CONTENT)
    outcome = await fetcher.one(fetcher.want("/a.bin", bytes=size, exact=exact))
    assert (outcome.fault is None) is right


async def test_nothing_is_written_over_a_folder(fetcher: Fetcher, host: Host) -> None:
    host.put("/a.bin", CONTENT)
    (fetcher.root / "vae" / "a.bin").mkdir(parents=True)
    assert (await fetcher.fault(fetcher.want("/a.bin")))[0] == "E0610"


async def test_broken_verdicts_are_none(fetcher: Fetcher, host: Host) -> None:
    file = host.put("/a.bin", CONTENT)
    _there(fetcher, CONTENT)
    (fetcher.root / VERDICTS).write_text('{"vae/a.bin": 3, "x": [1]}')
    assert (await fetcher.one(fetcher.want("/a.bin", sha256=file.sha256))).sha256 == file.sha256


# -- the disk --------------------------------------------------------------------------------


class Usage(NamedTuple):
    total: int
    used: int
    free: int


async def test_there_must_be_room_for_all(fetcher: Fetcher, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 0, 10**6))
    host.put("/a.bin", CONTENT)
    with pytest.raises(FetchFault) as caught:
        await fetcher.all(fetcher.want("/a.bin", bytes=300_000), fetcher.want("/b.bin", bytes=10**6))
    assert caught.value.diagnostic.code.code == "E0711"
    assert host.asked == []


async def test_there_must_be_room_for_what_nobody_knew(
    fetcher: Fetcher, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 0, 1000))
    host.put("/a.bin", CONTENT)
    assert (await fetcher.fault(fetcher.want("/a.bin")))[0] == "E0711"
    assert fetcher.left() == set()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
async def test_a_folder_that_cannot_be_written(fetcher: Fetcher, host: Host) -> None:
    fetcher.root.mkdir(mode=0o500)
    host.put("/a.bin", CONTENT)
    assert (await fetcher.fault(fetcher.want("/a.bin")))[0] == "E0718"


async def test_a_folder_that_is_a_file(fetcher: Fetcher) -> None:
    fetcher.root.write_text("x")
    with pytest.raises(FetchFault) as caught:
        await fetcher.all()
    assert caught.value.diagnostic.code.code == "E0718"


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        ("vae", "../../etc/passwd"),
        ("..", "x.bin"),
        ("/etc", "x.bin"),
        ("vae", "/etc/x.bin"),
        ("vae", "a\\..\\x.bin"),
        ("vae", "C:x.bin"),
        ("vae", "a//b.bin"),
        ("vae", ""),
        ("vae", "nul.bin"),
        ("vae", "a\nb.bin"),
        ("vae", "a\0b.bin"),
        ("vae", "x. "),
        ("vae", "x."),
    ],
)
async def test_names_do_not_lead_out(fetcher: Fetcher, folder: str, file: str) -> None:
    outcome = await fetcher.one(Want(folder=folder, file=file, url="https://example.com/x.bin"))
    assert outcome.fault is not None
    assert outcome.fault.code.code == "E0612"
    assert fetcher.left() == set()


def test_a_name_may_lead_into_a_folder(tmp_path: Path) -> None:
    assert target_of(tmp_path, Want(folder="loras", file="wan/a b.bin")) == tmp_path / "loras" / "wan" / "a b.bin"
