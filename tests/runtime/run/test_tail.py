"""A log that is followed while it grows."""

from pathlib import Path

import pytest
from runtime.run.test_record import info

from reelc_runtime.run.record import DONE, RunFolder
from reelc_runtime.run.tail import tail


class Script:
    """A clock during whose sleeps things happen."""

    def __init__(self, *steps: object) -> None:
        self.steps = list(steps)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        step = self.steps.pop(0)
        assert callable(step)
        step()


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "runs" / "one", lambda: 1.0)
    run.lock()
    run.write(info("one"))
    return run


def write(run: RunFolder, text: str) -> None:
    with (run.folder / "events.jsonl").open("a") as log:
        log.write(text)


async def test_lines_come_as_they_are_whole_and_the_last_words_are_not_missed(run: RunFolder) -> None:
    looker = RunFolder(run.folder, lambda: 1.0)
    write(run, "one\ntw")

    def ends() -> None:
        run.write(info("one", DONE))
        write(run, "three\n")
        run.unlock()

    def dies_in_the_middle() -> None:
        write(run, "fo")

    clock = Script(lambda: None, lambda: write(run, "o\n"), ends, dies_in_the_middle)
    assert [line async for line in tail(looker, clock, follow=True)] == ["one", "two", "three"]
    assert clock.steps == [dies_in_the_middle]


async def test_without_following_it_ends_at_once(run: RunFolder) -> None:
    write(run, "one\n\xff\n")
    looker = RunFolder(run.folder, lambda: 1.0)
    assert [line async for line in tail(looker, Script(), follow=False)] == ["one", "\xff"]
    run.unlock()


async def test_a_log_that_is_not_there_yet_is_waited_for(run: RunFolder) -> None:
    looker = RunFolder(run.folder, lambda: 1.0)
    clock = Script(lambda: write(run, "one\n"), run.unlock)
    assert [line async for line in tail(looker, clock, follow=True)] == ["one"]
