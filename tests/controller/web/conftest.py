"""The application with its pages, over a database with the schema, as a browser meets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config


@pytest.fixture
async def client(tmp_path: Path, schema_file: Path) -> AsyncIterator[TestClient]:
    path = tmp_path / "c.db"
    path.write_bytes(schema_file.read_bytes())
    await db.connect(f"sqlite://{path}")
    config = parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
        yield client
    await db.close()
