"""``reelc models ls``"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import options

if TYPE_CHECKING:
    from reelc.models import NeededModel


@click.command("ls")
@options.source
@options.as_json
def command(file: Path, overrides: dict[str, str], pipeline: str | None, catalog: str | None, as_json: bool) -> None:
    """List the model files that FILE needs: size, licence, commercial use, and which line wants them.

    Without --pipeline, those of all of its pipelines. Nothing is downloaded.
    """
    from reelc.cli.output import faults, print_diagnostics, print_json, talk
    from reelc.models import comfyui_of, compiled, needed, total, warnings
    from reelc_dsl.diagnostics.render import json as render_json

    with faults(as_json):
        done = compiled(file, overrides=overrides, pipeline=pipeline, catalog=catalog)
    models = needed(done)
    size, exact, unknown = total(models)
    said = warnings(models)
    if as_json:
        print_json(
            {
                "ok": True,
                "models": [model_json(model) for model in models],
                "total": {"count": len(models), "bytes": size, "exact": exact and not unknown, "unknown": unknown},
                "warnings": [{"message": sentence, "files": list(files)} for sentence, files in said],
                "diagnostics": render_json.to_json(done.found),
            }
        )
        return
    print_diagnostics(done.found)
    if not models:
        talk(f"{file} needs no model files")
        return
    click.echo("\n".join(_lines(models)))
    click.echo(total_line(models, comfyui_of(done)))
    for sentence, files in said:
        click.echo(f"! {sentence}: {', '.join(files)}")


def model_json(model: "NeededModel") -> dict[str, Any]:
    """A model file for programs; null is unknown."""
    return {
        "folder": model.folder,
        "file": model.file,
        "url": model.url,
        "sha256": model.sha256,
        "bytes": model.bytes,
        "exact": model.exact,
        "licence": model.licence,
        "commercial": model.commercial,
        "gated": model.gated,
        "excludes": list(model.excludes),
        "note": model.note,
        "page": model.page,
        "by_pack": model.pack,
        "uses": [{"file": use.file, "line": use.line, "stage": use.stage} for use in model.uses],
    }


def total_line(models: "tuple[NeededModel, ...]", comfyui: str) -> str:
    """``3 files for ComfyUI 0.33.0, about 4.85 GB, and 1 file of unknown size``"""
    from reelc.models import total
    from reelc_compiler.units import bytes_text

    size, exact, unknown = total(models)
    line = f"{_files(len(models))} for {comfyui}"
    if len(models) > unknown:
        line += f", {'' if exact else 'about '}{bytes_text(size)}"
    if unknown:
        line += f"{', and' if len(models) > unknown else ','} {_files(unknown)} of unknown size"
    return line


def _files(count: int) -> str:
    return f"{count} file{'s' if count != 1 else ''}"


def _lines(models: "tuple[NeededModel, ...]") -> list[str]:
    from reelc.cli.table import table

    head = ("FILE", "SIZE", "COMMERCIAL", "LICENCE", "FOR")
    return table(head, [_row(model) for model in models], right="SIZE")


def _row(model: "NeededModel") -> tuple[str, ...]:
    first = model.uses[0]
    more = f" and {len(model.uses) - 1} more" if len(model.uses) > 1 else ""
    wanted = f"{first.file}:{first.line} {first.stage}{more}"
    if model.pack:
        wanted += ", the pack downloads it"
    # A pack's own folder is below ComfyUI, the others are below its models.
    path = f"{model.folder}/{model.file}" if model.pack else f"models/{model.folder}/{model.file}"
    return (path, model.size_text, model.commercial or "unknown", model.licence or "unknown", wanted)
