"""Notices as they are collected: what fails when the graph runs, and what is probably not meant."""

from dataclasses import field

from reelc_compiler.target.comfyui.verdict import Notice
from reelc_dsl.records import dataclass


@dataclass(slots=True)
class Report:
    """What was found about one graph.

    Attributes:
        failures: ComfyUI accepts it, and it fails when it runs.
        warnings: ComfyUI runs it.
        idle: nodes that a switch keeps from running: what would fail there does not.
    """

    failures: list[Notice] = field(default_factory=list[Notice])
    warnings: list[Notice] = field(default_factory=list[Notice])
    idle: frozenset[str] = frozenset()

    def fail(self, kind: str, node: str, name: str | None, message: str, near: tuple[str, ...] = ()) -> None:
        """Add a failure; what kills the server does so on any node."""
        idle = node in self.idle and kind != "kills_server"
        (self.warnings if idle else self.failures).append(Notice(kind, node, name, message, near))

    def warn(self, kind: str, node: str, name: str | None, message: str, near: tuple[str, ...] = ()) -> None:
        """Add a warning."""
        self.warnings.append(Notice(kind, node, name, message, near))
