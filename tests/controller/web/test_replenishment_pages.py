"""Replenishment as a browser without scripts sees it: from what sold to a draft of an order, alerts, and looking back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from controller import db
from controller.people.policies import Grant
from controller.purchasing.operations import approve
from controller.replenishment import night
from edge_agent.wire.roles import Role
from tests.controller.people.browser import logged_in
from tests.controller.replenishment.chain import Chain, proposals, run, supplier
from tests.controller.web.test_forms import client_of, form, press, shown
from tests.databases import copied


@pytest.fixture
async def chain(schema_file: Path, tmp_path: Path) -> AsyncIterator[Chain]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    chain = await Chain.open(2)
    for code in ("milk", "tea"):
        sku = await chain.goods(code, s1=10, s2=12)
        await chain.sold(sku, "s1", [10] * 60)
        await chain.sold(sku, "s2", [1] * 60)
    await supplier("farm", "milk", "tea", pack=6, minimum=800)
    await run("s1", "s2")
    yield chain
    await db.close()


@pytest.fixture
async def client(chain: Chain, tmp_path: Path) -> AsyncIterator[TestClient]:
    async with client_of(tmp_path) as client:
        yield client


async def test_a_group_is_accepted_whole_and_once(client: TestClient) -> None:
    page = await shown(client, "/replenishment")
    assert "farm" in page
    assert "below" in page or "CN" in page
    action, fields = await form(client, "/replenishment", "/accept", site="s1", origin="farm")
    status, where = await press(client, action, fields)
    assert (status, where.startswith("/replenishment?done=accepted&made=PO-")) == (303, True)
    assert (await press(client, action, fields))[0] == 303
    assert len(await db.fetch("SELECT id FROM purchase_order")) == 1
    assert "Made as drafts" in await shown(client, where)


async def test_an_acceptance_is_taken_back_once_and_proposed_anew(client: TestClient) -> None:
    action, fields = await form(client, "/replenishment", "/accept", site="s1", origin="farm")
    _, where = await press(client, action, fields)
    action, fields = await form(client, where, "/undo")
    for _ in range(2):  # a double click
        assert await press(client, action, fields) == (303, "/replenishment?done=undone")
    (order,) = await db.fetch("SELECT state FROM purchase_order")
    assert order["state"] == "cancelled"
    await night.work_off()
    assert "farm" in await shown(client, "/replenishment?done=undone")
    assert await proposals(site_id="s1", kind="purchase", state="proposed")


async def test_what_was_approved_meanwhile_is_not_taken_back(client: TestClient) -> None:
    action, fields = await form(client, "/replenishment", "/accept", site="s1", origin="farm")
    _, where = await press(client, action, fields)
    action, fields = await form(client, where, "/undo")
    await approve(fields["made"])
    status, page = await press(client, action, fields)
    assert (status, "approved_by_now" in page) == (409, True)
    (order,) = await db.fetch("SELECT state FROM purchase_order")
    assert order["state"] == "approved"


async def test_a_proposal_tells_every_number_and_is_changed(client: TestClient) -> None:
    row = (await proposals(site_id="s1"))[0]
    address = f"/replenishment/proposals/{row['id']}"
    page = await shown(client, address)
    for words in (
        "Reorder point",
        "Order up to",
        "Safety stock",
        "To the least value",
        "simple exponential smoothing",
        "Eight days of ten",
    ):
        assert words in page
    action, fields = await form(client, address, "/change")
    assert await press(client, action, fields | {"quantity": "61"}) != (303, f"{address}?done=changed")
    assert (await proposals(id=row["id"]))[0]["state"] == "proposed"
    assert await press(client, action, fields | {"quantity": "60", "key": "another"}) == (303, f"{address}?done=changed")
    assert (await proposals(id=row["id"]))[0]["quantity"] == 60


async def test_what_is_ticked_is_dismissed_and_a_reason_is_needed(client: TestClient) -> None:
    rows = await proposals(site_id="s1")
    action, fields = await form(client, "/replenishment/lines?kind=purchase&site=s1&origin=farm", "/selected")
    ticked = fields | {f"p{row['id']}": "yes" for row in rows}
    status, page = await press(client, action, ticked | {"verb": "dismiss", "reason": ""})
    assert (status, "a reason is needed" in page) == (422, True)
    status, where = await press(client, action, ticked | {"verb": "dismiss", "reason": "delisted", "key": "again"})
    assert (status, where) == (303, "/replenishment?done=dismissed")
    assert {row["state"] for row in await proposals(site_id="s1")} == {"dismissed"}
    nothing = {name: value for name, value in fields.items() if not name.startswith("p")}
    status, page = await press(client, action, {**nothing, "verb": "accept", "key": "nothing"})
    assert (status, "nothing was selected" in page) == (422, True)


async def test_a_run_is_asked_for_and_its_progress_shows(client: TestClient) -> None:
    action, fields = await form(client, "/replenishment", "/run")
    assert await press(client, action, fields | {"site": "s1"}) == (303, "/replenishment?done=asked&site=s1")
    assert "Waits to begin" in await shown(client, "/replenishment")
    assert (await press(client, action, fields | {"site": "s1", "key": "second"}))[0] == 409
    await night.work_off()
    assert "Waits to begin" not in await shown(client, "/replenishment")


async def test_looking_back_compares_rules(client: TestClient) -> None:
    page = await shown(client, "/replenishment/back-test?site=s1")
    assert "Shelfwire's rules" in page
    assert "100.0 %" in page


async def test_alerts_come_go_and_are_acknowledged(client: TestClient, chain: Chain) -> None:
    page = await shown(client, "/stock-alerts?kind=low&site=s1")
    assert "lasts 1 day" in page
    action, fields = await form(client, "/stock-alerts?kind=low&site=s1", "/acknowledge")
    assert await press(client, action, fields) == (303, "/stock-alerts?kind=low")
    assert "seen by" in await shown(client, "/stock-alerts?kind=low&site=s1")
    for row in await db.fetch("SELECT id FROM sku"):
        await chain.arrive(row["id"], "s1", 500)
    await night.refresh_quick()
    assert "lasts 1 day" not in await shown(client, "/stock-alerts?kind=low&site=s1")
    assert await db.fetch("SELECT id FROM stock_alert WHERE closed_at IS NOT NULL AND kind = 'low' AND site_id = 's1'")


async def test_somebody_of_another_site_sees_and_decides_nothing_here(chain: Chain, tmp_path: Path) -> None:
    there = await logged_in("there", Grant(Role.MANAGER, "s2"))
    async with client_of(tmp_path, open_pages=False) as client:
        there.at(client)
        row = (await proposals(site_id="s1"))[0]
        answer = await client.get(f"/replenishment/proposals/{row['id']}")
        assert answer.status == 404
        assert "s1" not in await shown(client, "/replenishment")
