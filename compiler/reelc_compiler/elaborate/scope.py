"""Environments: names to values that are found when they are first needed."""

from collections.abc import Callable
from typing import Any

from reelc_compiler.sema.program import ModuleInfo
from reelc_dsl.source import Span


class Stop(Exception):
    """Elaboration of this part cannot go on; the reason has been reported."""


class Cell:
    """A name's value, computed at most once. A failure is remembered and not reported again."""

    __slots__ = ("_compute", "_failed", "_value", "forced", "span")

    def __init__(self, compute: Callable[[], Any], span: Span) -> None:
        self._compute: Callable[[], Any] | None = compute
        self._value: Any = None
        self._failed = False
        self.forced = False
        self.span = span

    @classmethod
    def of(cls, value: Any, span: Span) -> "Cell":
        """A cell whose value is known."""
        cell = cls(lambda: value, span)
        cell.force()
        return cell

    def force(self) -> Any:
        """The value.

        Raises:
            Stop: it has none, and that was said already.
        """
        self.forced = True
        if self._failed:
            raise Stop
        if self._compute is not None:
            compute, self._compute = self._compute, None
            try:
                self._value = compute()
            except Stop:
                self._failed = True
                raise
        return self._value


class Env:
    """Names of a body, then of the bodies around it."""

    __slots__ = ("cells", "module", "parent")

    def __init__(self, module: ModuleInfo, parent: "Env | None" = None) -> None:
        self.module = module
        self.parent = parent
        self.cells: dict[str, Cell] = {}

    def find(self, name: str) -> Cell | None:
        """The cell of a local name."""
        env: Env | None = self
        while env is not None:
            if name in env.cells:
                return env.cells[name]
            env = env.parent
        return None
