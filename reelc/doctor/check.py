"""One finding of the doctor, and how a question that fails in a way of its own becomes one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ok", "warn", "fail"]
OK: State = "ok"
WARN: State = "warn"
FAIL: State = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A line.

    Args:
        name: what was looked at, ``python``; stable, for programs.
        state: whether it is well. A warning hinders some uses, a failure all.
        text: what was found, without secrets.
        help: the way out; empty when there is nothing to do.
    """

    name: str
    state: State
    text: str
    help: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a JSON value."""
        return {"name": self.name, "state": self.state, "text": self.text, "help": self.help}


def guarded(name: str, question: Callable[[], Iterable[Check]]) -> list[Check]:
    """The findings of a question; a fault in the question itself is one of them and hides no other."""
    found: list[Check] = []
    try:
        found.extend(question())
    except Exception as error:
        found.append(broken(name, error))
    return found


def broken(name: str, error: BaseException) -> Check:
    """A question that could not be answered because of a fault nobody thought of."""
    text = f"{name}: this could not be found out ({type(error).__name__}: {error})"
    return Check(name=name, state=FAIL, text=text, help="please report this, with all lines of `reelc doctor`")
