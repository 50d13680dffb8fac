"""Hosts of model files: who is asked, with which token, and where it may send on."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import urljoin

import httpx

from reelc_dsl.diagnostics.codes import GATED_MODEL, NOT_FETCHED
from reelc_runtime.comfy.errors import PASSING_STATUSES
from reelc_runtime.comfy.tls import context
from reelc_runtime.fetch.wants import FetchFault, Limits, Want, safe_url

REDIRECTS = frozenset({301, 302, 303, 307, 308})
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
WHOLE = re.compile(r"bytes \*/(\d+)")


class Passing(Exception):
    """A failure that may be over in a moment; the text says what it was.

    Args:
        wait: seconds that the host asks to wait.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Hosts:
    """A pool of connections. An async context manager.

    Args:
        tokens: by host name: a token goes to that very host, over https, and to no other that it sends on to.
        variables: by host name, the variable that a token is taken from, for people.
    """

    def __init__(self, tokens: Mapping[str, str], variables: Mapping[str, str], limits: Limits) -> None:
        self._tokens = dict(tokens)
        self._variables = variables
        self._limits = limits
        self._client = httpx.AsyncClient(
            # The bytes on the disk are the bytes of the file, and lengths mean what they say.
            headers={"Accept-Encoding": "identity", "User-Agent": "reelc"},
            timeout=httpx.Timeout(limits.read, connect=limits.connect),
            follow_redirects=False,
            verify=context(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def open(self, want: Want, headers: Mapping[str, str]) -> AsyncGenerator[httpx.Response]:
        """The answer of whoever has the file, unread: its status is 200, 206 or 416.

        Raises:
            FetchFault: E0608, E0609, E0612.
            Passing: it may work later.
        """
        assert want.url is not None
        url, first = want.url, safe_url(want.url, want.name)
        for number in range(self._limits.redirects + 1):
            parts = safe_url(url, want.name, first if number else None)
            host = parts.hostname or ""
            sent = dict(headers)
            if host in self._tokens:
                sent["Authorization"] = f"Bearer {self._tokens[host]}"
            try:
                response = await self._client.send(self._client.build_request("GET", url, headers=sent), stream=True)
            except httpx.TransportError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise FetchFault(
                        NOT_FETCHED,
                        f"`{want.name}`: the certificate of {host} is not one that is trusted here",
                        "behind a proxy with a certificate of its own, name that in SSL_CERT_FILE",
                    ) from None
                raise broken(host, error) from None
            except (httpx.InvalidURL, ValueError):
                raise FetchFault(NOT_FETCHED, f"the address of `{want.name}` is not a URL") from None
            try:
                location = response.headers.get("Location")
                if response.status_code in REDIRECTS and location:
                    url = urljoin(url, location)
                    continue
                self._judge(want, host, response)
                yield response
                return
            finally:
                await response.aclose()
        raise FetchFault(NOT_FETCHED, f"`{want.name}`: {first.hostname} sends on and on")

    def _judge(self, want: Want, host: str, response: httpx.Response) -> None:
        """Raise for an answer that is no part of the file."""
        status = response.status_code
        kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        sent_on = host != safe_url(want.url or "", want.name).hostname
        if status in (401, 403) and sent_on:
            # An address that a host signs for a while is no longer good; it signs another.
            raise Passing(f"{host} answers with status {status}")
        # Hugging Face answers 401 also for a repository that is not there, and says so beside it.
        missing = response.headers.get("X-Error-Code") in ("RepoNotFound", "RevisionNotFound", "EntryNotFound")
        if status in (401, 403) and not missing:
            raise self._gated(want, host, status)
        if status in PASSING_STATUSES:
            raise Passing(f"{host} answers with status {status}", self._asked(response))
        if status in (404, 410) or missing:
            raise FetchFault(
                NOT_FETCHED,
                f"`{want.name}` is not at {host}, or no longer (status {status})",
                "put another `url` for it into reel.lock, or download it by hand",
            )
        if status not in (200, 206, 416):
            raise FetchFault(NOT_FETCHED, f"`{want.name}`: {host} answers with status {status}")
        if status == 200 and kind in ("text/html", "application/xhtml+xml"):
            raise FetchFault(
                NOT_FETCHED,
                f"`{want.name}`: {host} answers with a web page instead of the file",
                f"is `{want.url}` the address of the file itself?",
            )
        if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            raise FetchFault(NOT_FETCHED, f"`{want.name}`: {host} compresses it, which was not asked for")

    def _asked(self, response: httpx.Response) -> float | None:
        text = response.headers.get("Retry-After", "")
        return min(float(text), self._limits.retry_after) if text.isascii() and text.isdigit() else None

    def _gated(self, want: Want, host: str, status: int) -> FetchFault:
        variable = self._variables.get(host)
        page = want.page or want.url
        if variable is None:
            return FetchFault(
                GATED_MODEL,
                f"{host} does not give `{want.name}` to us (status {status})",
                f"download it by hand from {page}",
            )
        if host in self._tokens:
            return FetchFault(
                GATED_MODEL,
                f"{host} does not give `{want.name}` to the account of {variable} (status {status})",
                f"accept the licence with that account at {page}, and see that the token may read the repository",
            )
        return FetchFault(
            GATED_MODEL,
            f"{host} gives `{want.name}` only to accounts that have accepted its licence (status {status})",
            f"accept it at {page}",
            f"then put a token of that account into the environment variable {variable}",
        )


def broken(host: str, error: httpx.TransportError) -> Passing:
    """A connection that was not made, or ended early."""
    match error:
        case httpx.ConnectTimeout():
            return Passing(f"{host} cannot be reached in time")
        case httpx.TimeoutException():
            return Passing(f"{host} falls silent")
        case httpx.ConnectError():
            return Passing(f"{host} cannot be reached")
        case _:
            return Passing(f"the connection to {host} breaks")
