"""The handlers, driven through the real ingest: facts go in as a box sends them, parked ones come back as ingest brings them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.errors import IllegalTransition
from controller.fulfilment import queries
from controller.fulfilment.numbers import PARCELS
from controller.fulfilment.operations import cancel
from controller.fulfilment.states import ParcelState, PickListState
from controller.ingest import ingest
from controller.orders import queries as orders
from controller.orders.operations import place
from controller.orders.states import OrderState
from controller.stock.operations import move
from edge_agent.wire.facts import Fact
from tests.controller.goods import numbers
from tests.controller.orders_shop import OrderShop, books_add_up, settle, told


@pytest.fixture
async def shop(database: str) -> OrderShop:
    return await OrderShop.open()


async def next_parcel() -> str:
    rows = await db.fetch("SELECT COALESCE(MAX(id), 0) AS last FROM parcel")
    return PARCELS.number(rows[0]["last"] + 1)


async def test_from_the_shelf_to_the_customer(shop: OrderShop) -> None:
    tea, milk = await shop.stock("tea", 10), await shop.stock("milk", 10)
    order, pick_list = await shop.released(("tea", 2), ("milk", 1))
    assert await numbers(tea) == (10, 0, 2)

    assert await shop.report(shop.picked(pick_list, "tea"), shop.picked(pick_list, "tea")) == ["applied", "applied"]
    assert (await queries.pick_list(pick_list)).state is PickListState.PICKING
    assert await numbers(tea) == (10, 0, 2)  # it lies in packing, on hand and promised
    await shop.report(shop.picked(pick_list, "milk"))
    assert (await queries.pick_list(pick_list)).state is PickListState.PICKED

    parcel = await next_parcel()
    assert await shop.report(shop.packed(pick_list, 350)) == ["applied"]
    stored = await queries.parcel(parcel)
    assert (stored.state, stored.expected_grams, stored.weight_mismatch, stored.box) == (ParcelState.PACKED, 300, False, "b1")
    assert await told("document_wanted") == 2

    assert await shop.report(shop.handed_over(parcel)) == ["applied"]
    assert (await numbers(tea), await numbers(milk)) == ((8, 0, 0), (9, 0, 0))
    assert (await orders.order(order)).state is OrderState.CLOSED
    assert (await queries.parcel(parcel)).state is ParcelState.HANDED_OVER
    assert await books_add_up()


async def end_of(order: str, pick_list: str, codes: Sequence[str]) -> object:
    """All that a customer, a picker or a bookkeeper could see of it in the end."""
    found = await queries.pick_list(pick_list)
    parcel = await queries.parcel(found.parcel or "")
    lines = await db.fetch("SELECT quantity, picked, out, is_short FROM pick_line WHERE pick_list_id = ? ORDER BY id", found.id)
    of_order = (await orders.lines([found.order_id]))[found.order_id]
    levels = [await numbers((await orders.lines([found.order_id]))[found.order_id][0].sku_id)]
    return (
        (await orders.order(order)).state,
        found.state,
        (parcel.state, parcel.expected_grams, parcel.weight_mismatch),
        [tuple(int(value) for value in line.values()) for line in lines],
        [line.is_short for line in of_order],
        [(on_hand % 1000, reserved, allocated) for on_hand, reserved, allocated in levels],
    )


async def ends_of_all_orders_of(shop: OrderShop, quantity: int, facts: Sequence[str], expected: object) -> None:
    """Report the facts of a new order in every sequence; all must end the same."""
    for sequence in sorted(set(itertools.permutations(facts))):
        code = f"t{'-'.join(sequence)}"[:60]
        await shop.stock(code, 100)
        order, pick_list = await shop.released((code, quantity))
        parcel = await next_parcel()
        made: dict[str, Fact] = {
            "pick": shop.picked(pick_list, code),
            "short": shop.short(pick_list, code),
            "packed": shop.packed(pick_list, 250),
            "handed over": shop.handed_over(parcel),
        }
        outcomes = await shop.report(*(made[name] for name in sequence))
        assert await end_of(order, pick_list, [code]) == expected, (sequence, outcomes)
    assert await books_add_up()


async def test_picks_packing_and_hand_over_end_the_same_in_any_order(shop: OrderShop) -> None:
    expected = (
        OrderState.CLOSED,
        PickListState.PACKED,
        (ParcelState.HANDED_OVER, 200, False),
        [(2, 2, 2, 0)],
        [False],
        [(98, 0, 0)],
    )
    await ends_of_all_orders_of(shop, 2, ["pick", "pick", "packed", "handed over"], expected)


async def test_a_short_line_ends_the_same_in_any_order(shop: OrderShop) -> None:
    expected = (
        OrderState.CLOSED,
        PickListState.PACKED,
        (ParcelState.HANDED_OVER, 200, False),
        [(3, 2, 2, 1)],
        [True],
        [(98, 0, 0)],
    )
    await ends_of_all_orders_of(shop, 3, ["pick", "pick", "short", "packed", "handed over"], expected)


async def test_a_batch_is_as_good_as_one_by_one(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    order, pick_list = await shop.released(("tea", 2))
    parcel = await next_parcel()
    facts: list[Fact] = [
        shop.handed_over(parcel),
        shop.packed(pick_list, 250),
        shop.picked(pick_list, "tea"),
        shop.picked(pick_list, "tea"),
    ]
    assert await shop.report_together(*facts) == ["applied"] * 4
    assert (await orders.order(order)).state is OrderState.CLOSED
    assert await books_add_up()


async def test_a_fact_told_three_times_counts_once(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    _, pick_list = await shop.released(("tea", 3))
    message = shop.box.message(shop.box.envelope(shop.picked(pick_list, "tea")))
    for _ in range(3):
        await ingest([message])
    lines = await queries.pick_lines((await queries.pick_list(pick_list)).id)
    assert [line.picked for line in lines] == [1]
    assert await numbers(tea) == (10, 0, 3)


async def test_what_is_not_on_the_list_changes_nothing(shop: OrderShop) -> None:
    tea, milk = await shop.stock("tea", 10), await shop.stock("milk", 10)
    _, pick_list = await shop.released(("tea", 2))
    assert await shop.report(shop.picked(pick_list, "milk")) == ["wrong_item"]
    assert await shop.report(shop.picked(pick_list, "tea", 3)) == ["over_pick"]
    assert await shop.report(shop.picked("PL-999999", "tea"), shop.packed("nonsense\0", 1)) == ["unknown_pick_list"] * 2
    assert await shop.report(shop.handed_over("nonsense")) == ["unknown_parcel"]
    lines = await queries.pick_lines((await queries.pick_list(pick_list)).id)
    assert [line.picked for line in lines] == [0]
    assert (await numbers(tea), await numbers(milk)) == ((10, 0, 2), (10, 0, 0))
    assert await told("pick_refused") == 2


async def test_an_unknown_barcode_waits_until_it_is_linked(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    _, pick_list = await shop.released(("tea", 2))
    assert await shop.report(shop.picked(pick_list, "tea-new-code")) == ["unknown_barcode"]
    await add_barcode("tea", NewBarcode(barcode="tea-new-code"))
    await shop.report(shop.picked(pick_list, "tea"))
    lines = await queries.pick_lines((await queries.pick_list(pick_list)).id)
    assert [line.picked for line in lines] == [2]


async def test_a_case_is_picked_as_its_pieces(shop: OrderShop) -> None:
    await shop.stock("tea", 30)
    await add_barcode("tea", NewBarcode(barcode="TEA-CASE", numerator=12))
    _, pick_list = await shop.released(("tea", 24))
    assert await shop.report(shop.picked(pick_list, "TEA-CASE", 2)) == ["applied"]
    assert (await queries.pick_list(pick_list)).state is PickListState.PICKED


async def test_two_lines_of_one_sku_are_filled_one_after_the_other(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    order, pick_list = await shop.released(("tea", 2), ("tea", 3))
    parcel = await next_parcel()
    await shop.report(
        shop.picked(pick_list, "tea", 4), shop.picked(pick_list, "tea", 1), shop.packed(pick_list, 500), shop.handed_over(parcel)
    )
    assert (await orders.order(order)).state is OrderState.CLOSED
    assert await numbers(tea) == (5, 0, 0)
    assert await books_add_up()


async def test_all_short_is_left_to_a_person(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    order, pick_list = await shop.released(("tea", 2))
    assert await shop.report(shop.short(pick_list), shop.packed(pick_list, 20)) == ["applied", "not_picked"]
    found = await orders.order(order)
    assert (found.state, found.is_stock_short) == (OrderState.APPROVED, True)
    assert await told("shelf_short") == 1
    assert await told("order_line_short") == 1
    await cancel(order, reason="nothing there")
    await settle()
    assert not await db.fetch("SELECT 1 FROM fact WHERE outcome = 'parked'")


async def test_a_wrong_weight_is_flagged_and_told_once(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    _, pick_list = await shop.released(("tea", 2))
    parcel = await next_parcel()
    await shop.report(shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 99), shop.handed_over(parcel))
    stored = await queries.parcel(parcel)
    assert (stored.expected_grams, stored.weight_mismatch) == (200, True)
    assert await told("weight_mismatched") == 1


async def test_without_a_weight_in_the_catalogue_nothing_is_flagged(shop: OrderShop) -> None:
    await shop.stock("tea", 10, grams=None)
    _, pick_list = await shop.released(("tea", 1))
    parcel = await next_parcel()
    await shop.report(shop.picked(pick_list, "tea"), shop.packed(pick_list, 5000))
    stored = await queries.parcel(parcel)
    assert (stored.expected_grams, stored.weight_mismatch) == (None, False)


async def test_packing_twice_is_refused_and_handing_over_twice_is_once(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    _, pick_list = await shop.released(("tea", 1))
    parcel = await next_parcel()
    await shop.report(shop.picked(pick_list, "tea"), shop.packed(pick_list, 100))
    assert await shop.report(shop.packed(pick_list, 100)) == ["already_packed"]
    assert await shop.report(shop.handed_over(parcel), shop.handed_over(parcel)) == ["applied", "applied"]
    assert await numbers(tea) == (9, 0, 0)
    assert await told("document_wanted") == 2


# --- cancelled in the middle ----------------------------------------------------------------------------------------------------


async def test_cancelled_while_picking_goods_are_free_and_to_be_put_back(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    order, pick_list = await shop.released(("tea", 2))
    await shop.report(shop.picked(pick_list, "tea"))
    await cancel(order, reason="customer asked")
    assert await numbers(tea) == (10, 0, 0)
    assert await told("put_back_needed") == 1
    # the picker had taken one more before the word came
    assert await shop.report(shop.picked(pick_list, "tea")) == ["applied"]
    assert await told("put_back_needed") == 2
    assert (await queries.pick_list(pick_list)).state is PickListState.WITHDRAWN
    assert await numbers(tea) == (10, 0, 0)
    assert await books_add_up()


async def test_packed_after_the_cancellation_gets_no_papers(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    order, pick_list = await shop.released(("tea", 1))
    parcel = await next_parcel()
    await shop.report(shop.packed(pick_list, 100))  # parked
    await cancel(order, reason="customer asked")
    await shop.report(shop.picked(pick_list, "tea"))
    assert (await queries.parcel(parcel)).state is ParcelState.WITHDRAWN
    assert await told("document_wanted") == 0


async def test_a_cancelled_parcel_that_left_anyway_is_booked_and_told(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    order, pick_list = await shop.released(("tea", 2))
    parcel = await next_parcel()
    await shop.report(shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 200))
    await cancel(order, reason="customer asked")
    assert await shop.report(shop.handed_over(parcel)) == ["applied"]
    assert await numbers(tea) == (8, 0, 0)
    assert (await orders.order(order)).state is OrderState.CANCELLED
    rows = await db.fetch("SELECT data FROM event WHERE name = 'parcel_handed_over'")
    assert '"after_cancel":true' in rows[0]["data"]
    assert await books_add_up()


async def test_what_was_handed_over_cannot_be_cancelled(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    order, pick_list = await shop.released(("tea", 1))
    parcel = await next_parcel()
    await shop.report(shop.picked(pick_list, "tea"), shop.packed(pick_list, 100), shop.handed_over(parcel))
    with pytest.raises(IllegalTransition):
        await cancel(order, reason="too late")


async def test_goods_that_a_count_took_back_may_still_be_picked(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 2)
    order, pick_list = await shop.released(("tea", 2))
    await move([shop.shop.sale(tea, 1)])
    assert (await orders.order(order)).is_stock_short
    parcel = await next_parcel()
    await shop.report(shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 200), shop.handed_over(parcel))
    assert (await orders.order(order)).state is OrderState.CLOSED
    assert await books_add_up()


async def test_what_leaves_never_takes_another_orders_goods(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 4)
    _, pick_list = await shop.released(("tea", 2))
    other = await place(shop.order(("tea", 2)))
    parcel = await next_parcel()
    await shop.report(shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 200), shop.handed_over(parcel))
    assert await numbers(tea) == (2, 2, 0)
    assert not (await orders.order(other)).is_stock_short
