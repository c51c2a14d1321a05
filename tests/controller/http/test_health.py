"""What `/readyz` and `/metrics` say, from a real application on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db, events
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.documents.events import DocumentWanted
from controller.fleet.operations import register_box
from controller.http.metrics import Metrics
from controller.ingest import ingest
from controller.sites.operations import create_site
from edge_agent.wire.facts import Received, Scan
from edge_agent.wire.messages import Symbol
from tests.controller.boxes import WireBox


def client_of(folder: Path, parts: Parts) -> TestClient:
    return TestClient(TestServer(make_app(parse_config({"data": str(folder)}, {}, "test"), parts), host="127.0.0.1"))


async def metrics_of(client: TestClient) -> dict[str, float]:
    text = await (await client.get("/metrics")).text()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in text.splitlines() if line[0] != "#")}


async def test_it_is_ready_only_at_the_newest_migration(database_url: str, tmp_path: Path) -> None:
    await db.connect(database_url)
    try:
        async with client_of(tmp_path, Parts()) as client:
            before = await client.get("/readyz")
            assert before.status == 503
            assert "0001_initial" in (await before.json())["checks"]["schema"]
            await db.migrate()
            after = await client.get("/readyz")
            assert (after.status, (await after.json())["checks"]) == (200, {"database": "ok", "schema": "ok", "broker": "ok"})
    finally:
        await db.close()


async def test_new_facts_count_once_by_name_and_outcome(database: str, tmp_path: Path) -> None:
    await create_site("s1", name="One")
    await register_box("counter-1", site="s1", name="Counter")
    box, parts = WireBox(box="counter-1"), Parts(metrics=Metrics())
    scan = box.message(box.envelope(Scan(symbol=Symbol(text="4006381333931"))))
    unknown = box.message(box.envelope(Received(document="D-1", symbol=Symbol(text="NEW"), quantity=1)))
    await ingest([scan, unknown], parts.metrics.taken)
    await ingest([scan, unknown], parts.metrics.taken)
    async with client_of(tmp_path, parts) as client:
        found = await metrics_of(client)
    assert found['shelfwire_facts_total{name="scan",outcome="applied"}'] == 1
    assert found['shelfwire_facts_total{name="received",outcome="parked"}'] == 1
    assert found["shelfwire_facts_parked"] == 1


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_consumer_s_lag_is_the_age_of_what_it_has_not_seen(database: str, tmp_path: Path, is_done: bool) -> None:
    start = await events.newest()
    async with db.transaction():
        wanted = DocumentWanted(key="k", template="receipt", box="b", document="SO-1", data={})
        await events.record(wanted, subject="SO-1")
    async with db.transaction():
        await events.move_cursor("printing", await events.newest() if is_done else start)
    async with client_of(tmp_path, Parts()) as client:
        lag = (await metrics_of(client))['shelfwire_event_lag_seconds{consumer="printing"}']
    assert (lag == 0) is is_done
    assert 0 <= lag < 60
