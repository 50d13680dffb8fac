"""``reelc stages``"""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reelc_compiler.stages.library import Found, Library


@click.command("stages")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(name: str | None, as_json: bool) -> None:
    """List stages, or show NAME: a stage (svd.animate) or a module (wan22).

    Those of the standard library, of the folder `stages`, and of installed packages. A stage is shown with its
    signature, rules, nodes, model files with licences, and an example.
    """
    from reelc.cli.output import faults
    from reelc.stages import UnknownStage, whole_library

    with faults(as_json):
        try:
            _show(whole_library(), name, as_json)
        except UnknownStage as error:
            hint = " ".join(s[:1].upper() + s[1:] for s in error.help) or "`reelc stages` lists them."
            raise click.UsageError(f"There is no stage or module `{error.name}`. {hint}") from None


def _show(library: "Library", name: str | None, as_json: bool) -> None:
    from reelc.cli.output import print_json
    from reelc.stages import meant

    if name is None:
        if as_json:
            print_json([_row_json(stage) for stage in library.every()])
        else:
            click.echo("\n".join(line for module in library.listed for line in _listed(library, module)).strip())
        return
    found = meant(library, name)
    if isinstance(found, str):
        if as_json:
            print_json(_module_json(library, found))
        else:
            click.echo("\n".join(_module(library, found)))
    elif len(found) == 1:
        if as_json:
            print_json(_stage_json(library, found[0]))
        else:
            click.echo("\n".join(_stage(library, found[0])))
    elif as_json:
        print_json([_row_json(stage) for stage in found])
    else:
        # Stages of one name are told apart by their modules.
        click.echo("\n".join(line for stage in found for line in (stage.module, *_row(stage))))


# -- the list --------------------------------------------------------------------------------


def _listed(library: "Library", module: str) -> list[str]:
    rows = [line for stage in library.stages(module) for line in _row(stage)]
    if library.faults(module):
        rows.append(f"  it has errors, `reelc stages {module}` shows them")
    return ["", module, *rows]


def _row(stage: "Found") -> list[str]:
    said = _row_json(stage)
    return [f"  {said['call']}", *([f"      {said['summary']}"] if said["summary"] else [])]


def _row_json(stage: "Found") -> dict[str, str]:
    from reelc_compiler.stages.reference import call_text
    from reelc_compiler.stages.texts import first_sentence

    return {
        "module": stage.module,
        "name": stage.decl.name.text,
        "call": call_text(stage),
        "summary": first_sentence(stage.decl.doc or ""),
    }


# -- one -------------------------------------------------------------------------------------


def _module(library: "Library", module: str) -> list[str]:
    from reelc.stages import catalogs
    from reelc_compiler.stages.reference import module_reference

    found = module_reference(library, module, catalogs())
    lines = [module, *([] if not found.about else ["", found.about])]
    lines += ["", *found.records] if found.records else []
    for stage in library.stages(module):
        lines += ["", "-" * 72, "", *_stage(library, stage)]
    return lines


def _stage(library: "Library", stage: "Found") -> list[str]:
    from reelc.cli.table import table
    from reelc.stages import catalogs, examples
    from reelc_compiler.stages.reference import reference

    said = reference(library, stage, catalogs())
    lines = [f"{said.module}.{said.name}", "", said.signature]
    if said.doc:
        lines += ["", said.doc]
    if said.rules:
        lines += ["", "Rules"]
        for rule in said.rules:
            lines.append(f"  {rule.word} {rule.test}")
            parts = (rule.message, rule.help and f"help: {rule.help}", rule.source and f"# {rule.source}")
            lines += [f"      {text}" for text in parts if text]
    facts = list(said.facts) or ([("", f"as {said.like} returns it")] if said.like else [])
    for title, pairs in (("Returns", facts), ("Estimate", said.estimate), ("where", said.where)):
        if pairs:
            lines += ["", title, *(f"  {name} = {text}" if name else f"  {text}" for name, text in pairs)]
    lines += [f"  # {said.basis}"] if said.basis else []
    lines += ["", f"Split in time: {said.window}"] if said.window is not None else []
    lines += ["", f"Preview: {said.preview_text}"]
    if said.nodes:
        rows = [(n.name, n.pack or "in no catalog", ", ".join(n.catalogs)) for n in said.nodes]
        lines += ["", "Nodes", *(f"  {line}" for line in table(("CLASS", "PACK", "CATALOGS"), rows))]
    if said.models:
        head = ("FILE", "SIZE", "COMMERCIAL", "LICENCE")
        models = [(m.path, m.size, m.commercial, m.licence) for m in said.models]
        lines += ["", "Model files that it names", *(f"  {line}" for line in table(head, models, right="SIZE"))]
        lines += [f"  {model.file}: {note}" for model in said.models for note in model.remarks]
    example = examples(library).example(stage)
    lines += ["", "Example", *(f"  {line}".rstrip() for line in example.rstrip().splitlines())]
    return lines


def _module_json(library: "Library", module: str) -> dict[str, Any]:
    from reelc.stages import catalogs
    from reelc_compiler.stages.reference import module_reference

    found = module_reference(library, module, catalogs())
    return {
        "module": module,
        "about": found.about,
        "records": list(found.records),
        "stages": [_stage_json(library, stage) for stage in library.stages(module)],
    }


def _stage_json(library: "Library", stage: "Found") -> dict[str, Any]:
    from reelc.stages import catalogs, examples
    from reelc_compiler.stages.reference import reference

    said = reference(library, stage, catalogs())
    return {
        "module": said.module,
        "name": said.name,
        "call": said.call,
        "signature": said.signature,
        "parameters": [
            {"name": p.name, "kind": p.kind, "among": p.among, "default": p.default} for p in said.parameters
        ],
        "returns": said.returns,
        "doc": said.doc,
        "rules": [
            {"word": r.word, "test": r.test, "message": r.message, "help": r.help, "source": r.source}
            for r in said.rules
        ],
        "facts": dict(said.facts),
        "like": said.like,
        "estimate": dict(said.estimate),
        "window": said.window,
        "basis": said.basis,
        "where": dict(said.where),
        "preview": said.preview,
        "nodes": [{"class": n.name, "pack": n.pack, "catalogs": list(n.catalogs)} for n in said.nodes],
        "models": [
            {
                "file": m.file,
                "folder": m.folder,
                "by_pack": m.pack,
                "url": m.info.url if m.info else None,
                "bytes": m.info.bytes if m.info else None,
                "exact": bool(m.info and m.info.bytes_exact),
                "sha256": m.info.sha256 if m.info else None,
                "licence": m.info.licence if m.info else None,
                "commercial": m.info.commercial if m.info else None,
                "excludes": list(m.info.excludes) if m.info else [],
                "note": m.info.note if m.info else "",
            }
            for m in said.models
        ],
        "calls": list(said.calls),
        "example": examples(library).example(stage),
    }
