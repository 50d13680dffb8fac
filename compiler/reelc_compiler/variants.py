"""Settings beside parameters, and several at once: ``--set seed=1..8``, ``--set derive.pier=7``, ``--set @FILE``."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import product

from reelc_compiler.elaborate import Settings
from reelc_compiler.elaborate.functions import SEED_LIMIT
from reelc_compiler.filenames import folded
from reelc_compiler.inputs import InputFault, ReadTable
from reelc_compiler.overrides import SET, parse_overrides
from reelc_compiler.sema.kinds import INT, SEED, present
from reelc_compiler.sema.program import PipelineInfo
from reelc_compiler.texts import is_unicode
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.diagnostics.codes import BAD_SEED, BAD_TABLE, OUT_OF_RANGE, UNKNOWN_PARAM
from reelc_dsl.source import Source, Span

# What names a file of settings among those of a command line.
FILE = "@"
MOST = 1000
_RANGE = re.compile(r"\s*(\d{1,16})\s*\.\.\s*(\d{1,16})\s*")
_UNFIT = re.compile(r"[^\w.-]+")

# Before the name that a seed is derived from, where that seed is set.
DERIVE = "derive."


def variants(overrides: Mapping[str, str], pipeline: PipelineInfo, table: ReadTable, sink: Sink) -> dict[str, Settings]:
    """The settings of each variant, by what it is called; one that is called nothing where there is only one.

    A range of a whole number stands for each of its values, several ranges for all their combinations, and each row of
    a file of settings for one variant, or for as many as the ranges make.

    Args:
        overrides: parameter name to text; :data:`FILE` to the path of a table.
        pipeline: whose parameters they are.
        table: reads the file.
        sink: receives what is wrong with them.
    """
    plain = {name: text for name, text in overrides.items() if name != FILE}
    ranges = {name: found for name, text in plain.items() if (found := _range(name, text, pipeline)) is not None}
    rows: list[tuple[str, dict[str, str]]] = [("", {})]
    if FILE in overrides:
        rows = _rows(overrides[FILE], table, pipeline, sink)
        twice = next((name for _, texts in rows for name in texts if name in plain), None)
        if twice is not None:
            message = f"`{twice}` is set twice: here, and in a column of `{overrides[FILE]}`"
            help_ = ("leave one of them out",)
            sink.add(Diagnostic(code=BAD_TABLE, message=message, span=_span(twice, plain[twice]), help=help_))
            return {}
    count = len(rows)
    for values in ranges.values():
        count *= max(1, len(values))
    if count > MOST or any(not values for values in ranges.values()):
        name = next(iter(ranges), FILE)
        message = f"these are {count} variants, and at most {MOST} are made" if count > MOST else "this range is empty"
        sink.add(
            Diagnostic(code=OUT_OF_RANGE, message=message, span=_span(name, plain.get(name, overrides.get(name, ""))))
        )
        return {}
    out: dict[str, Settings] = {}
    spelt: dict[str, str] = {}
    for called, row in rows:
        for chosen in product(*ranges.values()):
            set_ = dict(zip(ranges, map(str, chosen), strict=True))
            label = "-".join(filter(None, (called, *(f"{_short(name)}-{value}" for name, value in set_.items()))))
            first = spelt.setdefault(folded(label), label)
            if label in out or first != label:
                same = (
                    "two variants are called `{}`" if first == label else "`{}` and `{}` are one file on some systems"
                )
                sink.add(
                    Diagnostic(
                        code=BAD_TABLE,
                        message=same.format(label, first),
                        span=_span(FILE, overrides.get(FILE, "")),
                        help=("give the rows names of their own, in a column `name`",),
                    )
                )
                return {}
            made = _settings({**plain, **row, **set_}, pipeline, sink)
            out[label] = replace(made, places={name: _place(name, overrides) for name in made.takes})
    return out


def _place(name: str, overrides: Mapping[str, str]) -> Span:
    """Where the seed for a name is set: by itself, or in a file of settings."""
    one = DERIVE + name if DERIVE + name in overrides else FILE
    return _span(one, overrides[one])


def _short(name: str) -> str:
    return _UNFIT.sub("_", name.removeprefix(DERIVE))


def _settings(texts: Mapping[str, str], pipeline: PipelineInfo, sink: Sink) -> Settings:
    """What texts set: parameters, and seeds by the names that they are derived from."""
    takes: dict[str, int] = {}
    for name, text in texts.items():
        if not name.startswith(DERIVE):
            continue
        if not is_unicode(name):
            message = f"no seed is derived from a name that is not UTF-8, as in `{name}`"
            sink.add(Diagnostic(code=UNKNOWN_PARAM, message=message, span=_span(name, text)))
            continue
        if not text.strip().isdecimal() or not 0 <= int(text) < SEED_LIMIT:
            message = f"a seed is a whole number from 0 to {SEED_LIMIT - 1}"
            sink.add(Diagnostic(code=BAD_SEED, message=message, span=_span(name, text)))
            continue
        takes[name.removeprefix(DERIVE)] = int(text)
    params = {name: text for name, text in texts.items() if not name.startswith(DERIVE)}
    return Settings(parse_overrides(params, pipeline, sink), takes)


def _range(name: str, text: str, pipeline: PipelineInfo) -> range | None:
    """The values that a text stands for, where the parameter is a whole number."""
    found = _RANGE.fullmatch(text)
    kind = SEED if name.startswith(DERIVE) else next((p.kind for p in pipeline.params if p.name == name), None)
    named = kind is not None and present(kind) in (INT, SEED)
    return range(int(found[1]), int(found[2]) + 1) if found and named else None


def _rows(path: str, table: ReadTable, pipeline: PipelineInfo, sink: Sink) -> list[tuple[str, dict[str, str]]]:
    """The settings of each row of a file, and what the row is called."""
    try:
        found = table(path, "")
    except InputFault as fault:
        sink.add(Diagnostic(code=fault.code, message=str(fault), span=_span(FILE, path), help=fault.help))
        return []
    params = {p.name for p in pipeline.params}
    out: list[tuple[str, dict[str, str]]] = []
    for _, cells in found.rows:
        texts = {name: _text(value) for name, value in cells.items() if value not in (None, "")}
        called = texts.pop("name", "") if "name" not in params else ""
        if not called:
            called = "-".join(f"{name}-{text}" for name, text in texts.items())
        out.append((_UNFIT.sub("_", called)[:60].strip("."), texts))
    return out


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _span(name: str, text: str) -> Span:
    return Span(Source(f"{SET}{name}", text), 0, len(text))
