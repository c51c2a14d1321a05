"""Deliveries as boxes tell them, through the real ingest: in any order, from several boxes, with what is wrong as tasks."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import db
from controller.errors import IllegalTransition
from controller.events import acting
from controller.ingest import ingest
from controller.purchasing import notices, operations, receipt_operations
from controller.purchasing.errors import NumberTaken
from controller.purchasing.notices import NewNotice, NoticedLine
from controller.purchasing.queries import sendings
from controller.purchasing.receipt_queries import AskedReceipts, parts, receipt, receipt_lines, receipts
from controller.purchasing.states import OrderState, ReceiptState, SendingState
from controller.tasks.operations import finish
from edge_agent.wire.facts import Fact, ReceiptClosed, Received, Retracted, ShortLine
from edge_agent.wire.messages import Envelope, Symbol
from tests.controller.orders_shop import books_add_up, outcome, settle
from tests.controller.purchasing.buying import BuyingShop, tasks, the
from tests.doubles import NOON

DAY = NOON.date()


async def tell(shop: BuyingShop, *facts: Fact, box: int = 0) -> list[str]:
    envelopes = [shop.boxes[box].envelope(fact) for fact in facts]
    await ingest([shop.boxes[box].message(each) for each in envelopes])
    await settle()
    return [await outcome(each.id) for each in envelopes]


async def test_a_delivery_fills_its_order_and_what_is_still_owed_is_incoming(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 2), ("tea", 1))
    assert (await shop.incoming("milk"), await shop.incoming("tea")) == (24, 12)
    assert await tell(shop, shop.received(no, "milk", 20), shop.received(no, "tea", 12)) == ["applied"] * 2
    assert (await the(no)).state is OrderState.PARTLY_RECEIVED
    assert (await shop.incoming("milk"), await shop.incoming("tea"), await shop.on_hand("milk")) == (4, 0, 20)
    await tell(shop, shop.received(no, "milk", 4), ReceiptClosed(document=no), box=1)
    assert (await the(no)).state is OrderState.RECEIVED
    (only,) = await receipts(AskedReceipts())
    assert (only.no, only.order, only.state, only.good) == ("RC-100001", no, ReceiptState.CHECKED, 36)
    assert [(line.sku, line.expected, line.units, line.cost_minor) for line in await receipt_lines(only.id)] == [
        ("milk", 24, 24, 2400),
        ("tea", 12, 12, 1200),
    ]
    assert await tasks() == {}
    assert await books_add_up()


async def test_damaged_goods_go_to_quarantine_and_are_asked_about(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 1))
    await tell(shop, shop.received(no, "milk", 10), shop.received(no, "milk", 2, damaged=True, reason="broken"))
    rows = await db.fetch("SELECT on_hand, quarantined FROM availability WHERE sku_id = ?", shop.skus["milk"])
    assert (rows[0]["on_hand"], rows[0]["quarantined"]) == (12, 2)
    (only,) = await receipts(AskedReceipts())
    assert [(part.condition, part.reason, part.units) for part in await parts(only.id)] == [
        ("damaged", "broken", 2),
        ("good", "", 10),
    ]
    assert await tasks() == {"receipt_damaged": only.no}
    assert (await the(no)).state is OrderState.RECEIVED


async def test_what_a_person_has_seen_to_is_asked_again_when_it_is_worse(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 2))

    async def broken(units: int) -> set[str]:
        await tell(shop, shop.received(no, "milk", units, damaged=True, reason="broken"))
        return set(await tasks())

    envelope = shop.boxes[0].envelope(shop.received(no, "milk", 2, damaged=True, reason="broken"))
    await ingest([shop.boxes[0].message(envelope)])
    assert await broken(2) == {"receipt_damaged"}
    (task,) = await db.fetch("SELECT id FROM task WHERE state = 'open'")
    with acting("person:mei"):
        await finish(task["id"])
    await tell(shop, Retracted(fact=envelope.id, kind=Received.name))
    assert await tasks() == {}, "less of it is damaged than was seen to"
    assert await broken(2) == set(), "as much"
    assert await broken(1) == {"receipt_damaged"}, "more"


async def test_more_than_ordered_is_booked_and_asked_about_beyond_the_tolerance(database: str) -> None:
    shop = await BuyingShop.open(over_percent=10)
    no = await shop.ordered(("milk", 10))
    await tell(shop, shop.received(no, "milk", 132))
    assert await tasks() == {}
    extra = shop.boxes[0].envelope(shop.received(no, "milk", 1))
    await ingest([shop.boxes[0].message(extra)])
    assert (await tasks())["receipt_over"] == "RC-100001"
    assert await shop.on_hand("milk") == 133
    await tell(shop, Retracted(fact=extra.id, kind=Received.name))
    assert await tasks() == {}
    assert await shop.on_hand("milk") == 132


async def test_what_nobody_announced_is_booked_all_the_same(database: str) -> None:
    shop = await BuyingShop.open()
    told = await tell(
        shop, shop.received(None, "milk", 3), shop.received("PO-999999", "tea", 2), shop.received("DN\0/7", "tea", 1, lot="L\x01")
    )
    assert told == ["applied"] * 3
    assert (await shop.on_hand("milk"), await shop.on_hand("tea")) == (3, 3)
    assert set(await tasks()) == {"receipt_unannounced", "receipt_unknown_order"}
    found = {row.document: row for row in await receipts(AskedReceipts())}
    assert set(found) == {"", "PO-999999", "DN\ufffd/7"}
    assert [line.cost_minor for line in await receipt_lines(found[""].id)] == [None]


async def test_a_receipt_that_was_not_announced_can_be_given_to_its_order(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 1))
    await tell(shop, shop.received("their paper 7", "milk", 12))
    (only,) = await receipts(AskedReceipts())
    await receipt_operations.assign_order(only.no, no)
    assert (await the(no)).state is OrderState.RECEIVED
    assert (await shop.incoming("milk"), await tasks()) == (0, {})
    assert [line.cost_minor for line in await receipt_lines(only.id)] == [1200]


async def test_goods_of_a_cancelled_order_and_goods_that_it_does_not_have_are_booked_and_asked_about(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 1))
    await operations.cancel(no, reason="twice")
    assert await shop.incoming("milk") == 0
    await tell(shop, shop.received(no, "milk", 12), shop.received(no, "tea", 1))
    assert set(await tasks()) == {"receipt_order_ended", "receipt_not_ordered"}
    assert ((await the(no)).state, await shop.on_hand("milk"), await shop.incoming("milk")) == (OrderState.CANCELLED, 12, 0)
    assert await books_add_up()


async def test_expired_goods_are_blocked_and_short_dated_ones_asked_about(database: str) -> None:
    shop = await BuyingShop.open(min_days=10)
    no = await shop.ordered(("milk", 3))
    today = DAY
    await tell(
        shop,
        shop.received(no, "milk", 5, lot="OLD", expiry=today - timedelta(days=1)),
        shop.received(no, "milk", 5, lot="SOON", expiry=today + timedelta(days=9)),
        shop.received(no, "milk", 5, lot="FINE", expiry=today + timedelta(days=10)),
    )
    assert set(await tasks()) == {"receipt_expired", "receipt_short_dated"}
    rows = await db.fetch("SELECT on_hand, quarantined FROM availability WHERE sku_id = ?", shop.skus["milk"])
    assert (rows[0]["on_hand"], rows[0]["quarantined"]) == (15, 5)


async def test_what_is_short_is_told_with_its_reason_and_stays_open_until_somebody_closes_it(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 1), ("tea", 1))
    short = ShortLine(symbol=Symbol(text=shop.codes["tea"]), gtin="0" + shop.codes["tea"], reason="not_delivered")
    await tell(shop, shop.received(no, "milk", 12), ReceiptClosed(document=no, short=[short]))
    (only,) = await receipts(AskedReceipts())
    assert [(line.sku, line.short, line.short_reason) for line in await receipt_lines(only.id)] == [
        ("milk", 0, None),
        ("tea", 12, "not_delivered"),
    ]
    assert (await the(no)).state is OrderState.PARTLY_RECEIVED
    assert await shop.incoming("tea") == 12
    await operations.close_line(no, 2, reason="sold out")
    assert ((await the(no)).state, await shop.incoming("tea")) == (OrderState.CLOSED_SHORT, 0)
    await operations.reopen(no)
    assert ((await the(no)).state, await shop.incoming("tea")) == (OrderState.PARTLY_RECEIVED, 12)


async def test_goods_taken_back_from_a_line_whose_rest_does_not_come_leave_the_order_closed_short(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 1), ("tea", 1))
    envelopes = [shop.boxes[0].envelope(shop.received(no, sku, 6)) for sku in ("milk", "milk", "tea", "tea")]
    await ingest([shop.boxes[0].message(each) for each in envelopes[:1]])
    await settle()
    await operations.close_line(no, 1, reason="sold out")
    await ingest([shop.boxes[0].message(each) for each in envelopes[1:]])
    await settle()
    assert (await the(no)).state is OrderState.RECEIVED, "the rest came after all"
    with pytest.raises(IllegalTransition):
        await operations.close_rest(no, reason="nobody closes what has come")
    await tell(shop, Retracted(fact=envelopes[1].id, kind=Received.name))
    assert ((await the(no)).state, await shop.incoming("milk")) == (OrderState.CLOSED_SHORT, 0)
    assert await books_add_up()


async def test_an_order_of_which_no_line_comes_is_closed_short_and_not_sent(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 1), ("tea", 1))
    await operations.send(no)
    await operations.close_line(no, 1, reason="sold out")
    assert [each.state for each in await sendings((await the(no)).id)] == [SendingState.WAITING]
    await operations.close_line(no, 2, reason="sold out")
    assert ((await the(no)).state, await shop.incoming("tea")) == (OrderState.CLOSED_SHORT, 0)
    assert [each.state for each in await sendings((await the(no)).id)] == [SendingState.WITHDRAWN]


async def test_a_notice_that_comes_after_its_goods_takes_them_in(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 1))
    await tell(shop, shop.received("DN-7", "milk", 12))
    assert (await the(no)).state is OrderState.APPROVED
    new = NewNotice(supplier="dairy", site="s1", number="DN-7", order=no, lines=[NoticedLine(sku="milk", units=12, lot="L1")])
    await notices.take_notice(new)
    await notices.take_notice(new)
    assert ((await the(no)).state, await shop.incoming("milk"), await tasks()) == (OrderState.RECEIVED, 0, {})
    assert (await receipt("RC-100001")).notice == "DN-7"


async def test_a_notice_without_an_order_is_incoming_until_its_goods_came(database: str) -> None:
    shop = await BuyingShop.open()
    lines = [NoticedLine(sku="milk", units=10, lot="A"), NoticedLine(sku="milk", units=5, lot="B")]
    await notices.take_notice(NewNotice(supplier="dairy", site="s1", number="DN-8", lines=lines))
    assert await shop.incoming("milk") == 15
    await tell(shop, shop.received("DN-8", "milk", 12))
    assert (await shop.incoming("milk"), await tasks()) == (3, {})
    await notices.close_notice("dairy", "DN-8")
    assert await shop.incoming("milk") == 0
    with pytest.raises(NumberTaken):
        await notices.take_notice(NewNotice(supplier="dairy", site="s1", number="DN-8", lines=lines[:1]))


async def told_in_order(shop: BuyingShop, envelopes: Sequence[tuple[int, Envelope]], cuts: Sequence[int]) -> None:
    bounds = [0, *sorted(cut % (len(envelopes) + 1) for cut in cuts), len(envelopes)]
    for begin, end in itertools.pairwise(bounds):
        chunk = envelopes[begin:end]
        await ingest([shop.boxes[box].message(each) for box, each in chunk])
        await settle()


async def picture(shop: BuyingShop, no: str) -> object:
    """All that a delivery leaves behind, without what counts the order of arrival (ids)."""
    lines = await db.fetch(
        "SELECT r.document, r.day, r.state, r.checked_at, r.began_at, r.order_id, s.code, l.good, l.damaged, l.price_minor, "
        "l.short_reason FROM receipt r JOIN receipt_line l ON l.receipt_id = r.id JOIN sku s ON s.id = l.sku_id "
        "ORDER BY r.document, r.day, s.code"
    )
    lots = await db.fetch(
        "SELECT r.document, s.code AS sku, t.code, p.condition, p.reason, p.units FROM receipt_part p JOIN receipt r "
        "ON r.id = p.receipt_id JOIN sku s ON s.id = p.sku_id LEFT JOIN lot t ON t.id = p.lot_id WHERE p.units > 0 "
        "ORDER BY r.document, s.code, t.code, p.condition, p.reason"
    )
    levels = await db.fetch("SELECT sku_id, on_hand, quarantined, incoming FROM availability ORDER BY sku_id")
    waiting = await db.fetch("SELECT DISTINCT kind FROM task WHERE state IN ('open', 'claimed') ORDER BY kind")
    owed = await db.fetch("SELECT sku_id, received, owed FROM purchase_order_line ORDER BY sku_id")
    return (await the(no)).state, lines, lots, levels, waiting, owed


STEPS = st.permutations(range(9))


_AS_IT_HAPPENED: list[object] = []


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.lists(st.integers(0, 9), max_size=4), st.lists(st.integers(0, 8), max_size=3))
async def test_any_order_of_arrival_gives_the_same_books(order: list[int], cuts: list[int], again: list[int]) -> None:
    if not _AS_IT_HAPPENED:
        _AS_IT_HAPPENED.append(await _run(list(range(9)), [9]))
    assert await _run([*order, *again], cuts) == _AS_IT_HAPPENED[0]


async def _run(steps: list[int], cuts: list[int]) -> object:
    with tempfile.TemporaryDirectory() as folder:
        await db.connect(f"sqlite://{folder}/c.db", create_schema=True)
        try:
            shop = await BuyingShop.open(over_percent=5)
            no = await shop.ordered(("milk", 2), ("tea", 1))
            one, two = shop.boxes
            short = ShortLine(symbol=Symbol(text=shop.codes["tea"]), gtin="0" + shop.codes["tea"], reason="late")
            envelopes = [
                (0, one.envelope(shop.received(no, "milk", 12, lot="A", expiry=DAY + timedelta(days=30)))),
                (1, two.envelope(shop.received(no, "milk", 10, lot="A"))),
                (0, one.envelope(shop.received(no, "milk", 5, lot="B"))),
                (1, two.envelope(shop.received(no, "tea", 3, damaged=True, reason="wet"))),
                (0, one.envelope(shop.received("DN-1", "tea", 4))),
                (1, two.envelope(ReceiptClosed(document=no, short=[short]))),
                (0, one.envelope(ReceiptClosed(document=no))),
            ]
            envelopes.append((0, one.envelope(Retracted(fact=envelopes[2][1].id, kind=Received.name))))
            envelopes.append((1, two.envelope(Retracted(fact=envelopes[3][1].id, kind=Received.name))))
            await told_in_order(shop, [envelopes[step] for step in steps], cuts)
            assert await books_add_up()
            return await picture(shop, no)
        finally:
            await db.close()
