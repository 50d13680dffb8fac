"""Rewrite docs/stages/ from the standard library's texts; a test checks that it is up to date.

    python tools/build_stages.py

One page a module, and README.md with the list and the families side by side. own.md is written by hand.
"""

from pathlib import Path

from reelc.stages import catalogs, examples, std_library
from reelc_compiler.stages.examples import Examples
from reelc_compiler.stages.families import Family, families
from reelc_compiler.stages.library import STD, Library
from reelc_compiler.stages.reference import ModuleReference, Reference, call_text, module_reference
from reelc_compiler.stages.texts import first_sentence
from reelc_compiler.stages.weights import ModelUse

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "stages"
BY_HAND = frozenset({"own.md"})
MADE = "<!-- Written by tools/build_stages.py from dsl/reelc_dsl/std/{file}: change that, and run it. -->"


def pages() -> dict[str, str]:
    """File names to contents."""
    library = std_library()
    finder = examples(library)
    references = [module_reference(library, module, catalogs()) for module in library.listed]
    out = {f"{_short(each.name)}.md": _module(library, finder, each) for each in references}
    return {"README.md": _index(library, references)} | out


def _short(module: str) -> str:
    return module.removeprefix(STD)


# -- the list --------------------------------------------------------------------------------


def _index(library: Library, references: list[ModuleReference]) -> str:
    lines = [
        "# Stages",
        "",
        MADE.format(file="*.reel"),
        "",
        "What the standard library has. `reelc stages NAME` prints the same. To write stages of your own, or to use",
        "those of a package, see [own stages](own.md).",
        "",
        "## From a still image to a clip",
        "",
        "What the families' files state. `use std.wan22 as i2v` makes the next family a change of one word. VRAM is an",
        "estimate of the stage's author; a page says what it rests on. Licences are those of all files that the",
        "family names by itself, its text encoder's and VAE's too, with whether they allow commercial use.",
        "",
        *_table(
            ("module", "size of the still", "frames", "unless given", "rate", "end", "VRAM", "licences"),
            [_family(family) for family in families(library, catalogs())],
        ),
        "",
        "## All",
    ]
    for each in references:
        page = f"{_short(each.name)}.md"
        lines += ["", f"### [{each.name}]({page})", "", *([_lead(each.about), ""] if each.about else [])]
        rows = [(f"`{s.call}`", _cell(first_sentence(s.doc))) for s in each.stages]
        lines += _table(("stage", "does"), rows)
    return "\n".join(lines) + "\n"


def _lead(about: str) -> str:
    return first_sentence(about)


def _family(family: Family) -> tuple[str, ...]:
    return (
        f"[{family.module}]({_short(family.module)}.md)",
        "; ".join(f"`{test}`" for test in family.size) or "any",
        "; ".join(f"`{test}`" for test in family.frames) or "any",
        family.default or "see its page",
        family.rate or "see its page",
        "yes" if family.end else "no",
        " to ".join(family.vram) or "not stated",
        "; ".join(_licences(family.models)),
    )


def _licences(models: tuple[ModelUse, ...]) -> list[str]:
    said: dict[str, None] = {}
    for model in models:
        excludes = model.info.excludes if model.info is not None else ()
        where = f", not in {', '.join(excludes)}" if excludes else ""
        said["unknown" if model.licence == "unknown" else f"{model.licence} ({model.commercial}{where})"] = None
    return list(said)


# -- one module ------------------------------------------------------------------------------


def _module(library: Library, finder: Examples, module: ModuleReference) -> str:
    lines = [f"# {module.name}", "", MADE.format(file=f"{_short(module.name)}.reel"), ""]
    lines += [module.about, ""] if module.about else []
    lines += ["It needs no `use`.", ""] if _short(module.name) == "prelude" else [f"`use {module.name}`", ""]
    lines += ["```", *module.records, "```", ""] if module.records else []
    for said in module.stages:
        stage = library.stage(module.name, said.name)
        assert stage is not None
        assert call_text(stage) == said.call
        lines += [*_stage(said), "Example", "", "```reel", finder.example(stage).rstrip("\n"), "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _stage(said: Reference) -> list[str]:
    lines = [f"## {said.name}", "", "```", said.signature, "```", ""]
    lines += [said.doc, ""] if said.doc else []
    if said.rules:
        lines += ["Rules", ""]
        for rule in said.rules:
            lines.append(f"- **{rule.word}** `{rule.test}`")
            lines += [f"  - {_code(rule.message)}"] if rule.message else []
            lines += [f"  - help: {_code(rule.help)}"] if rule.help else []
            lines += [f"  - source: {rule.source}"] if rule.source else []
        lines.append("")
    facts = [f"`{name} = {text}`" for name, text in said.facts]
    lines += [f"Returns: {', '.join(facts)}", ""] if facts else []
    lines += [f"Returns: as `{said.like}` does", ""] if said.like and not facts else []
    estimate = [f"`{name} = {text}`" for name, text in said.estimate]
    lines += [f"Estimate: {', '.join(estimate)}", ""] if estimate else []
    lines += [said.basis, ""] if said.basis else []
    if said.where:
        lines += ["Where", "", *(f"- `{name} = {text}`" for name, text in said.where), ""]
    lines += [f"Split in time: `{said.window}`", ""] if said.window is not None else []
    lines += [f"Preview: {said.preview_text}", ""]
    if said.nodes:
        rows = [(f"`{n.name}`", n.pack or "in no catalog", ", ".join(n.catalogs)) for n in said.nodes]
        lines += [*_table(("node class", "pack", "catalogs"), rows), ""]
    if said.models:
        rows = [(f"`{m.path}`", m.size, m.commercial, m.licence, _cell("; ".join(m.remarks))) for m in said.models]
        lines += [*_table(("model file that it names", "size", "commercial use", "licence", "note"), rows), ""]
    return lines


def _code(text: str) -> str:
    """A message as it is written; its backticks are quotes of their own."""
    line = " ".join(text.split())
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def _cell(text: str) -> str:
    return " ".join(text.split())


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """A table; a bar in a cell would end it."""
    marked = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *(f"| {' | '.join(row)} |" for row in marked)]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted and path.name not in BY_HAND:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, "utf-8")
