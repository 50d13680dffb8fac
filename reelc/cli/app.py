"""The ``reelc`` command. Commands are imported only when they are called."""

import errno
import gc
import sys
from io import TextIOWrapper
from pathlib import PurePath
from typing import NoReturn

import click

from reelc import __version__
from reelc.cli.exits import INTERRUPTED, RUN_FAILED, code_of
from reelc.cli.lazy import Lazy

# Name to module and one line of help, so that `reelc --help` imports no command.
COMMANDS = {
    "new": ("reelc.cli.new", "Make a project's folder to begin with."),
    "check": ("reelc.cli.check", "Find errors and warnings in a .reel file."),
    "compile": ("reelc.cli.compile", "Write the plan: jobs as ComfyUI API-format graphs."),
    "import": ("reelc.cli.import_", "Turn a ComfyUI graph into a .reel file that compiles back to it."),
    "fmt": ("reelc.cli.fmt", "Rewrite .reel files in the one layout."),
    "plan": ("reelc.cli.plan", "Show what would be made: jobs, sizes, frames, durations."),
    "take": ("reelc.cli.take", "Choose the seed of a shot, kept beside the program."),
    "sheet": ("reelc.cli.sheet", "Write a contact sheet of films: some frames of each, to choose from."),
    "preview": ("reelc.cli.preview", "Render the animatic here, on the embedded preview worker."),
    "stages": ("reelc.cli.stages", "Stages, of the standard library and others: list, or show one."),
    "models": ("reelc.cli.models", "Model files: list with licences, pin in reel.lock, download."),
    "validate": ("reelc.cli.validate", "Say what ComfyUI would answer to graphs, made by anyone."),
    "schema": ("reelc.cli.schema", "Write a JSON Schema for graphs in ComfyUI's API format."),
    "catalog": ("reelc.cli.catalog", "Node catalogs: list, show a class, write a worker's, compare two."),
    "doctor": ("reelc.cli.doctor", "Look whether all is well, here and on workers."),
    "explain": ("reelc.cli.explain", "Say what a diagnostic means, with an example."),
    "run": ("reelc.cli.run", "Render the film on a ComfyUI worker."),
    "runs": ("reelc.cli.runs", "Look at runs; go on with one, end one."),
    "cache": ("reelc.cli.cache", "Results that are kept: list, check, clear away."),
    "workers": ("reelc.cli.workers", "Workers that runs share: add, drain, remove, look at."),
}


@click.group(cls=Lazy, modules=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reelc")
def app() -> None:
    """reelc: AI video as code. A .reel file becomes ComfyUI work, and the work becomes a film.

    Exit codes: 0 done, 1 the input has errors, 2 the command line is wrong, 3 the run failed,
    130 interrupted.
    """


def main() -> NoReturn:
    """Run the command; whatever goes wrong ends as a diagnostic and an exit code."""
    _speak_any_language()
    # Start and compilation make many values and next to no circles: Python would look for some 70 times, in a
    # twentieth of a check's time. A run that lasts for hours still collects them.
    gc.set_threshold(50_000)
    try:
        sys.exit(app.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(INTERRUPTED)
    except Exception as error:
        if _reader_left(error):
            # `reelc plan | head`: nothing to say, and nobody to say it to.
            sys.stderr.close()
            sys.exit(0)
        sys.exit(_report(error))


def _speak_any_language() -> None:
    """Let no letter end a command: what a stream's encoding lacks is written as an escape, ``\\u2614``.

    A pipe has the system's encoding, on Windows in Japan cp932; names and prompts have any letters.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _reader_left(error: Exception) -> bool:
    """Whether what is printed goes nowhere; Windows calls that an invalid argument."""
    invalid = isinstance(error, OSError) and error.errno == errno.EINVAL
    return isinstance(error, BrokenPipeError) or (invalid and sys.platform == "win32")


def _report(error: Exception) -> int:
    from reelc.cli.output import print_diagnostics
    from reelc_dsl.diagnostics import Diagnostic, ReelError
    from reelc_dsl.diagnostics.codes import INTERNAL

    if isinstance(error, ReelError):
        print_diagnostics(error.diagnostics)
        return code_of(error.diagnostics)
    print_diagnostics(
        [
            Diagnostic(
                code=INTERNAL,
                message=f"reelc itself failed: {type(error).__name__}: {error}",
                notes=(_where(error), f"reelc {__version__}, Python {sys.version.split()[0]}, {sys.platform}"),
                help=("please report this, with the .reel file if you can share it",),
            )
        ]
    )
    return RUN_FAILED


def _where(error: BaseException) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return "at " + " < ".join(f"{f.name} ({PurePath(f.filename).name}:{f.lineno})" for f in reversed(frames[-4:]))
