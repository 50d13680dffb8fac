"""A PostgreSQL server for tests: started on loopback where its programs are installed, else tests skip.

``tests/conftest.py`` has the fixtures for all tests: ``postgres`` is the URL of an empty database.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

USER = "reelc"


def programs() -> Path | None:
    """The folder with ``initdb`` and ``pg_ctl``: Debian keeps them out of PATH; the newest there."""
    found = shutil.which("pg_ctl")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name, reverse=True)
    return next((p for p in places if (p / "initdb").is_file() and (p / "pg_ctl").is_file()), None)


def owner() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: whom it runs as then, for ``subprocess``."""
    if os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is no other user")


@dataclass(frozen=True)
class Server:
    """A running server.

    Args:
        bin: its programs.
        folder: its data; trust is all that is asked of who connects.
        port: on 127.0.0.1.
        who: whom it runs as.
    """

    bin: Path
    folder: Path
    port: int
    who: dict[str, Any]

    def url(self, database: str) -> str:
        """What REELC_DB would be."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def control(self, *args: str) -> None:
        """``pg_ctl``, which waits until it is done."""
        command = [str(self.bin / "pg_ctl"), "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), *args]
        # The server keeps the descriptors that it is started with: a pipe would never end.
        subprocess.run(
            command,
            check=True,
            timeout=60,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.who,
        )

    def execute(self, statement: str) -> None:
        """A statement outside of any transaction."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server for the whole session; skips where it cannot be had."""
    bin_ = programs()
    if bin_ is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    who = owner()
    # Not below pytest's own folder, which only the user who runs the tests may enter.
    folder = Path(tempfile.mkdtemp(prefix="reelc-postgres-"))
    try:
        if who:
            os.chown(folder, who["user"], who["group"])
        made = [str(bin_ / "initdb"), "-D", str(folder / "data"), "-U", USER, "--auth=trust", "--no-sync"]
        made += ["--encoding=UTF8", "--locale=C"]
        subprocess.run(made, check=True, timeout=120, cwd=folder, capture_output=True, **who)
        server = Server(bin_, folder, free_port(), who)
        options = f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        server.control("-w", "-t", "50", "-o", options, "start")
        try:
            yield server
        finally:
            server.control("-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[str]:
    """The URL of an empty database, for REELC_DB."""
    name = f"reelc_{secrets.token_hex(4)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")
