"""What a channel sent goes with its buyer: what became an order, and what never did."""

from __future__ import annotations

import msgspec
import pytest

from controller import db
from controller.customers import key_file, resealing, rotation, sealing
from controller.errors import NotFound
from controller.fulfilment.operations import cancel
from controller.intake.mapping import map_goods
from controller.intake.queries import raw_order
from controller.intake.states import RawState
from controller.intake.taking import body_of, discard, receive, take_waiting
from controller.orders import queries as orders
from controller.tracking import forgetting
from tests.controller.customers.keys import MASTER
from tests.controller.intake.sent import document
from tests.controller.orders_shop import OrderShop


async def came(body: bytes) -> int:
    return (await receive("tmall", body, source="webhook"))[0]


async def customer_of(raw: int) -> int:
    """Who ordered; the order is called off, so that nothing is under way."""
    number = (await raw_order(raw)).order
    assert number is not None
    found = (await orders.order(number)).customer_id
    assert found is not None
    await cancel(number, reason="called off")
    return found


async def test_what_never_became_an_order_is_erased_with_its_buyer_and_others_stay(shop: OrderShop) -> None:
    await map_goods("tmall", "item-tea", "tea")
    placed = await came(document())
    unmapped = await came(document("T-2", "item-unknown"))
    by_phone = await came(document("T-3", "item-unknown", buyer="u-another"))
    refused = await came(document("T-4", quantity=10**6))
    dropped = await came(document("T-5", "item-unknown"))
    other = await came(document("T-6", "item-unknown", buyer="u-1").replace(b"13800001234", b"13900009999"))
    await take_waiting()
    await discard(dropped, reason="a test of the channel's")
    waits = await came(document("T-7"))
    customer = await customer_of(placed)
    sealing.close_keys("there is no key file")
    assert await forgetting.ask_and_forget(customer)
    for raw in (unmapped, by_phone, refused, dropped, waits):
        found = await raw_order(raw)
        assert (found.state, found.code, found.detail) == (RawState.DISCARDED, "customer_erased", None)
        with pytest.raises(NotFound):
            await body_of(raw)
    assert (await raw_order(placed)).state is RawState.PLACED
    assert (await raw_order(other)).state is RawState.UNMAPPED
    kept = await db.fetch("SELECT id FROM raw_order WHERE sealed <> '' OR buyer_hashes <> ''")
    assert [row["id"] for row in kept] == [other]
    assert await db.fetch("SELECT raw_order_id FROM raw_missing") == [{"raw_order_id": other}]


async def test_a_new_hash_key_keeps_them_findable(shop: OrderShop) -> None:
    await map_goods("tmall", "item-tea", "tea")
    placed, unmapped = await came(document()), await came(document("T-2", "item-unknown"))
    await take_waiting()
    before = await db.fetch("SELECT buyer_hashes FROM raw_order WHERE id = ?", unmapped)
    assert before[0]["buyer_hashes"].count(" ") == 1, "the channel's id, the telephone"
    newer = key_file.new_master_key(db.now())
    await sealing.use_master_keys(newer, MASTER)
    await rotation.rotate([newer, MASTER], hashes=True)
    await sealing.refresh()
    await resealing.catch_up()
    after = await db.fetch("SELECT buyer_hashes FROM raw_order WHERE id = ?", unmapped)
    assert set(after[0]["buyer_hashes"].split()).isdisjoint(before[0]["buyer_hashes"].split())
    assert await forgetting.ask_and_forget(await customer_of(placed))
    assert (await raw_order(unmapped)).code == "customer_erased"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 3000, msgspec.json.encode({"buyer": 7})])
async def test_what_is_no_order_is_kept_and_known_by_nothing(shop: OrderShop, body: bytes) -> None:
    raw = await came(body)
    assert await body_of(raw) == body
    assert (await db.fetch("SELECT buyer_hashes FROM raw_order"))[0]["buyer_hashes"] == ""
