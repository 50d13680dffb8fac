"""``reelc explain``"""

import re
from typing import TYPE_CHECKING, Any

import click

from reelc.cli.output import print_json

if TYPE_CHECKING:
    from reelc_dsl.diagnostics import Code


@click.command("explain")
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(code: str | None, as_json: bool) -> None:
    """Say what the diagnostic CODE (E0301) means, with an example and what to do.

    CODE may be its name as well (kind-mismatch). Without CODE all codes are listed.
    """
    from reelc.pages import page
    from reelc_dsl.diagnostics.codes import CODES

    if code is None:
        if as_json:
            print_json([_facts(c) for c in CODES.values()])
        else:
            width = max(len(c.name) for c in CODES.values())
            click.echo("\n".join(f"{c.code}  {c.name:<{width}}  {c.summary}" for c in CODES.values()))
        return
    found = _meant(code)
    text = page(found.code)
    if as_json:
        print_json({**_facts(found), "page": text})
    else:
        click.echo(f"# {found.code}: {found.name}\n\n{found.summary}" if text is None else readable(text))


def _facts(code: "Code") -> dict[str, Any]:
    return {
        "code": code.code,
        "name": code.name,
        "severity": code.severity.value,
        "summary": code.summary,
        "since": code.since,
    }


def _meant(text: str) -> "Code":
    """The code that a text means, by number or name.

    Raises:
        click.UsageError: there is none.
    """
    from reelc_dsl.diagnostics.codes import CODES
    from reelc_dsl.diagnostics.suggest import did_you_mean

    for code in CODES.values():
        if text.casefold() in (code.code.casefold(), code.name):
            return code
    hint = did_you_mean(text, [*CODES, *(c.name for c in CODES.values())])
    way_out = " ".join(s[:1].upper() + s[1:] for s in hint) or "`reelc explain` lists them."
    raise click.UsageError(f"There is no diagnostic `{text}`. {way_out}")


def readable(page: str) -> str:
    """A page without the marks that are for browsers and tests: examples are indented."""
    text = re.sub(r"<!-- (wrong|right) -->\n", lambda m: f"{m[1].capitalize()}:\n\n", page)

    def indented(match: re.Match[str]) -> str:
        return "".join(f"    {line}".rstrip() + "\n" for line in match[1].splitlines())

    return re.sub(r"^```\w*\n(.*?)^```\n", indented, text, flags=re.MULTILINE | re.DOTALL).rstrip("\n")
