"""Reading a plan's folder, with limits: a plan may come from anywhere."""

import json
from pathlib import Path
from typing import Any

from reelc_compiler.plan import Plan, PlanError
from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import BAD_PLAN

MAX_FILE = 64 * 2**20
MAX_JOBS = 10_000


def is_plan(path: Path) -> bool:
    """Whether a path is a plan's folder or its plan.json."""
    return path.name == "plan.json" or (path.is_dir() and (path / "plan.json").is_file())


def read_plan(path: Path) -> Plan:
    """The plan in a folder.

    Raises:
        ReelError: E0719.
    """
    folder = path.parent if path.name == "plan.json" else path
    try:
        files: dict[str, Any] = {"plan.json": _json(folder, "plan.json")}
        if (folder / "spans.json").is_file():
            files["spans.json"] = _json(folder, "spans.json")
        for job in sorted((folder / "jobs").glob("*.json"))[:MAX_JOBS]:
            files[f"jobs/{job.name}"] = _json(folder, f"jobs/{job.name}")
        return Plan.from_files(files)
    except (PlanError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = str(error) if isinstance(error, PlanError) else "its parts do not fit together"
        raise _fault(folder, reason) from None


def _json(folder: Path, name: str) -> Any:
    path = folder / name
    try:
        if path.stat().st_size > MAX_FILE:
            raise PlanError(f"{name} is larger than {MAX_FILE // 2**20} MiB")
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PlanError(f"{name} cannot be read: {(error.strerror or '').lower()}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise PlanError(f"{name} is not JSON") from None


def _fault(folder: Path, reason: str) -> ReelError:
    return ReelError(
        [
            Diagnostic(
                code=BAD_PLAN,
                message=f"the plan in `{folder}` cannot be used: {reason}",
                help=("write it again with `reelc compile`",),
            )
        ]
    )
