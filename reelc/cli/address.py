"""A worker's address on the command line."""

from typing import TypeVar
from urllib.parse import urlsplit

import click


def is_address(url: str) -> bool:
    """Whether a text is an ``http://`` or ``https://`` address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


Given = TypeVar("Given", str, tuple[str, ...], str | None)


def checked(ctx: click.Context, param: click.Parameter, value: Given) -> Given:
    """A click callback: one address, several or none, else the command line is wrong."""
    for url in (value,) if isinstance(value, str) else value or ():
        if not is_address(url):
            raise click.BadParameter(f"`{url}` is not the URL of a worker; write http://HOST:8188", ctx, param)
    return value
