"""``film.takes.toml``: which takes were chosen, by the names that the program derives seeds from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from reelc_compiler.elaborate.functions import SEED_LIMIT
from reelc_compiler.texts import toml_key
from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import BAD_TAKES

MOST_BYTES = 1_000_000
HEAD = """# Takes that were chosen: the seed for each name from which the program derives one.
# `reelc take` writes this file; it belongs to the program.
"""


def takes_file(program: Path) -> Path:
    """Where the takes of a program are kept, ``film.takes.toml`` beside ``film.reel``."""
    return program.with_name(f"{program.name.removesuffix('.reel')}.takes.toml")


def read_takes(program: Path) -> dict[str, int]:
    """The chosen seeds by name; none where there is no file.

    Raises:
        ReelError: E0616.
    """
    file = takes_file(program)
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _bad(file, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(data) > MOST_BYTES:
        raise _bad(file, f"is larger than {MOST_BYTES // 1000} KB")
    # Few programs have any.
    import tomllib

    try:
        value = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(file, f"is no TOML: {error}") from None
    takes: Any = value.get("takes", {})
    if set(value) - {"takes"} or not isinstance(takes, dict):
        raise _bad(file, "has something else in it than a table `[takes]`")
    for name, seed in cast(dict[str, Any], takes).items():
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < SEED_LIMIT:
            raise _bad(file, f"gives `{name}` no seed: a whole number from 0 to {SEED_LIMIT - 1}")
    return cast(dict[str, int], takes)


def write_takes(program: Path, takes: Mapping[str, int]) -> Path:
    """Write down the chosen seeds; without any the file is removed.

    Raises:
        ReelError: E0711, E0718.
    """
    from reelc.files import write_whole

    file = takes_file(program)
    if not takes:
        file.unlink(missing_ok=True)
        return file
    lines = [f"{toml_key(name)} = {seed}" for name, seed in sorted(takes.items())]
    write_whole(file, (HEAD + "\n[takes]\n" + "\n".join(lines) + "\n").encode())
    return file


def _bad(file: Path, message: str) -> ReelError:
    help_ = "write it with `reelc take`, or remove it"
    return ReelError([Diagnostic(code=BAD_TAKES, message=f"`{file.as_posix()}` {message}", help=(help_,))])
