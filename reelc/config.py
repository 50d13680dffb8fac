"""``reelc.toml``: what a project says once instead of on every command line."""

import tomllib
from pathlib import Path
from typing import Any, cast

from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import BAD_CONFIG
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.records import dataclass

NAME = "reelc.toml"
MAX_BYTES = 2**20
KEYS = {
    "workers": "a list of addresses",
    "out": "a folder",
    "alike": "true or false",
    "stall": "seconds",
    "wait": "seconds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """A worker: its address, and the environment variable that holds its token."""

    url: str
    token_env: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The table ``[run]``; None where nothing is said.

    Args:
        path: the file; None when there is none.
        workers: where to render.
        out: the folder for films; relative to the file.
        alike: whether one worker's results count for the others.
        stall, wait: seconds, as the options of the same names.
    """

    path: Path | None = None
    workers: tuple[WorkerConfig, ...] = ()
    out: Path | None = None
    alike: bool | None = None
    stall: float | None = None
    wait: float | None = None


def find_config(start: Path) -> Config:
    """The configuration beside a file or above it.

    Args:
        start: a file or a folder.

    Raises:
        ReelError: E0725.
    """
    folder = start.resolve()
    for place in (folder, *folder.parents):
        path = place / NAME
        if path.is_file():
            return read_config(path)
    return Config()


def read_config(path: Path) -> Config:
    """A configuration file.

    Raises:
        ReelError: E0725, with the key that is wrong.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _fault(path, "it is larger than 1 MiB")
        value = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise _fault(path, f"it cannot be read: {(error.strerror or '').lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _fault(path, f"it is not TOML: {error}") from None
    for name in value:
        if name != "run":
            raise _fault(path, f"there is no table `[{name}]`", *did_you_mean(name, ["run"]), "the table is `[run]`")
    run = value.get("run", {})
    if not isinstance(run, dict):
        raise _fault(path, "`run` is a table, `[run]`")
    return _run(path, cast(dict[str, Any], run))


def _run(path: Path, run: dict[str, Any]) -> Config:
    for name in run:
        if name not in KEYS:
            known = ", ".join(f"`{k}`" for k in KEYS)
            raise _fault(path, f"`[run]` has no key `{name}`", *did_you_mean(name, list(KEYS)), f"it has {known}")
    return Config(
        path=path,
        workers=_workers(path, run.get("workers", [])),
        out=path.parent / _typed(path, run, "out", str) if "out" in run else None,
        alike=_typed(path, run, "alike", bool) if "alike" in run else None,
        stall=_seconds(path, run, "stall"),
        wait=_seconds(path, run, "wait"),
    )


def _workers(path: Path, value: Any) -> tuple[WorkerConfig, ...]:
    if not isinstance(value, list):
        raise _fault(path, "`workers` is a list of addresses")
    out: list[WorkerConfig] = []
    for item in cast(list[Any], value):
        if isinstance(item, str):
            out.append(WorkerConfig(url=item))
            continue
        entry = cast(dict[str, Any], item) if isinstance(item, dict) else {}
        if not isinstance(entry.get("url"), str) or not set(entry) <= {"url", "token_env"}:
            raise _fault(path, 'a worker is an address, or `{ url = "http://...", token_env = "NAME" }`')
        token = entry.get("token_env")
        if token is not None and not isinstance(token, str):
            raise _fault(path, "`token_env` is the name of an environment variable")
        out.append(WorkerConfig(url=entry["url"], token_env=token))
    return tuple(out)


def _typed(path: Path, run: dict[str, Any], name: str, kind: type[Any]) -> Any:
    if not isinstance(run[name], kind):
        raise _fault(path, f"`{name}` is {KEYS[name]}")
    return run[name]


def _seconds(path: Path, run: dict[str, Any], name: str) -> float | None:
    value = run.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise _fault(path, f"`{name}` is {KEYS[name]}, a number")
    return float(value)


def _fault(path: Path, reason: str, *help_: str) -> ReelError:
    return ReelError([Diagnostic(code=BAD_CONFIG, message=f"`{path}` cannot be used: {reason}", help=help_)])
