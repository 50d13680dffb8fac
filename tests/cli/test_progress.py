"""What a run says while it goes on."""

import pytest

from reelc.cli.progress import Plain, Progress
from reelc_runtime.run import events


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def submitted(prompt: str) -> events.JobSubmitted:
    return events.JobSubmitted(job="01-film", prompt=prompt, attempt=1, nodes=3, attached=False)


def test_a_prompt_that_begins_again_begins_with_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    shown = Plain(clock)
    shown(submitted("a"))
    shown(events.NodeStarted(job="01-film", node="1", title="upscale"))
    clock.now = 60.0
    shown(events.NodeProgress(job="01-film", node="1", title="upscale", value=5, max=12))
    assert "0/3 nodes  upscale  5/12" in capsys.readouterr().err

    shown(submitted("b"))
    shown(events.NodeStarted(job="01-film", node="0", title="load"))
    assert capsys.readouterr().err.splitlines()[-1] == "  [1:00] 0/3 nodes  load"


@pytest.mark.parametrize(("seconds", "said"), [(0.5, "0.5 s"), (1.0, "1 s"), (3.97, "4 s")])
def test_a_retry_says_when(seconds: float, said: str) -> None:
    event = events.StepRetried(job="01-film", step="match", reason="nothing listens there", seconds=seconds)
    assert Progress().sentence(event) == f"  match failed (nothing listens there); again in {said}"
