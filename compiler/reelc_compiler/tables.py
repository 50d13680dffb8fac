"""Tables as people write them: CSV with a line of names, TOML and JSON with lists of rows."""

from collections.abc import Mapping
from typing import Any, cast

Rows = tuple[tuple[int, Mapping[str, Any]], ...]
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
    readers = {".csv": _csv, ".toml": _toml, ".json": _json}
    if suffix not in readers:
        raise TableFault("is no table that can be read", "write it as .csv, .toml or .json")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableFault(f"is not UTF-8 (byte {error.start})", "save it as UTF-8") from None
    rows = readers[suffix](text)
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
    return _listed(value)


def _json(text: str) -> Rows:
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TableFault(f"is no JSON: {error}") from None
    return _numbered(cast(list[Any], value)) if isinstance(value, list) else _listed(value)


def _listed(value: Any) -> Rows:
    """The rows under the one name that a file has for them: ``[[shot]]`` in TOML."""
    named = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    lists = [cast(list[Any], v) for v in named.values() if isinstance(v, list)]
    if len(lists) != 1:
        raise TableFault("has not just one list of rows", "in TOML each row begins with `[[shot]]`, or another name")
    return _numbered(lists[0])


def _numbered(rows: list[Any]) -> Rows:
    if not all(isinstance(row, dict) for row in rows):
        raise TableFault("has a row that is not made of names and values")
    return tuple(enumerate(cast(list[dict[str, Any]], rows), 1))
