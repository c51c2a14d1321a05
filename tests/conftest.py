"""Real servers as fixtures (tests/servers.py)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from controller import db
from tests.databases import Databases
from tests.servers import Mosquitto, Postgres, running_mosquitto, running_postgres

# A loaded machine is no failure of the product: times are measured by `make bench`, never here.
settings.register_profile("shelfwire", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shelfwire")


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """One broker for the session; tests keep apart by their site ids."""
    with running_mosquitto(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


@pytest.fixture
def own_mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of the test's own, to be killed and wiped."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    with running_mosquitto(folder) as broker:
        yield broker


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One cluster for the session."""
    with running_postgres(flushes=False) as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A fresh, empty database."""
    with postgres.fresh_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database on each engine."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/controller.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def schema_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema: a copy of it is there ten times sooner than one that is made."""
    path = tmp_path_factory.mktemp("schema") / "controller.db"
    asyncio.run(_make_schema(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def schema_database(postgres: Postgres) -> Iterator[str]:
    """The name of a PostgreSQL database with the schema, for the same reason."""
    with postgres.fresh_database() as url:
        asyncio.run(_make_schema(url))
        yield url.rpartition("/")[2]


async def _make_schema(url: str) -> None:
    await db.connect(url, create_schema=True)
    await db.close()


@pytest.fixture(scope="session")
def databases(postgres: Postgres, schema_database: str) -> Databases:
    return Databases(postgres, schema_database)


@pytest.fixture
def copied_database(databases: Databases) -> Iterator[str]:
    with databases.lent() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def schema_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database with its schema, on each engine."""
    if request.param == "sqlite":
        return f"sqlite://{shutil.copy(request.getfixturevalue('schema_file'), tmp_path / 'controller.db')}"
    url: str = request.getfixturevalue("copied_database")
    return url
