"""Tables as people write them: CSV with a line of names, TOML and JSON with lists of rows."""

from collections.abc import Mapping
from typing import Any, cast

from reelc_compiler.texts import is_unicode

Rows = tuple[tuple[int, Mapping[str, Any]], ...]
# How the names of files end that are tables.
TABLES = (".csv", ".toml", ".json")
MAX_ROWS = 10_000


class TableFault(Exception):
    """A table that cannot be read; the text goes on after the file's name."""

    def __init__(self, message: str, *help_: str) -> None:
        self.help = help_
        super().__init__(message)


def rows_of(data: bytes, suffix: str) -> Rows:
    """The rows of a table, each with its line (CSV) or its number, counted from 1.

    Args:
        data: the file's content.
        suffix: ``.csv``, ``.toml`` or ``.json``.

    Raises:
        TableFault: it is none of these, or no table.
    """
    if suffix not in TABLES:
        raise TableFault("is no table that can be read", "write it as .csv, .toml or .json")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableFault(f"is not UTF-8 (byte {error.start})", "save it as UTF-8") from None
    rows = {".csv": _csv, ".toml": _toml, ".json": _json}[suffix](text)
    if not rows:
        raise TableFault("has no rows")
    if len(rows) > MAX_ROWS:
        raise TableFault(f"has more than {MAX_ROWS} rows")
    return rows


def _csv(text: str) -> Rows:
    import csv
    from io import StringIO

    reader = csv.reader(StringIO(text, newline=""), strict=True, skipinitialspace=True)
    rows: list[tuple[int, Mapping[str, Any]]] = []
    names: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = [cell.strip() for cell in cells]
                if len(set(names)) < len(names):
                    raise TableFault("has two columns of one name in its first line")
                continue
            if len(cells) > len(names):
                raise TableFault(f"has more cells in line {reader.line_num} than its first line names columns")
            rows.append((reader.line_num, {n: c.strip() for n, c in zip(names, cells, strict=False)}))
    except csv.Error as error:
        raise TableFault(f"is no CSV: line {reader.line_num}: {error}") from None
    return tuple(rows)


def _toml(text: str) -> Rows:
    import tomllib

    try:
        value = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise TableFault(f"is no TOML: {error}") from None
    return _listed(value, "in TOML each row begins with `[[shot]]`, or another name")


def _json(text: str) -> Rows:
    import json

    try:
        value = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise TableFault(f"is no JSON: {error}") from None
    if isinstance(value, list):
        return _numbered(cast(list[Any], value))
    if isinstance(value, _Twice):
        raise TableFault(f"gives `{value.name}` twice")
    return _listed(value, 'a list of rows is [{ "name": "pier" }, { "name": "boats" }], and may stand under one name')


class _Twice(dict[str, Any]):
    """An object of JSON that gives a name twice."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [name for name, _ in pairs]
    return _Twice(next(name for name in names if names.count(name) > 1))


def _listed(value: Any, how: str) -> Rows:
    """The rows under the one name that a file has for them: ``[[shot]]`` in TOML."""
    named = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    lists = [cast(list[Any], v) for v in named.values() if isinstance(v, list)]
    if len(lists) != 1:
        raise TableFault("has not just one list of rows", how)
    return _numbered(lists[0])


def _whole(value: Any) -> bool:
    """Whether all texts are made of whole characters, of which JSON can escape halves."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str) and not is_unicode(one):
            return False
        if isinstance(one, dict):
            todo += [*cast(dict[str, Any], one), *cast(dict[str, Any], one).values()]
        elif isinstance(one, list):
            todo += cast(list[Any], one)
    return True


def _numbered(rows: list[Any]) -> Rows:
    for number, row in enumerate(rows, 1):
        if not _whole(row):
            raise TableFault(f"has half of a character in row {number}", "write the character itself, in UTF-8")
        if not isinstance(row, dict):
            raise TableFault(f"has a row that is not made of names and values, row {number}")
        if isinstance(row, _Twice):
            raise TableFault(f"gives `{row.name}` twice in row {number}")
    return tuple(enumerate(cast(list[dict[str, Any]], rows), 1))
