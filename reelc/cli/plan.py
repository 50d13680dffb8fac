"""``reelc plan``"""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import options
from reelc.cli.exits import INPUT_ERRORS
from reelc.cli.output import print_diagnostics, print_json

if TYPE_CHECKING:
    from reelc_compiler.plan import Encode, Facts, Job, Output, Plan


@click.command("plan")
@options.source
@click.option("--explain", is_flag=True, help="Say of each job why it is one of its own.")
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON.")
def command(
    file: Path, overrides: dict[str, str], pipeline: str | None, catalog: str | None, explain: bool, as_json: bool
) -> None:
    """Show what FILE would make: jobs, sizes, frames and durations, models and node packs.

    Nothing is rendered, sent or written. Minutes and cost are not estimated yet.
    """
    from reelc.api import compile
    from reelc_dsl.diagnostics import ReelError
    from reelc_dsl.diagnostics.render import json as render_json

    try:
        done = compile(file, overrides=overrides, pipeline=pipeline, catalog=catalog)
    except ReelError as error:
        if not as_json:
            raise
        print_json({"ok": False, "diagnostics": render_json.to_json(error.diagnostics)})
        raise click.exceptions.Exit(INPUT_ERRORS) from None
    print_diagnostics(done.warnings)
    if as_json:
        print_json(done.plan.to_json())
    else:
        click.echo("\n".join(_lines(done.plan, explain=explain)))


def _lines(plan: "Plan", *, explain: bool) -> list[str]:
    from reelc_compiler.catalog import version_text

    lines = [f"{plan.pipeline}, for {version_text(plan.catalog.comfyui)} (catalog {plan.catalog.name})", ""]
    for name, value in plan.params.items():
        lines.append(f"  {name} = {_short(value)}")
    if plan.params:
        lines.append("")
    for job in plan.jobs:
        lines += _job(job)
        if explain:
            from reelc.cli.explaining import reasons

            lines[-1:] = [*(f"  - {reason}" for reason in reasons(plan, job)), ""]
    lines.append("Outputs")
    for output in plan.outputs:
        encode = output.encode
        name = output.file if output.join == "copy" else f"{output.file}/"
        lines.append(f"  {name:<16} {_facts(output.facts)}, {_how(encode)}{_sound(output, plan)}")
    for save in plan.saves:
        lines.append(f"  {save.name:<16} what the node {save.class_type} saves: size and number are not known")
    return lines


def _how(encode: "Encode") -> str:
    from reelc_compiler.codecs import CODECS

    if CODECS[encode.codec].crf is None:
        return f"{encode.codec}, {encode.color}"
    quality = "in a quality that ComfyUI chooses" if encode.crf is None else f"crf {encode.crf}"
    return f"{encode.codec} {quality}, {encode.color}"


def _sound(output: "Output", plan: "Plan") -> str:
    if output.sound is None:
        return ""
    given = next((i.path for i in plan.inputs if i.id == output.sound.input), None)
    return f", with {given if given is not None else 'the sound of ' + str(output.sound.artifact)}"


def _job(job: "Job") -> list[str]:
    lines = [f"Job {job.id}: {len(job.graph)} nodes"]
    for region in job.regions:
        made = [_facts(job.media[m].facts) for m in region.media_out]
        lines.append(f"  {region.stage:<24} {', '.join(made) if made else 'writes the file'}")
    for model in job.needs.models:
        size = f"{model.bytes / 1e9:.2f} GB" if model.bytes is not None else "size unknown"
        licence = model.licence or "licence unknown"
        lines.append(f"  needs models/{model.folder}/{model.file} ({size}, {licence})")
    for pack in job.needs.packs:
        at = f"at {pack.commit[:12]}" if pack.commit else "at an unknown commit"
        lines.append(f"  needs the node pack {pack.name} {at} ({', '.join(pack.classes)})")
    if job.needs.vram is not None:
        lines.append(f"  about {job.needs.vram / 1e9:g} GB of GPU memory, as its stages estimate")
    if job.needs.ram is not None:
        lines.append(f"  about {job.needs.ram / 1e9:.1f} GB of host memory, as its stages estimate")
    lines.append("")
    return lines


def _facts(facts: "Facts") -> str:
    from reelc_compiler.units import decimal_text, rate_text

    if facts.kind == "audio":
        return f"{decimal_text(facts.duration or Fraction(0), 3)} s of sound"
    size = f"{facts.width}x{facts.height}"
    if facts.fps is not None and facts.duration is not None:
        size += f", {facts.frames} frames at {rate_text(facts.fps)}, {decimal_text(facts.duration, 3)} s"
    return ", ".join((size, *facts.view))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
