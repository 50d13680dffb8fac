"""A worker's address: what may be shown, what is asked, and the secrets that travel in headers only."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from reelc_runtime.comfy.errors import ProtocolError


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a worker is.

    Args:
        base: URL without secrets and without a slash at its end; safe to show.
        headers: for every request; they hold the secrets and are kept out of the repr.
    """

    base: str
    headers: "Headers"

    @property
    def secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.base.startswith("https:")

    def http(self, path: str) -> str:
        """The URL of a route, which begins with a slash."""
        return self.base + path

    def websocket(self, client_id: str) -> str:
        """The URL of the events for a client."""
        return f"ws{self.base.removeprefix('http')}/ws?clientId={quote(client_id, safe='')}"


class Headers(dict[str, str]):
    """Request headers; their values are never shown."""

    def __repr__(self) -> str:
        return f"Headers({sorted(self)})"


def read_address(url: str, token: str | None, headers: Mapping[str, str] | None) -> Address:
    """A worker's address from what a user gives.

    Args:
        url: ``http://`` or ``https://``, a path is kept; a user and password in it become a header.
        token: sent as ``Authorization: Bearer``.
        headers: more headers, such as a proxy's key.

    Raises:
        ProtocolError: the URL or a header cannot be used. The message holds no secret.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ProtocolError("the worker's address is not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ProtocolError("the worker's address is not an http:// or https:// URL")
    if parts.query or parts.fragment:
        # A query often holds a key, and would be lost on the routes below this address.
        raise ProtocolError(f"the address of the worker on {host} may not have a query; give a key as a token")
    netloc = f"[{host}]" if ":" in host else host
    base = f"{parts.scheme}://{netloc}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
    own = Headers(headers or {})
    if token is not None:
        own["Authorization"] = f"Bearer {token}"
    elif parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        own["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
    _check(own, base)
    return Address(base=base, headers=own)


def shown(url: str) -> str:
    """A worker's address without secrets, which is also its identity; empty when it is no address."""
    try:
        return read_address(url, None, None).base
    except ProtocolError:
        return ""


def _check(headers: Mapping[str, str], base: str) -> None:
    """HTTP libraries quote a bad header's value in their own errors; so they never see one."""
    for name, value in headers.items():
        text = name + value
        if not name or not (text.isascii() and text.isprintable()) or value != value.strip():
            raise ProtocolError(f"the token or a header for {base} has characters that HTTP does not allow")
