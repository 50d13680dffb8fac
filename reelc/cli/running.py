"""What ``run`` and ``preview`` share: progress, results, faults and interrupts as output and exit codes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import click

from reelc.api import Compilation
from reelc.cli.exits import DONE, INPUT_ERRORS, INTERRUPTED, RUN_FAILED
from reelc.cli.output import print_diagnostics, print_json, talk
from reelc.cli.progress import choose, result_line
from reelc.cli.signals import terminable
from reelc.rendering import Job, job_of, std_sources
from reelc_compiler.plan import Plan
from reelc_dsl.diagnostics import Diagnostic, ReelError, Severity
from reelc_dsl.diagnostics.render import json as render_json
from reelc_runtime.run import events

MakeJob = Callable[[Callable[[events.Event], None], Callable[[Diagnostic], None]], Job]


def carry_out(make: MakeJob, go: Callable[[Job], list[events.Written]], *, as_json: bool, quiet: bool) -> int:
    """Run a job and show it.

    Args:
        make: gives the job for who is told.
        go: renders it.

    Returns:
        The exit code.
    """
    progress = choose(as_json, quiet)
    stops: list[events.PromptStopped] = []

    def told(event: events.Event) -> None:
        if isinstance(event, events.PromptStopped):
            stops.append(event)
        progress(event)

    def warn(diagnostic: Diagnostic) -> None:
        progress.close()
        if as_json:
            print_json({"event": "warning", "diagnostic": render_json.one(diagnostic)})
        else:
            print_diagnostics([diagnostic])

    try:
        job = make(told, warn)
    except ReelError as error:
        progress.close()
        _failed(error.diagnostics, as_json)
        return RUN_FAILED
    try:
        with terminable():
            written = go(job)
    except ReelError as error:
        progress.close()
        _failed(error.diagnostics, as_json)
        return RUN_FAILED
    except KeyboardInterrupt:
        progress.close()
        if as_json:
            print_json({"event": "interrupted", "state": str(job.state)})
        else:
            talk(_ended("interrupted", stops, job.out))
        return INTERRUPTED
    except asyncio.CancelledError:
        # Another process wanted it, with `reelc runs cancel`.
        progress.close()
        if as_json:
            print_json({"event": "cancelled", "state": str(job.state)})
        else:
            talk(_ended("cancelled", stops, job.out))
        return INTERRUPTED
    progress.close()
    if not as_json:
        for film in written:
            click.echo(result_line(film))
    return DONE


def _ended(how: str, stops: list[events.PromptStopped], out: Path) -> str:
    """What is true of the worker now: nobody should pay for a job that only seems to have stopped."""
    running = [s for s in stops if not s.confirmed]
    kept = "what was finished is kept: the same command goes on from there"
    if running:
        where = ", ".join(f"{s.prompt} on {s.worker} ({s.reason})" for s in running)
        return f"{how}, but the worker has not confirmed that it stopped: look after {where}; {kept}"
    if stops:
        what = "the job was stopped" if len(stops) == 1 else f"{len(stops)} jobs were stopped"
        return f"{how}: {what} on the worker; nothing was put into {out}; {kept}"
    return f"{how}: nothing was running on the worker; nothing was put into {out}; {kept}"


def _failed(diagnostics: tuple[Diagnostic, ...], as_json: bool) -> None:
    if as_json:
        print_json({"event": "failed", "diagnostics": render_json.to_json(diagnostics)})
    else:
        print_diagnostics(diagnostics)


def compiled_job(done: Compilation, out: Path) -> MakeJob:
    """The job of a compiled file."""

    def make(report: Callable[[events.Event], None], warn: Callable[[Diagnostic], None]) -> Job:
        return job_of(done, out, report, warn)

    return make


def compile_for_run(
    file: Path, overrides: dict[str, str], pipeline: str | None, catalog: str | None, *, as_json: bool
) -> Compilation:
    """Compile, with findings told in the form that was asked for.

    Raises:
        ReelError: the file has errors (without ``as_json``).
        click.exceptions.Exit: likewise, after the event was printed.
    """
    from reelc.api import compile

    try:
        done = compile(file, overrides=overrides, pipeline=pipeline, catalog=catalog)
    except ReelError as error:
        if not as_json:
            raise
        _failed(error.diagnostics, as_json)
        raise click.exceptions.Exit(INPUT_ERRORS) from None
    for said in done.warnings:
        if as_json:
            event = "note" if said.severity is Severity.NOTE else "warning"
            print_json({"event": event, "diagnostic": render_json.one(said)})
        else:
            print_diagnostics([said])
    return done


def plan_job(plan: Plan, folder: Path, inputs: Path | None, out: Path, *, run: str | None = None) -> MakeJob:
    """The job of a plan that was read from a folder; its inputs lie beside the folder unless told."""
    base = inputs if inputs is not None else folder.resolve().parent

    def make(report: Callable[[events.Event], None], warn: Callable[[Diagnostic], None]) -> Job:
        return Job(
            plan=plan,
            input_path=lambda path: base / path,
            inputs=base,
            source=folder.as_posix(),
            sources=std_sources(),
            out=out,
            run=run,
            report=report,
            warn=warn,
        )

    return make
