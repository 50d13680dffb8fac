"""How much memory a job may take: ``target { ram = 64GB, vram = 24GB }``, and what is usual without it."""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from reelc_compiler.elaborate.reports import own_span
from reelc_compiler.elaborate.scope import Env
from reelc_compiler.ir.graph import MediaGraph, RegionOp
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Label, Sink
from reelc_dsl.diagnostics.codes import LONG_INPUT, MUCH_MEMORY, OUT_OF_RANGE, OVER_TARGET, STAGE_WARNING
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator

# What the settings of a target are about, and what an estimate says of it.
MEMORIES: Mapping[str, str] = {"ram": "host RAM", "vram": "GPU memory"}
# Bytes of host RAM that a worker of 64 GB has for a clip, as the standard library supposes.
USUAL = 48 * 10**9


@dataclass(slots=True)
class Limits:
    """What jobs may take at most, by ``ram`` and ``vram``: bytes, and where that is said."""

    said: dict[str, tuple[int, Span]] = field(default_factory=dict[str, tuple[int, Span]])

    def hear(self, evaluator: "Evaluator", statement: ast.Settings, env: Env) -> None:
        """Take down what a target allows; of several variants the most, which no job of any of them may exceed.

        Raises:
            Stop: it is nothing at all.
        """
        for setting in statement.settings:
            name = setting.name.text
            if name in MEMORIES:
                allowed = int(evaluator.value(setting.value, env).count)
                if allowed <= 0:
                    raise evaluator.stop(OUT_OF_RANGE, f"`{name}` is more than nothing", setting.value.span)
                if name not in self.said or allowed > self.said[name][0]:
                    self.said[name] = (allowed, setting.span)

    def check(self, graph: MediaGraph, needed: frozenset[int], sink: Sink) -> None:
        """Say which stages take more, by their own estimates.

        Args:
            needed: the nodes that the outputs need.
        """
        # What only loads a model may belong to a region of which nothing else is needed.
        used = sorted({region for medium, region in graph.media.items() if medium.ref.op in needed})
        for name in MEMORIES:
            worst: dict[tuple[str, int], tuple[int, RegionOp, Span]] = {}
            for region in (graph.regions[number] for number in used):
                takes = int(region.estimate.get(name, 0))
                span = own_span(region.stack)
                if span is None or takes <= self.said.get(name, (USUAL if name == "ram" else takes,))[0]:
                    continue
                key = (span.source.name, span.start)
                if key not in worst or takes > worst[key][0]:
                    worst[key] = (takes, region, span)
            for takes, region, span in worst.values():
                self._say(name, takes, region, span, sink)

    def _say(self, name: str, takes: int, region: RegionOp, span: Span, sink: Sink) -> None:
        what = f"`{region.stage}` takes about {_gigabytes(takes)} of {MEMORIES[name]}, by its estimate"
        if name in self.said:
            allowed, where = self.said[name]
            sink.add(
                Diagnostic(
                    code=OVER_TARGET,
                    message=f"{what}, and the target is {_gigabytes(allowed)}",
                    span=span,
                    labels=(Label(where, "the target is set here"),),
                    help=("make the clip shorter or its pictures smaller, or take larger workers",),
                    stack=region.stack,
                )
            )
        elif not any(d.span == span and d.code in (STAGE_WARNING, LONG_INPUT) for d in sink):
            # A stage that warns by itself knows better what to do.
            sink.add(
                Diagnostic(
                    code=MUCH_MEMORY,
                    message=f"{what}, and a worker of 64 GB has {_gigabytes(USUAL)} for it",
                    span=span,
                    help=(
                        "make the clip shorter or its pictures smaller",
                        f"or say what your workers have: `target {{ {name} = 256GB }}`",
                    ),
                    stack=region.stack,
                )
            )


def _gigabytes(count: int) -> str:
    return f"{max(count / 10**9, 0.1):.1f}".removesuffix(".0") + " GB"
