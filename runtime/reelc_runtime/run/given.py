"""Input files: that they are still what the plan was made with, and that films among them decode to their end."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from reelc_compiler.plan import Facts, Input, Job, Output, Plan
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import INPUT_CHANGED, MISSING_INPUT_FILE, NOT_A_RECORDING
from reelc_runtime.digest import sha256_of
from reelc_runtime.run.faults import RunFault


async def check_given(
    plan: Plan, jobs: Iterable[Job], outputs: Iterable[Output], input_path: Callable[[str], Path]
) -> None:
    """Look at films that jobs start from, and at the sounds of what is assembled, before any worker is asked for.

    Compiling has counted the frames of films without decoding them; here they are decoded as the worker will, and
    sounds as they are put under films. That what is sent is what the plan was made with is seen when it is sent: a job
    that a worker has needs it no more.

    Raises:
        RunFault: E0601, E0613, E0720.
    """
    known = {i.id: i for i in plan.inputs}
    sounds = {o.sound.input: o.sound.facts for o in outputs if o.sound is not None and o.sound.input is not None}
    for name, facts in sounds.items():
        item = known[name]
        path = input_path(item.path)
        await asyncio.to_thread(unchanged, path, item.path, item.sha256)
        await asyncio.to_thread(_decodes, path, item, facts)
    for name in dict.fromkeys(u.input for job in jobs for u in job.uploads):
        item = known[name]
        path = input_path(item.path)
        if item.facts.kind == "clip" and await asyncio.to_thread(path.is_file):
            await asyncio.to_thread(_decodes, path, item, item.facts)


def _decodes(path: Path, item: Input, facts: Facts) -> None:
    from reelc_runtime.media import errors, verify

    try:
        wrong = verify.check_input(path, facts)
    except errors.MediaError as error:
        wrong = [str(error)]
    if wrong:
        raise RunFault(
            Diagnostic(
                code=NOT_A_RECORDING,
                message=f"`{item.path}` does not hold what it announces: {'; '.join(wrong)}",
                help=("copy or download it again, or write it anew, with `ffmpeg -i IN OUT`; nothing was sent",),
            )
        )


def unchanged(path: Path, shown: str, sha256: str) -> None:
    """See that an input is the file that the plan was made with.

    Raises:
        RunFault: E0601, E0720.
    """
    try:
        digest = sha256_of(path)
    except OSError:
        raise RunFault(gone(shown)) from None
    if digest != sha256:
        raise RunFault(
            Diagnostic(
                code=INPUT_CHANGED,
                message=f"the input file `{shown}` was changed after the plan was made",
                help=("compile again; nothing was sent",),
            )
        )


def gone(shown: str) -> Diagnostic:
    """That an input file is not there."""
    return Diagnostic(code=MISSING_INPUT_FILE, message=f"the input file `{shown}` is no longer there")
