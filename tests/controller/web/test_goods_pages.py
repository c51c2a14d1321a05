"""The pages of transfers, prices, shelf labels and sales: each shows what is there, and its forms do what they say, once."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db, events
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.people.policies import Grant
from controller.pricing.queries import batches, history, site_prices
from controller.sales.recording import record
from controller.transfers import queries as transfers
from controller.transfers.queries import Asked
from controller.transfers.states import TransferState
from edge_agent.wire.goods_facts import TransferEnd
from edge_agent.wire.roles import Role
from tests.controller.boxes import register
from tests.controller.people.browser import Somebody, form_of, logged_in
from tests.controller.sales.tills import line, receipt
from tests.controller.transfers.two_sites import applied, closed, fact, open_sites, received, sent, stocked
from tests.databases import copied


@pytest.fixture
async def client(schema_file: Path, tmp_path: Path) -> AsyncIterator[TestClient]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    shop = await open_sites()
    await stocked(shop, "milk", 20)
    await stocked(shop, "tea", 20)
    await register(site="s1")
    config = parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
        yield client
    await db.close()


@pytest.fixture
async def boss(client: TestClient) -> Somebody:
    return (await logged_in("Boss", Grant(Role.ADMIN))).at(client)


async def send(client: TestClient, path: str, **fields: str) -> tuple[int, str]:
    """Status, and what the page that comes says."""
    form = await form_of(client, "/me")
    key = hashlib.sha256(repr(sorted(fields.items())).encode()).hexdigest()
    answer = await client.post(path, data={**form, "key": key, **fields}, headers={"Accept": "text/html"})
    return answer.status, await answer.text()


async def page(client: TestClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.text()


async def test_a_transfer_is_planned_approved_sent_and_decided_on_its_page(client: TestClient, boss: Somebody) -> None:
    assert "No transfers yet." in await page(client, "/transfers")
    planned = {"from_site": "s1", "to_site": "s2", "lines": "milk 5\r\n\r\ntea\t3", "note": "weekend"}
    status, text = await send(client, "/transfers", **planned)
    assert (status, "Planned." in text, "weekend" in text) == (200, True, True)
    await send(client, "/transfers", **planned)
    (found,) = await transfers.transfers(Asked())
    where = f"/transfers/{found.number}"
    assert "Approved." in (await send(client, where, verb="approve"))[1]
    await applied(
        fact(sent(found.number, "milk", 5), "s1"),
        fact(closed(found.number, TransferEnd.SENT), "s1", 1),
        fact(received(found.number, "milk", 4), "s2", 5),
        fact(closed(found.number, TransferEnd.RECEIVED), "s2", 6),
    )
    text = await page(client, where)
    assert "1 did not come yet" in text
    assert "Received short" in text
    wanted = {"verb": "settle", "sku": "milk", "quantity": "1", "decision": "lost", "reason": "van searched"}
    status, text = await send(client, where, **{**wanted, "quantity": "9"})
    assert (status, "not_settleable" in text) == (422, True)
    status, text = await send(client, where, **wanted)
    assert (status, "Written off as lost" in text, "van searched" in text) == (200, True, True)
    assert found.number in await page(client, "/transfers?state=received_short&site=s2")
    assert "No transfer matches this search." in await page(client, "/transfers?state=draft")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"from_site": "s1", "to_site": "s1", "lines": "milk 1"}, "bad_transfer"),
        ({"from_site": "s1", "to_site": "s2", "lines": "milk"}, "bad_transfer"),
        ({"from_site": "s1", "to_site": "s2", "lines": "coffee 1"}, "not_found"),
        ({"from_site": "s1", "to_site": "s2"}, "bad_transfer"),
    ],
)
async def test_a_plan_that_cannot_be_says_so_and_keeps_what_was_typed(
    client: TestClient, boss: Somebody, fields: dict[str, str], code: str
) -> None:
    status, text = await send(client, "/transfers", **fields)
    assert (status, code in text, fields.get("lines", "") in text) == (422, True, True)
    assert await transfers.transfers(Asked()) == []


async def test_what_is_not_there_is_not_approved(client: TestClient, boss: Somebody) -> None:
    await send(client, "/transfers", from_site="s1", to_site="s2", lines="milk 50")
    (found,) = await transfers.transfers(Asked())
    status, text = await send(client, f"/transfers/{found.number}", verb="approve")
    assert (status, "insufficient_stock" in text) == (422, True)
    status, text = await send(client, f"/transfers/{found.number}", verb="teleport")
    assert (status, "malformed_form" in text) == (422, True)
    assert "Cancelled." in (await send(client, f"/transfers/{found.number}", verb="cancel"))[1]
    assert (await transfers.transfer(found.number)).state is TransferState.CANCELLED


async def test_who_is_at_one_site_neither_sees_nor_changes_a_transfer_of_others(client: TestClient, boss: Somebody) -> None:
    await send(client, "/transfers", from_site="s1", to_site="s2", lines="milk 1")
    (found,) = await transfers.transfers(Asked())
    (await logged_in("There", Grant(Role.MANAGER, "s3"))).at(client)
    assert (await client.get(f"/transfers/{found.number}")).status == 404
    assert found.number not in await page(client, "/transfers")
    (await logged_in("Here", Grant(Role.MANAGER, "s1"))).at(client)
    assert found.number in await page(client, "/transfers")
    assert (await send(client, f"/transfers/{found.number}", verb="approve"))[0] == 404
    assert (await transfers.transfer(found.number)).state is TransferState.DRAFT


async def test_a_price_is_said_taken_back_and_seen(client: TestClient, boss: Somebody) -> None:
    assert "milk" in await page(client, "/prices")
    later = {"price": "6.50", "effective_from": "2059-01-01T06:00", "site": "s1", "note": "new year"}
    assert "bad_price" in (await send(client, "/prices/milk", **later))[1], "more than ten years away"
    later["effective_from"] = f"{db.now().year + 1}-01-01T06:00"
    status, text = await send(client, "/prices/milk", **later)
    assert (status, "To come" in text, "new year" in text) == (200, True, True)
    assert "price_conflict" in (await send(client, "/prices/milk", **{**later, "price": "7"}))[1]
    status, text = await send(client, "/prices/milk", **{**later, "price": "cheap"})
    assert (status, "bad_cell" in text, 'value="cheap"' in text) == (422, True, True)
    coming = next(row for row in await history("milk") if row.scope == "s1")
    assert coming.effective_from.hour == 22, "the site's own time"
    assert "To come" in await page(client, "/prices")
    assert "Taken back" in (await send(client, "/prices/milk/cancel", price=str(coming.id)))[1]
    await send(client, "/prices/milk", price="5", effective_from="2026-01-01T06:00", site="s2")
    assert await site_prices("milk") == {"s2": 500}


async def test_prices_are_pasted_looked_at_and_taken_in_or_refused_row_by_row(client: TestClient, boss: Somebody) -> None:
    year = db.now().year + 1
    good = f"sku,price,effective_from,site\nmilk,6.50,{year}-01-01T06:00,\ntea,9,{year}-01-01T06:00,s1\n"
    bad = good + f"coffee,1,{year}-01-01T06:00,\nmilk,7,{year}-01-01T06:00,\n"
    status, text = await send(client, "/prices", csv=bad, verb="preview")
    assert (status, "2 rows that are wrong" in text, "there is no SKU" in text) == (200, True, True)
    status, text = await send(client, "/prices", csv=bad, verb="import")
    assert (status, "prices_rejected" in text) == (422, True)
    assert [row for row in await history("milk") if not row.is_begun] == []
    assert "Taken in." in (await send(client, "/prices", csv=good, verb="import"))[1]
    assert len([row for sku in ("milk", "tea") for row in await history(sku) if not row.is_begun]) == 2


async def test_labels_are_printed_from_their_batch(client: TestClient, boss: Somebody) -> None:
    assert "No shelf labels to change." in await page(client, "/labels")
    await send(client, "/prices/milk", price="6.50", effective_from=f"{db.now().year + 1}-01-01T06:00", site="")
    (found,) = await batches()
    assert "To be printed" in await page(client, f"/labels/{found.number}")
    status, text = await send(client, f"/labels/{found.number}", box="b1")
    assert (status, "Asked for." in text) == (200, True)
    assert len([event for event in await events.feed(0, 1000) if event.name == "document_wanted"]) == 1
    status, text = await send(client, f"/labels/{found.number}", box="b1", again="")
    assert (status, "nothing_to_print" in text) == (422, True)
    assert found.number in await page(client, "/labels?state=open")


async def test_receipts_what_waits_and_what_contradicts_are_seen(client: TestClient, boss: Somebody) -> None:
    assert "No receipts yet." in await page(client, "/sales")
    told = [
        receipt("A-1", line("milk", 2), line("WHAT?", 1, is_sku=False)),
        receipt("A-1", line("milk", 9)),
        receipt("A-3", line("milk", 1)),
        receipt("A-2", voids="A-3"),
    ]
    await record(told, source="token:pos")
    text = await page(client, "/sales")
    assert "WHAT?" in text
    assert "Something else was told" in text
    assert "Void" in text
    rows = await db.fetch("SELECT id FROM sale ORDER BY id")
    assert "Taken back by" in await page(client, f"/sales/{rows[1]['id']}")
    assert (await client.get("/sales/999")).status == 404
    (await logged_in("There", Grant(Role.MANAGER, "s2"))).at(client)
    assert (await client.get(f"/sales/{rows[0]['id']}")).status == 404
    assert "A-1" not in await page(client, "/sales")


async def test_every_page_is_in_both_languages(client: TestClient, boss: Somebody) -> None:
    await send(client, "/transfers", from_site="s1", to_site="s2", lines="milk 1")
    (found,) = await transfers.transfers(Asked())
    for path, word in (
        ("/transfers", "调拨"),
        (f"/transfers/{found.number}", "货物流水"),
        ("/prices", "批量改价"),
        ("/prices/milk", "历史与将来"),
        ("/labels", "价签"),
        ("/sales", "其他收银机的销售"),
    ):
        assert word in await page(client, f"{path}?lang=zh-CN"), path
