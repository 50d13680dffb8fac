"""What a run says while it goes on: lines in a pipe, a block on a terminal, and what is left."""

import pytest

from reelc.cli.moment import Moment
from reelc.cli.progress import Bar, Plain, sentence
from reelc_runtime.run import events

A, B = "http://a:8188", "http://b:8188"


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def started(*jobs: str, workers: tuple[str, ...] = (A,)) -> events.RunStarted:
    return events.RunStarted(run="r", engine="render", workers=workers, jobs=jobs, state="s", resumed=False)


def submitted(job: str = "01-film", worker: str = A, prompt: str = "p") -> events.JobSubmitted:
    return events.JobSubmitted(job=job, worker=worker, prompt=prompt, attempt=1, nodes=3, attached=False)


def done(job: str, seconds: float, worker: str = A) -> events.JobDone:
    return events.JobDone(job=job, worker=worker, seconds=seconds)


def progress(value: float, job: str = "01-film") -> events.NodeProgress:
    return events.NodeProgress(job=job, node="1", title="upscale", value=value, max=12)


def test_a_prompt_that_begins_again_begins_with_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    shown = Plain(clock)
    shown(submitted(prompt="a"))
    shown(events.NodeStarted(job="01-film", node="1", title="upscale"))
    clock.now = 60.0
    shown(progress(5))
    assert "01-film: 0/3 nodes  upscale  5/12" in capsys.readouterr().err

    shown(submitted(prompt="b"))
    shown(events.NodeStarted(job="01-film", node="0", title="load"))
    assert capsys.readouterr().err.splitlines()[-1] == "  [1:00] 01-film: 0/3 nodes  load"


@pytest.mark.parametrize(("seconds", "said"), [(0.5, "0.5 s"), (1.0, "1 s"), (3.97, "4 s")])
def test_a_retry_says_when(seconds: float, said: str) -> None:
    event = events.StepRetried(job="01-film", step="match", reason="nothing listens there", seconds=seconds)
    assert sentence(event) == f"  01-film: match failed (nothing listens there); again in {said}"


def test_a_run_in_a_line_and_each_worker_in_a_line() -> None:
    clock = Clock()
    moment = Moment(clock)
    for event in (
        started("01-animate", "02-film", "03-animate", "04-film", workers=(A, B)),
        submitted("01-animate", A),
        submitted("03-animate", B),
        progress(2, "03-animate"),
    ):
        moment.take(event)
    clock.now = 4.0
    moment.take(progress(6, "03-animate"))
    moment.take(done("01-animate", 4.0))
    assert moment.lines(9) == [
        "[######------------------] 1/4 jobs  0:04",
        f"  {A}  idle",
        f"  {B}  03-animate: 0/3 nodes  upscale  6/12  1.0/s  0:06 left in this node",
    ]
    moment.take(events.WorkerLost(worker=B, reason="gone"))
    assert moment.lines(9)[2] == f"  {B}  does not answer"
    assert len(moment.lines(2)) == 2


def test_what_is_left_is_measured_in_this_run_or_not_said() -> None:
    clock = Clock()
    moment = Moment(clock)
    jobs = ("01-animate", "02-film", "03-animate", "04-film")
    for event in (started(*jobs), submitted("01-animate")):
        moment.take(event)
    assert moment.left() is None
    moment.take(done("01-animate", 100.0))
    assert moment.left() is None  # nothing is known of films yet
    moment.take(done("02-film", 10.0))
    assert moment.left() == 110.0
    moment.take(submitted("03-animate"))
    clock.now = 30.0
    assert moment.left() == 80.0
    moment.take(events.WorkerJoined(worker=B))
    assert moment.left() == 40.0
    moment.take(events.JobReused(job="04-film", made_by="r0"))
    assert moment.left() == 70.0
    moment.take(done("03-animate", 100.0))
    assert moment.left() is None


def test_the_block_on_a_terminal_takes_its_own_lines_away(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    bar = Bar(clock)
    clock.now = 1.0
    bar(started("01-film", workers=(A, B)))
    assert capsys.readouterr().err.count("\n") == 3  # the sentence, and a block of three lines
    bar.say("hello")
    assert capsys.readouterr().err == "\r\x1b[2A\x1b[Jhello\n"
    bar.close()
    assert capsys.readouterr().err == ""
