"""``reelc runs show``"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reelc.state import Place
    from reelc_dsl.diagnostics import Diagnostic
    from reelc_runtime.run.record import Info, RunFolder
    from reelc_runtime.run.view import JobView


@click.command("show")
@click.argument("run", metavar="RUN")
@options.out("The folder of the films whose runs are meant.")
@options.as_json
def command(run: str, out: Path | None, as_json: bool) -> None:
    """Show RUN: how it stands, its jobs with steps, workers and files, and what it failed with."""
    from reelc.cli.output import faults, print_diagnostics, print_json
    from reelc.state import find_place

    with faults(as_json):
        place = find_place(out)
        folder = place.runs().named(run)
        found = _look(place, folder)
    if as_json:
        print_json(found)
        return
    click.echo("\n".join(_lines(found)))
    print_diagnostics(_diagnostics(found["diagnostics"]))
    print_diagnostics(_diagnostics(found["unread"]))


# -- looking -----------------------------------------------------------------------------------


def _look(place: "Place", folder: "RunFolder") -> dict[str, Any]:
    """Everything that is known of a run, as a JSON value."""
    from dataclasses import asdict

    from reelc_dsl.diagnostics import ReelError
    from reelc_runtime.run import faults
    from reelc_runtime.run.record import RUNNING, unknown_run

    standing = folder.standing()
    if standing is None:
        raise unknown_run(place.state, folder.name)
    info, state = standing
    unread: list[Any] = []

    def tried(look: Any) -> Any:
        try:
            return look()
        except ReelError as error:
            unread.extend(faults.to_json(d) for d in error.diagnostics)
            return None

    names = tried(lambda: _names(folder, info))
    recorded = tried(lambda: _recorded(place, info))
    jobs = [_job(place, job) for job in _jobs(folder, names, recorded, alive=state == RUNNING)]
    return {
        **asdict(info),
        "state": state,
        "folder": str(folder.folder),
        "films": [{"path": film, "bytes": _size(Path(film))} for film in info.films],
        "jobs": jobs,
        "diagnostics": _last_words(folder) if state == "failed" else [],
        "unread": unread,
    }


def _names(folder: "RunFolder", info: "Info") -> list[str]:
    from reelc.runs import kept_plan
    from reelc_runtime.run.until import goal_of

    return list(goal_of(kept_plan(folder), info.until or None).jobs)


def _recorded(place: "Place", info: "Info") -> list[dict[str, Any]] | None:
    """What the engine recorded; previews are carried out without a memory."""
    from reelc.runs import recorded

    return None if info.engine == "preview" else recorded(place, info.run)


def _jobs(folder: "RunFolder", names: Any, recorded: Any, *, alive: bool) -> "list[JobView]":
    from reelc_runtime.run.view import jobs_of

    return jobs_of(names, recorded, folder.told(), alive=alive)


def _job(place: "Place", job: "JobView") -> dict[str, Any]:
    from dataclasses import asdict

    value = asdict(job)
    if job.steps is not None:
        value["steps"] = [{**asdict(step), "seconds": step.seconds} for step in job.steps]
    for file in value["files"]:
        file["kept"] = None if file["path"] is None else (place.state / "store" / file["path"]).is_file()
    return value


def _last_words(folder: "RunFolder") -> list[Any]:
    """What the run failed with, as its log has it."""
    from reelc_runtime.run.faults import told_faults

    ends = [entry for entry in folder.told() if entry.get("event") == "failed"]
    found = told_faults(ends[-1]) if ends else []
    # Jobs that wait for the same worker fail with the same words.
    return [fault for i, fault in enumerate(found) if fault not in found[:i]]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _diagnostics(values: list[Any]) -> "list[Diagnostic]":
    from reelc_runtime.run.faults import from_json

    return [from_json(value) for value in values]


# -- for people --------------------------------------------------------------------------------


def _lines(found: dict[str, Any]) -> "Iterator[str]":
    from reelc.cli.table import moment_text, size_text

    yield f"{found['run']}: {found['state']}"
    facts = [
        ("pipeline", f"{found['pipeline']}, from {found['source']}"),
        ("engine", found["engine"] + (f", until {found['until']}" if found["until"] else "")),
        ("started", moment_text(found["created"])),
        ("changed", moment_text(found["changed"])),
        ("process", f"{found['pid']} on {found['host']}" + _again(found["generation"])),
        ("workers", ", ".join(found["workers"]) + (" (alike)" if found["alike"] else "")),
        ("inputs", found["inputs"]),
        ("films go to", found["out"]),
        ("folder", found["folder"]),
    ]
    yield from (f"  {name:<11} {value}" for name, value in facts)
    yield ""
    yield "Jobs" if found["jobs"] else "Jobs: unknown"
    for job in found["jobs"]:
        yield from _job_lines(job, found["generation"])
    yield ""
    yield "Films" if found["films"] else "Films: none yet" if found["state"] != "done" else "Films: none"
    for film in found["films"]:
        yield f"  {film['path']}  {size_text(film['bytes']) if film['bytes'] is not None else 'no longer there'}"


def _again(generation: int) -> str:
    return "" if generation == 1 else f", begun {generation} times"


def _job_lines(job: dict[str, Any], generation: int) -> "Iterator[str]":
    from reelc.cli.table import seconds_text, size_text

    yield f"  {job['job']}: {_state(job, generation)}"
    if job["steps"]:
        steps = [f"{s['name']} {seconds_text(s['seconds'])}" for s in job["steps"]]
        yield f"    {', '.join(steps)}"
    elif job["steps"] is None and job["state"] not in ("waiting", "not begun"):
        yield "    its steps are not recorded"
    for file in job["files"]:
        gone = " (no longer in the store)" if file["kept"] is False else ""
        yield f"    {file['artifact']}  {size_text(file['bytes'])}{gone}"
    for fault in job["faults"]:
        yield f"    {fault['code']}: {fault['message']}"


def _state(job: dict[str, Any], generation: int) -> str:
    """How a job stands, in a line."""
    from reelc.cli.table import seconds_text

    said = [job["state"]]
    if job["how"] == "reused":
        said.append(f"made by {'an earlier run' if job['made_by'] is None else 'run ' + job['made_by']}")
    if job["step"] is not None:
        said.append(f"now: {job['step']}")
    if job["worker"] is not None:
        said.append(f"on {job['worker']}")
    if job["attempts"] is not None and job["attempts"] > 1:
        said.append(f"attempt {job['attempts']}")
    if job["seconds"] is not None:
        said.append(seconds_text(job["seconds"]))
    if job["generation"] is not None and job["generation"] < generation:
        said.append("before the run was begun again")
    return ", ".join(said)
