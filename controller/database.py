"""The one database of this process: open, close, create its tables, migrate them.  Everything else is in `controller.db`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from asyncpg.exceptions import InterfaceError
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor

from controller.schema import extra_statements
from controller.sqlite import LockFile
from edge_agent.seams import Clock, SystemClock, failpoint

T = TypeVar("T")

MODEL_MODULES = (
    "controller.events",
    "controller.people.models",
    "controller.sites.models",
    "controller.profiles.models",
    "controller.catalog.models",
    "controller.documents.models",
    "controller.tasks.models",
    "controller.stock.models",
    "controller.recalls.models",
    "controller.proofs.models",
    "controller.stock.shelf_models",
    "controller.costing.models",
    "controller.counts.models",
    "controller.pricing.models",
    "controller.purchasing.models",
    "controller.purchasing.receipt_models",
    "controller.transfers.models",
    "controller.sales.models",
    "controller.taxes.models",
    "controller.payments.models",
    "controller.customers.models",
    "controller.replica.models",
    "controller.fleet.models",
    "controller.fleet.measured_models",
    "controller.orders.models",
    "controller.orders.flag_models",
    "controller.orders.batch_models",
    "controller.orders.template_models",
    "controller.orders.saved_models",
    "controller.orders.tag_models",
    "controller.fulfilment.models",
    "controller.sourcing.models",
    "controller.shipping.models",
    "controller.waves.models",
    "controller.invoices.models",
    "controller.intake.models",
    "controller.intake.counter_models",
    "controller.review.models",
    "controller.review.clock_models",
    "controller.tracking.models",
    "controller.replenishment.models",
    "controller.reports.models",
    "controller.http.models",
)
"""Every module that defines tables, in the order of their EXTRA_SQL.  One line per feature."""

APP = "controller"


class Engine(StrEnum):
    SQLITE = "sqlite"
    POSTGRES = "postgres"


@dataclass(slots=True)
class Database:
    """What `connect` opened."""

    engine: Engine
    client: Any
    context: TortoiseContext
    config: dict[str, Any]
    clock: Clock
    lock: LockFile | None
    memory: dict[str, Any] = field(default_factory=dict)


_database: Database | None = None


def here() -> Database:
    """Raises RuntimeError before `connect`."""
    if _database is None:
        raise RuntimeError("no database is connected: call connect() first")
    return _database


def _config(url: str) -> dict[str, Any]:
    connection = expand_db_url(url)
    if connection["engine"] == "tortoise.backends.sqlite":
        connection["engine"] = "controller.sqlite"
        connection["credentials"] |= {"synchronous": "FULL", "busy_timeout": 5000}
    else:
        connection["credentials"].setdefault("maxsize", 16)
        connection["credentials"]["reset"] = _as_it_is
        # compiled statements pay for reports of minutes; each of ours is over before its compilation would be
        connection["credentials"]["server_settings"] = {"jit": "off"}
    app = {"models": list(MODEL_MODULES), "default_connection": "default", "migrations": "controller.migrations"}
    return {"connections": {"default": connection}, "apps": {APP: app}}


async def _as_it_is(_: object) -> None:
    """A connection goes back to the pool as it is: nothing of ours sets anything for a session, and a reset costs each read a turn.

    The pool itself rolls back what is left open (asyncpg, `Connection._reset`).
    """


async def connect(url: str, *, create_schema: bool = False, clock: Clock | None = None) -> None:
    """Open `sqlite:///path` or `postgres://…`; with `create_schema`, create what is missing straight from the models.

    Raises DatabaseInUse when another process has the SQLite file.
    """
    global _database  # noqa: PLW0603 -- one process serves one database
    if _database is not None:
        raise RuntimeError("a database is connected already")
    config = _config(url)
    connection = config["connections"]["default"]
    engine = Engine.SQLITE if connection["engine"] == "controller.sqlite" else Engine.POSTGRES
    lock = LockFile(Path(connection["credentials"]["file_path"])) if engine is Engine.SQLITE else None
    context = TortoiseContext()
    try:
        with context:  # every other task finds it by Tortoise's global fallback
            await context.init(config=config, _enable_global_fallback=True)
        _forget_descriptions(context)
        client = context.db("default")
        await client.create_connection(with_db=True)
    except BaseException:
        await context.close_connections()
        if lock:
            lock.release()
        raise
    _database = Database(engine, client, context, config, clock or SystemClock(), lock)
    if create_schema:
        await context.generate_schemas()
        await _apply_extra_sql()


def _forget_descriptions(context: TortoiseContext) -> None:
    """Docstrings stay in the code: as table comments they would make a migration of every change of wording.

    (And Tortoise 1.1.9 splits a migration's SQL at each semicolon, those in comments included.)
    """
    for model in context.apps[APP].values() if context.apps else ():
        model._meta.table_description = ""  # noqa: SLF001 -- Tortoise's public name for it


async def close() -> None:
    """Close what `connect` opened; does nothing when nothing is open."""
    global _database
    if _database is None:
        return
    database, _database = _database, None
    await database.context.close_connections()
    if database.lock:
        database.lock.release()


async def migrate() -> None:
    """Bring the schema to the newest migration; processes that start together take turns.

    A database that has had none gets the tables of the models, to which the migrations lead, and is noted to have had them all;
    begun and cut off, it is begun again.
    """
    database = here()
    async with _alone(database):
        executor = MigrationExecutor(database.client, database.config["apps"])
        is_new = not await executor.recorder.applied_migrations()
        if is_new:  # from the models in a second, where the migrations, table by table, take a minute on a Raspberry Pi
            await database.context.generate_schemas()
        await executor.migrate(fake=is_new)
        failpoint("ctl.migrating")
        await _apply_extra_sql()


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[None]:
    """An advisory lock on PostgreSQL; on SQLite there is only this process."""
    if database.engine is Engine.SQLITE:
        yield
        return
    async with database.client.acquire_connection() as connection:
        await connection.execute("SELECT pg_advisory_lock(hashtext('shelfwire migrations'))")
        try:
            yield
        finally:
            await connection.execute("SELECT pg_advisory_unlock(hashtext('shelfwire migrations'))")


async def pending_migrations() -> list[str]:
    """Names of the migrations that this database has not had yet."""
    database = here()
    plan = await MigrationExecutor(database.client, database.config["apps"]).plan()
    return [step.migration.name for step in plan]


async def changed_models() -> list[str]:
    """What a new migration would do: empty when models and migrations agree."""
    return [operation.describe() for writer in await _detector().changes() for operation in writer.operations]


async def write_migration() -> list[str]:
    """Write the migration that brings the schema to the models; the files' paths."""
    return await _detector().write()


def given_keys() -> dict[str, str]:
    """The name of the key by model, where the key is given by us and not counted by the database."""
    described = [model.describe() for models in (here().context.apps or {}).values() for model in models.values()]
    return {
        model["name"].rpartition(".")[2]: model["pk_field"]["name"] for model in described if not model["pk_field"]["generated"]
    }


def _detector() -> MigrationAutodetector:
    database = here()
    if database.context.apps is None:
        raise RuntimeError("the models are not loaded")
    return MigrationAutodetector(database.context.apps, database.config["apps"])


async def _apply_extra_sql() -> None:
    for statement in extra_statements(MODEL_MODULES, postgres=engine() is Engine.POSTGRES):
        await here().client.execute_script(statement)


def engine() -> Engine:
    return here().engine


def now() -> datetime:
    """Aware UTC, of the clock that `connect` was given."""
    return here().clock.now()


def memory(name: str, kind: type[T]) -> T:
    """What a feature remembers of this database, made by `kind()` at first; gone with `close`."""
    remembered = here().memory
    if name not in remembered:
        remembered[name] = kind()
    found: T = remembered[name]
    return found


def is_of_the_database(error: BaseException) -> bool:
    """Whether it is no fault of what was asked (a full disk, a lost connection, …): the transaction as a whole may be tried again.

    PostgreSQL manual, appendix A: classes 08 connection, 40 rollback, 53 resources, 57 operator, 58 system; asyncpg's own errors
    where the server can say nothing any more ("connection is closed").  SQLite: result codes.
    """
    sqlstate, sqlite = getattr(error, "sqlstate", None), getattr(error, "sqlite_errorname", None)
    if sqlite is not None:
        return str(sqlite).startswith(
            ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_READONLY", "SQLITE_CORRUPT")
        )
    return isinstance(error, OSError | InterfaceError) or str(sqlstate or "")[:2] in ("08", "40", "53", "57", "58")
