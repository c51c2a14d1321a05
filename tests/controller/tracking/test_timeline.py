"""All that happened to an order, in one list by time, with who, by which device, and the proof of paper."""

from __future__ import annotations

import pytest

from controller import db
from controller.documents.operations import store_builtin
from controller.errors import NotFound
from controller.fleet.operations import PrintOrder, request_print
from controller.orders import queries as orders
from controller.tracking.nodes import Node, Step
from controller.tracking.reading import tracked
from controller.tracking.timeline import Kind, people_in, timeline
from tests.controller.tracking.shop import PersonShop


@pytest.fixture
async def shop(database: str) -> PersonShop:
    return await PersonShop.open()


async def test_scans_events_and_paper_stand_in_one_order_of_time(shop: PersonShop) -> None:
    await shop.send()
    entries = await timeline(shop.order)
    facts = [entry for entry in entries if entry.kind is Kind.FACT]
    assert [entry.name for entry in facts] == ["picked", "packed", "handed_over"]
    assert {entry.box for entry in facts} == {"b1"}
    assert all(entry.reference for entry in facts)
    names = [entry.name for entry in entries if entry.kind is Kind.EVENT]
    told = {"order_placed", "order_address_set", "pick_list_released", "pick_list_picked", "parcel_packed", "parcel_handed_over"}
    assert told <= set(names)
    assert "document_wanted" not in names
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


async def test_paper_has_its_state_and_its_proof(shop: PersonShop) -> None:
    job = await printed(shop.order)
    (entry,) = [entry for entry in await timeline(shop.order) if entry.kind is Kind.PRINT]
    assert (entry.reference, entry.name, entry.state, entry.proof) == (job, "shelf-label", "printed", "confirmed")


async def printed(document: str) -> str:
    await store_builtin()
    order = PrintOrder(box="b1", device="labels", template="shelf-label", data={"name": "Tea", "price": "1"}, document=document)
    job = await request_print(order)
    await db.execute("UPDATE print_job SET state = 'printed', proof = 'confirmed' WHERE id = ?", job)
    return job


async def test_people_are_named_by_their_ids(shop: PersonShop) -> None:
    await shop.send()
    assert people_in(await timeline(shop.order)) <= {"p-anna"}


async def test_an_unknown_order_has_no_timeline(shop: PersonShop) -> None:
    with pytest.raises(NotFound):
        await timeline("XX-1")
    assert await timeline("SO-999999") == []


async def test_the_nodes_follow_what_happens(shop: PersonShop) -> None:
    order = await orders.order(shop.order)
    assert (await tracked(order)).node is Node.ALLOCATED
    await shop.send()
    found = await tracked(await orders.order(shop.order))
    assert found.node is Node.HANDED_OVER
    (part,) = found.parts
    assert (part.parcel, part.node) == ("PC-100001", Node.HANDED_OVER)
    steps = {each.node: each for each in found.nodes}
    assert steps[Node.PACKED].step is Step.DONE
    assert steps[Node.PACKED].at is not None
