from __future__ import annotations

import asyncio
from random import Random
from typing import ClassVar

import msgspec
import pytest

from controller import db, events, printing
from controller.documents.events import DocumentWanted
from controller.documents.operations import store_builtin
from controller.documents.queries import current
from controller.fleet import requests
from controller.fulfilment.operations import ParcelWithdrawn, cancel, reprint_label
from drivers.documents.templates import fill, load_template
from edge_agent.wire.codec import decode
from edge_agent.wire.messages import JobRequest
from tests.controller.orders_shop import OrderShop, told


@pytest.fixture
async def shop(database: str) -> OrderShop:
    await store_builtin()
    return await OrderShop.open()


async def add_printers() -> None:
    for device, kind in (("label", "label_printer"), ("receipt", "receipt_printer")):
        await db.execute(
            "INSERT INTO device (box, id, kind, model, address, state, faults, described) "
            "VALUES ('b1', ?, ?, '', '', 'ready', '[]', ?)",
            *(device, kind, True),
        )


async def pack_one(shop: OrderShop) -> str:
    """The number of the packed parcel's order."""
    await shop.stock("tea", 10)
    order, pick_list = await shop.released(("tea", 2))
    await shop.report(shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 200))
    return order


async def jobs() -> list[tuple[str, str, str]]:
    rows = await db.fetch("SELECT device, template, request_key FROM print_job ORDER BY request_key")
    return [(row["device"], row["template"], row["request_key"]) for row in rows]


async def test_a_packed_parcel_gets_its_label_and_its_receipt_once(shop: OrderShop) -> None:
    await add_printers()
    await pack_one(shop)
    await printing.catch_up()
    wanted = [("label", "pick-up-label", "label:PC-100001:1"), ("receipt", "receipt", "receipt:PL-100001")]
    assert await jobs() == wanted
    await db.execute("DELETE FROM event_cursor")  # as if it had ended before it could say how far it was
    await printing.catch_up()
    assert await jobs() == wanted


async def test_what_is_wanted_fills_its_template(shop: OrderShop) -> None:
    order = await pack_one(shop)
    wishes = [one for one in await events.feed(0, 500) if one.name == DocumentWanted.name]
    assert len(wishes) == 2
    for one in wishes:
        wish = msgspec.convert(one.data, DocumentWanted)
        document = fill(load_template((await current(wish.template)).body), wish.data)
        assert order in str(document)
        if wish.template == "receipt":
            assert "¥5.00" in str(document)
            assert "tea zh" in str(document)


async def test_without_a_printer_a_person_is_told_and_the_next_wish_goes_on(shop: OrderShop) -> None:
    await pack_one(shop)
    await printing.catch_up()
    assert await jobs() == []
    assert await told("document_not_printable") == 2
    await add_printers()
    await reprint_label("PC-100001")
    await printing.catch_up()
    assert await jobs() == [("label", "pick-up-label", "label:PC-100001:2")]
    assert await told("document_not_printable") == 2


async def test_a_label_printed_again_is_the_same_but_marked_as_a_copy(shop: OrderShop) -> None:
    await add_printers()
    await pack_one(shop)
    await reprint_label("PC-100001")
    await printing.catch_up()
    await db.execute("UPDATE box SET link = 'online'")
    sent = [one for one in await requests.claim() if "/label/" in one.topic]
    first, again = (decode(JobRequest, one.payload) for one in sent)
    assert (first.copy, again.copy) == (False, True)
    assert msgspec.structs.replace(again, copy=False, asked_by=first.asked_by) == first


class Unreadable(events.Event, frozen=True, kw_only=True):
    """A wish as no version of ours wrote it."""

    name: ClassVar[str] = DocumentWanted.name
    key: str


async def test_a_wish_that_cannot_be_read_is_told_and_the_next_one_goes_on(shop: OrderShop) -> None:
    await add_printers()
    await events.record(Unreadable(key="k"), subject="x")
    await pack_one(shop)
    await printing.catch_up()
    assert len(await jobs()) == 2
    assert await told("document_not_printable") == 1


async def test_a_cancelled_parcel_gets_no_label_again(shop: OrderShop) -> None:
    order = await pack_one(shop)
    await cancel(order, reason="test")
    with pytest.raises(ParcelWithdrawn):
        await reprint_label("PC-100001")


async def test_the_worker_takes_what_is_wanted_while_it_runs(shop: OrderShop) -> None:
    await add_printers()
    worker = asyncio.create_task(printing.run(Random(1)))
    try:
        await pack_one(shop)
        async with asyncio.timeout(5):
            async for recorded in events.follow(0):
                if recorded.name == "print_job_changed" and len(await jobs()) == 2:
                    break
    finally:
        worker.cancel()
        await asyncio.wait([worker])


async def test_what_is_passed_by_is_no_lag(shop: OrderShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "NOTE_SECONDS", 0.01)
    await printing.catch_up()
    worker = asyncio.create_task(printing.run(Random(1)))
    try:
        for goods in ("tea", "milk"):  # the first may be taken by the catching up
            await shop.stock(goods, 10)  # nobody wishes for paper
            async with asyncio.timeout(5):
                while await events.cursor(printing.CONSUMER) < await events.newest():
                    await asyncio.sleep(0.01)
        assert await events.lags() == {printing.CONSUMER: 0.0}
    finally:
        worker.cancel()
        await asyncio.wait([worker])
