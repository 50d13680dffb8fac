"""Who holds which worker, and which workers were added or are to be drained.

A lease is a promise between runs, also of different processes: a worker does one job at a time. It ends by
itself when its holder dies. ComfyUI queues what comes while it is busy, so a lease that is broken costs time
and nothing else.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

# Seconds for which a lease counts without being renewed.
TTL = 60.0
# The key of PostgreSQL's lock for making the tables.
MAKING = 7_365_101
ACTIVE, DRAINING = "active", "draining"


class Leases(Protocol):
    """Takes and frees leases for one run."""

    async def take(self, worker: str, job: str) -> bool:
        """Hold a worker for a job; False when another run or job holds it. Taking it again renews it."""
        ...

    async def free(self, worker: str, job: str) -> None:
        """Let go of a worker; nothing happens when somebody else holds it."""
        ...

    async def drop(self) -> None:
        """Let go of everything that this run holds, also what an earlier process of it held."""
        ...

    async def registered(self) -> dict[str, str]:
        """Workers that were added or drained while runs go on: address to ``active`` or ``draining``."""
        ...


class Unshared:
    """Leases of a run that is alone with its workers."""

    async def take(self, worker: str, job: str) -> bool:
        """Always."""
        return True

    async def free(self, worker: str, job: str) -> None:
        """Nothing is held."""

    async def drop(self) -> None:
        """Nothing is held."""

    async def registered(self) -> dict[str, str]:
        """None."""
        return {}


class Registry:
    """The table of workers that belong to a state folder's runs beyond those that a run names itself.

    Args:
        url: the database, as SQLAlchemy names it.
        now: seconds since the epoch, injected.
    """

    def __init__(self, url: str, now: Callable[[], float]) -> None:
        import sqlalchemy as sa

        parts = sa.make_url(url)
        if parts.get_backend_name() == "postgresql":
            parts = parts.set(drivername="postgresql+psycopg")
        options: dict[str, Any] = {"connect_args": {"timeout": 30}} if parts.get_backend_name() == "sqlite" else {}
        self._engine = sa.create_engine(parts, **options)
        self._url = url
        self.now = now
        self._text = sa.text
        with self._engine.begin() as connection:
            if parts.get_backend_name() == "postgresql":
                # There, two that make the same table at the same time are in each other's way.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MAKING})
            for statement in (
                "CREATE TABLE IF NOT EXISTS reelc_workers (url TEXT PRIMARY KEY, state TEXT NOT NULL)",
                "CREATE TABLE IF NOT EXISTS reelc_leases "
                "(worker TEXT PRIMARY KEY, run TEXT NOT NULL, job TEXT NOT NULL, until DOUBLE PRECISION NOT NULL)",
            ):
                connection.execute(sa.text(statement))

    def run(self, statement: str, **values: Any) -> int:
        """Execute a statement; the number of rows that it changed. Raises EngineFault."""
        from reelc_runtime.engine.durable import reporting

        with reporting(self._url), self._engine.begin() as connection:
            return connection.execute(self._text(statement), values).rowcount

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """The rows of a query. Raises EngineFault."""
        from reelc_runtime.engine.durable import reporting

        with reporting(self._url), self._engine.connect() as connection:
            return list(connection.execute(self._text(statement), values))

    def workers(self) -> dict[str, str]:
        """Address to ``active`` or ``draining``."""
        return {row.url: row.state for row in self.rows("SELECT url, state FROM reelc_workers ORDER BY url")}

    def leases(self) -> list[tuple[str, str, str]]:
        """Worker, run and job of each lease that counts now."""
        found = self.rows(
            "SELECT worker, run, job FROM reelc_leases WHERE until >= :now ORDER BY worker", now=self.now()
        )
        return [(row.worker, row.run, row.job) for row in found]

    def drop(self, run: str) -> None:
        """End all leases of a run."""
        self.run("DELETE FROM reelc_leases WHERE run = :run", run=run)

    def set_worker(self, url: str, state: str | None) -> bool:
        """Add a worker, change its state, or forget it (None); whether anything changed."""
        if state is None:
            return self.run("DELETE FROM reelc_workers WHERE url = :url", url=url) > 0
        return (
            self.run(
                "INSERT INTO reelc_workers (url, state) VALUES (:url, :state) "
                "ON CONFLICT (url) DO UPDATE SET state = excluded.state WHERE reelc_workers.state <> excluded.state",
                url=url,
                state=state,
            )
            > 0
        )

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


class Shared:
    """Leases in a database that several runs share.

    Args:
        registry: the tables.
        run: who holds them.
    """

    def __init__(self, registry: Registry, run: str) -> None:
        self._registry = registry
        self._run = run

    async def take(self, worker: str, job: str) -> bool:
        """By compare and set: free, run out, or ours already."""
        now = self._registry.now()
        changed = await _thread(
            self._registry.run,
            "INSERT INTO reelc_leases (worker, run, job, until) VALUES (:worker, :run, :job, :until) "
            "ON CONFLICT (worker) DO UPDATE SET run = excluded.run, job = excluded.job, until = excluded.until "
            "WHERE reelc_leases.until < :now OR (reelc_leases.run = :run AND reelc_leases.job = :job)",
            worker=worker,
            run=self._run,
            job=job,
            until=now + TTL,
            now=now,
        )
        return changed == 1

    async def free(self, worker: str, job: str) -> None:
        """Only what is ours."""
        statement = "DELETE FROM reelc_leases WHERE worker = :worker AND run = :run AND job = :job"
        await _thread(self._registry.run, statement, worker=worker, run=self._run, job=job)

    async def drop(self) -> None:
        """All of this run's."""
        await _thread(self._registry.drop, self._run)

    async def registered(self) -> dict[str, str]:
        """The table as it stands."""
        return await _thread(self._registry.workers)


async def _thread(function: Callable[..., T], *args: Any, **values: Any) -> T:
    """In a thread. Who is cancelled waits for its end all the same, so that no statement comes after later ones."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **values))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.gather(work, return_exceptions=True)
        raise
