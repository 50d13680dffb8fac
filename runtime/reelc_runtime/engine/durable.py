"""Durable jobs on DBOS Transact: SQLite with nothing to start, or Postgres.

Each run is an *executor* of its own, with an application version of its own: a process takes up what the
dead process of the same run left, and never what belongs to another run. The caller makes sure that there
is one process a run (:mod:`reelc_runtime.run.record` holds a lock).

What is recorded is JSON, so that it can be read without this code; bodies catch their own faults, so no
exception is ever recorded. DBOS runs everything on the event loop that launches it.
"""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from dbos import DBOS, DBOSClient, DBOSConfig, SetWorkflowID
from dbos._serialization import Serializer
from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError

from reelc_runtime.engine import Body, EngineFault, Json, StepFunction

# Raised when a body's steps change in a way that recorded results of an older one do not fit.
SHAPE = 1
APP = "reelc"
# How often the end of a job is looked for that another start of this process has begun.
POLL = 0.2
SQLITE_WAIT = 30.0


class JsonSerializer(Serializer):
    """JSON instead of pickle: readable, and harmless whoever wrote it."""

    def serialize(self, data: Any) -> str:
        """A value as text; exceptions, which should not occur, by name and message."""
        return json.dumps(data, default=_odd, ensure_ascii=False)

    def deserialize(self, serialized_data: str) -> Any:
        """The inverse."""
        value: Any = json.loads(serialized_data)
        entry: Json = cast(Json, value) if isinstance(value, dict) else {}
        if entry.keys() == {"exception", "message"}:
            return EngineFault(f"{entry['exception']}: {entry['message']}")
        return cast(Any, value)

    def name(self) -> str:
        """Under which rows say how they were written."""
        return "reelc_json"


def _odd(value: Any) -> Any:
    if isinstance(value, BaseException):
        return {"exception": type(value).__name__, "message": str(value)}
    raise TypeError(f"{type(value).__name__} is no JSON value")


def database_url(state: Path, asked: str | None) -> str:
    """The database of a state folder, as SQLAlchemy names it.

    Args:
        state: the folder; ``engine.sqlite`` lies in it.
        asked: REELC_DB, ``postgresql://...`` or ``sqlite:///...``; None or empty for the default.

    Raises:
        EngineFault: what was asked for is no such URL.
    """
    if not asked:
        return f"sqlite:///{(state / 'engine.sqlite').resolve()}"
    try:
        url = make_url(asked)
    except Exception as error:
        raise EngineFault("REELC_DB is not the URL of a database") from error
    if url.get_backend_name() not in ("postgresql", "sqlite"):
        raise EngineFault(f"REELC_DB names {url.get_backend_name()}, and reelc knows postgresql and sqlite")
    return asked


def shown(url: str) -> str:
    """A database's URL for messages: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def there(url: str) -> bool:
    """Whether any run has used the database; looking does not make an empty one.

    Raises:
        EngineFault: it cannot be read.
    """
    parts = make_url(url)
    lite = parts.get_backend_name() == "sqlite"
    if lite and not Path(parts.database or "").is_file():
        return False
    engine = create_engine(parts if lite else parts.set(drivername="postgresql+psycopg"))
    try:
        with reporting(url):
            return inspect(engine).has_table("workflow_status", schema=None if lite else "dbos")
    finally:
        engine.dispose()


def prepare(url: str) -> None:
    """Make a SQLite file that several processes can use: with a write-ahead log.

    Raises:
        EngineFault: it cannot be written.
    """
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        return
    try:
        Path(parts.database).parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(parts.database, timeout=SQLITE_WAIT) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    except (OSError, sqlite3.Error) as error:
        raise EngineFault(f"{parts.database} cannot be used as a database: {error}") from error


# The bodies that this process can run, by run: a recovered job finds its own.
_BODIES: dict[str, Body] = {}


# By default a body that was begun a hundred times is given up; here that may be a long night of restarts.
@DBOS.workflow(name="reelc_job", max_recovery_attempts=None)
async def _job(run: str, job: str, generation: int) -> Json:
    async def step(name: str, function: StepFunction, args: Json) -> Json:
        # DBOS's types take the awaitable that the step function gives for its result.
        return cast(Json, await DBOS.run_step_async({"name": name}, cast(Any, function), args))

    return await _BODIES[run](job, generation, step)


class Durable:
    """The engine of one run. Launch it on the event loop that the run lives on.

    Args:
        run: the run's name.
        body: what a job does.
        url: from :func:`database_url`.
        generation: the run's; bodies of earlier ones are not taken up again.
    """

    def __init__(self, run: str, body: Body, url: str, generation: int = 1) -> None:
        self._run = run
        self._url = url
        self._generation = generation
        _BODIES[run] = body

    async def launch(self) -> None:
        """Open the database and take up what an earlier process of this run left.

        Raises:
            EngineFault: the database cannot be used.
        """
        prepare(self._url)
        if self._generation > 1:
            await asyncio.to_thread(_give_up, self._url, self._run, self._generation)
        config: DBOSConfig = {
            "name": APP,
            "system_database_url": self._url,
            "executor_id": self._run,
            "application_version": f"{SHAPE}:{self._run}",
            "serializer": JsonSerializer(),
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": POLL,
        }
        with reporting(self._url):
            DBOS(config=config)
            _quiet()
            DBOS.launch()

    async def job(self, job: str, generation: int) -> Json:
        """The result of a job, begun if it is not there yet."""
        with reporting(self._url):
            with SetWorkflowID(workflow_id(self._run, job, generation)):
                handle = await DBOS.start_workflow_async(_job, self._run, job, generation)
            return await handle.get_result(polling_interval_sec=POLL)

    async def close(self) -> None:
        """Stop DBOS's threads; what was not finished stays in the database."""
        _BODIES.pop(self._run, None)
        await asyncio.to_thread(DBOS.destroy)
        # DBOS has made its threads those of this loop, and has ended them.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())


