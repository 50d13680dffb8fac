"""The media graph as text, for golden files and for people who look for a fault."""

import json

from reelc_compiler.ir.graph import MediaGraph, Medium, Op, Ref
from reelc_compiler.units import rate_text


def dump(graph: MediaGraph) -> str:
    """One line for each node, region, medium and film."""
    lines = ["nodes"]
    lines += [f"  %{op.id} {op.class_type}({_inputs(op)}) {_region(op.region)}" for op in graph.ops]
    lines.append("regions")
    for region in graph.regions:
        stand_in = "" if region.stand_in is None else f" preview {region.stand_in[0]} {json.dumps(region.stand_in[1])}"
        estimate = f" estimate {json.dumps(dict(region.estimate))}" if region.estimate else ""
        lines.append(f"  {_region(region.id)} {region.stage}{stand_in}{estimate}")
    lines.append("media")
    lines += [f"  {_medium(medium)} made by {_region(region)}" for medium, region in graph.media.items()]
    lines.append("films")
    for film in graph.films:
        lines += [
            f"  {film.name} = {_medium(p.clip)}, {film.codec} crf {film.crf}, saved by %{p.save}" for p in film.parts
        ]
        if film.track is not None:
            part = film.track.part
            lines.append(
                f"    sound = {film.track.file if part is None else f'{_medium(part.clip)}, saved by %{part.save}'}"
            )
    return "\n".join(lines) + "\n"


def _inputs(op: Op) -> str:
    return ", ".join(f"{name}: {_value(value)}" for name, value in op.inputs)


def _value(value: object) -> str:
    return f"%{value.op}.{value.slot}" if isinstance(value, Ref) else json.dumps(value, ensure_ascii=False)


def _region(region: int | None) -> str:
    return "" if region is None else f"@{region}"


def _medium(medium: Medium) -> str:
    facts = medium.facts
    rate = "" if facts.fps is None else f" {facts.frames} frames {rate_text(facts.fps)}"
    view = "".join(f" {word}" for word in facts.view)
    return f"%{medium.ref.op}.{medium.ref.slot} {facts.kind} {facts.width}x{facts.height}{rate}{view}"
