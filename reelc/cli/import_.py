"""``reelc import``"""

from pathlib import Path

import click

from reelc.cli.output import faults, print_diagnostics, print_json, talk


@click.command("import")
@click.argument("file", metavar="GRAPH.json", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Where the program is written [default: GRAPH.reel beside GRAPH.json]; `-` prints it.",
)
@click.option(
    "--catalog",
    metavar="NAME|FILE",
    help="Node catalog to compile against: a bundled one, or a file that `reelc catalog pull` wrote "
    "[default: comfyui-0.33.0].",
)
@click.option("--force", is_flag=True, help="Replace the file when it is there already.")
@click.option("--json", "as_json", is_flag=True, help="What was made and what was left out, as JSON on stdout.")
def command(file: Path, output: Path | None, catalog: str | None, force: bool, as_json: bool) -> None:
    """Write the graph of GRAPH.json as a .reel file of raw nodes.

    GRAPH.json is in ComfyUI's API format, as its window exports it with `Export (API)`. The program is compiled
    before it is written, and only written when it compiles back to the same graph.
    """
    from reelc.api import import_graph
    from reelc.files import write_whole
    from reelc_dsl.diagnostics.render import json as render_json

    to_stdout = output == Path("-")
    if to_stdout and as_json:
        raise click.UsageError("-o - and --json cannot both be had")
    to = output or file.with_name(f"{file.stem.removesuffix('.api')}.reel")
    with faults(as_json):
        if not to_stdout:
            _free(to, force=force)
        done, found = import_graph(file, catalog=catalog)
        if to_stdout:
            print_diagnostics(found)
            click.echo(done.text, nl=False)
            return
        write_whole(to, done.text.encode())
    if as_json:
        print_json(
            {
                "ok": True,
                "file": to.as_posix(),
                "pipeline": done.pipeline,
                "nodes": done.nodes,
                "outputs": list(done.outputs),
                "left_out": list(done.left_out),
                "diagnostics": render_json.to_json(found),
            }
        )
        return
    print_diagnostics(found)
    count = len(done.outputs)
    talk(f"{to}: {done.nodes} nodes, {count} output{'s' if count != 1 else ''}; it compiles to the same graph")


def _free(to: Path, *, force: bool) -> None:
    """See that the place is free before any work is done.

    Raises:
        ReelError: E0718.
    """
    from reelc_dsl.diagnostics import Diagnostic, ReelError
    from reelc_dsl.diagnostics.codes import CANNOT_WRITE

    if to.is_dir():
        message, help_ = f"`{to}` is a folder", "name a file with `-o`"
    elif (to.exists() or to.is_symlink()) and not force:
        message, help_ = f"`{to}` is there already", "name another file with `-o`, or replace it with `--force`"
    elif not to.parent.is_dir():
        message, help_ = f"there is no folder `{to.parent}`", "make it first, or name another file with `-o`"
    else:
        return
    raise ReelError([Diagnostic(code=CANNOT_WRITE, message=message, help=(help_,))])