def workflow_id(run: str, job: str, generation: int) -> str:
    """Under which a job's body is recorded; a run that is resumed after it had ended has a new generation."""
    return f"{run}/{job}/{generation}"


@contextmanager
def reporting(url: str) -> Generator[None]:
    """What the database says is wrong, as one sentence.

    Raises:
        EngineFault: in place of SQLAlchemy's errors.
    """
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise EngineFault(
            f"the database {shown(url)} cannot be used: {cause[0] if cause else 'no reason given'}"
        ) from error


def _quiet() -> None:
    """DBOS talks on the console; what users must know is said by reelc."""
    for name in ("dbos", "dbos_logger"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        logger.handlers.clear()
        logger.addHandler(logging.NullHandler())
        logger.propagate = False


def recorded(url: str, run: str) -> list[Json]:
    """What the database knows of a run's jobs, for people: read through DBOS's client, whoever runs them.

    Returns:
        For each job and generation ``{"job", "generation", "state", "result", "steps": [{"name", "began", "ended",
        "result"}]}``; times in seconds since the epoch, None while unknown; results None where there is none yet.

    Raises:
        EngineFault: the database cannot be read.
    """
    found: list[Json] = []
    if not there(url):
        return found
    with _client(url) as client:
        for status in client.list_workflows(workflow_id_prefix=f"{run}/"):
            job, generation = _parts(status.workflow_id)
            steps = [_step(s) for s in client.list_workflow_steps(status.workflow_id)]
            entry = {"job": job, "generation": generation, "state": status.status, "result": status.output}
            found.append({**entry, "steps": steps})
    return sorted(found, key=lambda e: (e["generation"], e["job"]))


def _give_up(url: str, run: str, generation: int) -> None:
    """Leave the bodies of earlier generations alone: one that never ended would be carried out beside its successor."""
    if not there(url):
        return
    with _client(url) as client:
        left = client.list_workflows(
            workflow_id_prefix=f"{run}/", status=["PENDING", "ENQUEUED"], load_input=False, load_output=False
        )
        old = [status.workflow_id for status in left if _parts(status.workflow_id)[1] < generation]
        if old:
            client.cancel_workflows(old)


@contextmanager
def _client(url: str) -> Generator[DBOSClient]:
    """A look at a database that runs have used, from outside of them.

    Raises:
        EngineFault: it cannot be used.
    """
    _quiet()
    with reporting(url):
        client = DBOSClient(system_database_url=url, serializer=JsonSerializer(), retry_connection_errors=False)
        try:
            yield client
        finally:
            with suppress(SQLAlchemyError):
                client.destroy()


def _parts(workflow: str) -> tuple[str, int]:
    """The job and the generation, from :func:`workflow_id`."""
    _, job, generation = workflow.split("/")
    return job, int(generation)


def _step(info: Any) -> Json:
    def seconds(value: Any) -> float | None:
        return None if value is None else value / 1000

    return {
        "name": info["function_name"],
        "began": seconds(info.get("started_at_epoch_ms")),
        "ended": seconds(info.get("completed_at_epoch_ms")),
        "result": info["output"],
    }
