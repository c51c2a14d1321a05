from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import db
from controller.customers.addresses import Address
from controller.customers.operations import add_customer
from controller.customers.order_addresses import address_of
from controller.customers.policies import Profile
from controller.errors import NotFound
from controller.fulfilment.operations import release
from controller.orders import linking, queries
from controller.orders.amending import Amendment, LineChange, amend
from controller.orders.errors import BadOrder, NotMergeable, NotUndoable, ReleasedAlready
from controller.orders.flags import FlagKind, blocking, clear_flag, set_flag
from controller.orders.merged_charges import shipping_of, together
from controller.orders.money import owe
from controller.orders.operations import hold, place
from controller.orders.states import OrderState, WhenShort
from controller.orders.totals import OrderCharge, recount
from controller.payments.operations import Taking, take
from controller.payments.policies import Means, PayTerms
from controller.payments.stored import balance_of
from controller.stock.channels import FREE
from edge_agent.wire.totals import LineKind
from tests.controller.goods import numbers
from tests.controller.orders_shop import books_add_up, told
from tests.controller.two_sites import TwoSites, levels

DOOR = {"name": "王小明", "phone": "13800138000", "province": "上海市", "city": "上海市", "district": "徐汇区"}


async def held(no: str) -> dict[str, tuple[int, str]]:
    """What is held for an order, by key."""
    rows = await db.fetch("SELECT line_key, quantity, site_id FROM reservation WHERE document = ? AND state = 'reserved'", no)
    return {row["line_key"]: (row["quantity"], row["site_id"]) for row in rows}


async def content(no: str) -> tuple[list[tuple[str, int, int]], int]:
    order = await queries.order(no)
    lines = (await queries.lines([order.id]))[order.id]
    return [(line.sku, line.quantity, line.amount_minor) for line in lines], order.total_minor


async def test_a_split_takes_its_promises_along_and_back(sites: TwoSites) -> None:
    tea, milk = await sites.stocked("tea", 3, 5), await sites.stocked("milk", 5, 0)
    no = await place(sites.anywhere(("tea", 6), ("milk", 2)))
    before = await content(no)
    child = await linking.split(no, {1: 4, 2: 2}, reason="two parcels")
    assert await content(no) == ([("tea", 2, 500)], 500)
    assert await content(child) == ([("tea", 4, 1000), ("milk", 2, 500)], 1500)
    assert await levels(tea) == {"s1": (3, 3, 0), "s2": (5, 3, 0)}
    assert await numbers(milk) == (5, 2, 0)
    assert sum(quantity for quantity, _ in (await held(child)).values()) == 6
    (link,) = await linking.links([(await queries.order(no)).id])
    assert (link.from_order, link.to_order) == (no, child)
    assert await told("order_linked") == 2

    await linking.undo(link.id, reason="one parcel after all")
    await linking.undo(link.id, reason="again")
    assert (await content(no))[1] == before[1]
    assert sorted((await content(no))[0]) == sorted(before[0])
    assert (await queries.order(child)).state is OrderState.CANCELLED
    assert await levels(tea) == {"s1": (3, 3, 0), "s2": (5, 3, 0)}
    await release(no)
    assert await levels(tea) == {"s1": (3, 0, 3), "s2": (5, 0, 3)}
    assert await books_add_up()


async def test_what_cannot_be_split_is_told(sites: TwoSites) -> None:
    await sites.stocked("tea", 5, 0)
    no = await place(sites.order(("tea", 4)))
    for wanted in ({1: 4}, {1: 5}, {1: 0}, {}):
        with pytest.raises(BadOrder):
            await db.in_transaction(lambda wanted=wanted: linking.split(no, wanted, reason="test"))  # type: ignore[misc]
    await release(no)
    with pytest.raises(ReleasedAlready):
        await linking.split(no, {1: 1}, reason="too late")


async def test_orders_of_one_customer_become_one_and_two_again(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 9, 0)
    customer = await a_customer()
    first, second, other = [
        await place(replace(sites.order(("tea", quantity)), customer_id=who))
        for quantity, who in ((2, customer), (3, customer), (1, None))
    ]
    assert await linking.mergeable(first) == [second]
    with pytest.raises(NotMergeable):
        await db.in_transaction(lambda: linking.merge(first, [other], reason="test"))
    await set_flag((await queries.order(second)).id, FlagKind.BAD_ADDRESS, "no house number")
    await linking.merge(first, [second], reason="one parcel")
    assert await content(first) == ([("tea", 2, 500), ("tea", 3, 750)], 1250)
    assert (await queries.order(second)).state is OrderState.CANCELLED
    assert (await blocking([(await queries.order(first)).id])) == {(await queries.order(first)).id: [FlagKind.BAD_ADDRESS]}
    assert await numbers(tea) == (9, 6, 0)
    assert not await held(second)
    # the channel sends it once more
    assert await place(replace(sites.order(("tea", 3), reference="r2"), customer_id=customer)) == second

    (link,) = await linking.links([(await queries.order(first)).id])
    await linking.undo(link.id, reason="two people")
    assert await content(first) == ([("tea", 2, 500)], 500)
    assert await content(second) == ([("tea", 3, 750)], 750)
    assert (await queries.order(second)).state is OrderState.APPROVED
    assert await numbers(tea) == (9, 6, 0)
    await clear_flag((await queries.order(second)).id, FlagKind.BAD_ADDRESS, "it is 7")
    await release(second)
    assert await numbers(tea) == (9, 3, 3)
    assert await books_add_up()


async def a_customer() -> int:
    return await add_customer(Profile(name="王小明", phone="13800138000"))


async def charged(no: str, minor: int) -> int:
    """It charges so much for shipping, and is paid; its id."""
    order_id = (await queries.order(no)).id
    counted = await recount(order_id, charges=[OrderCharge(kind=LineKind.SHIPPING, amount_minor=minor)])
    await owe(order_id, PayTerms.PREPAID, counted)
    await take(order_id, Taking(means=Means.BANK_TRANSFER, amount_minor=counted.payable_minor, reference=f"bank {no}"))
    return order_id


async def test_one_parcel_pays_for_shipping_once_and_apart_each_pays_its_own(sites: TwoSites) -> None:
    await sites.stocked("tea", 9, 0)
    customer = await a_customer()
    first, second, third = [await place(replace(sites.order(("tea", 1)), customer_id=customer)) for _ in range(3)]
    ids = [await charged(no, minor) for no, minor in ((first, 1000), (second, 1500), (third, 500))]
    await linking.merge(first, [second, third], reason="one parcel")
    balance = await balance_of(ids[0])
    assert (balance.due_minor, balance.sums.kept) == (750 + 1500, 750 + 3000), "the rest is not charged; what was paid is here"
    links = await linking.links([ids[0]])
    assert [link.uncharged_minor for link in links] == [1000, 500]
    await linking.undo(links[0].id, reason="two parcels")
    assert [(await queries.order(no)).total_minor for no in (first, second)] == [500 + 1000, 250 + 1500]
    assert (await balance_of(ids[1])).due_minor == 1750
    await linking.undo(links[1].id, reason="three parcels")
    assert [(await queries.order(no)).total_minor for no in (first, second, third)] == [1250, 1750, 750]
    kept = [(await balance_of(order_id)).sums.kept for order_id in ids]
    assert (sum(kept), kept[1:]) == (750 + 3000, [1750, 750])


async def test_what_somebody_says_of_a_merged_orders_shipping_stays_when_it_is_undone(sites: TwoSites) -> None:
    await sites.stocked("tea", 9, 0)
    customer = await a_customer()
    first, second = [await place(replace(sites.order(("tea", 1)), customer_id=customer)) for _ in range(2)]
    ids = [await charged(no, minor) for no, minor in ((first, 1000), (second, 1500))]
    await linking.merge(first, [second], reason="one parcel")
    await recount(ids[0], charges=[OrderCharge(kind=LineKind.SHIPPING, amount_minor=1)])
    (link,) = await linking.links([ids[0]])
    await linking.undo(link.id, reason="two parcels")
    assert [(await queries.order(no)).total_minor for no in (first, second)] == [251, 1750]


charges = st.lists(
    st.builds(OrderCharge, kind=st.sampled_from([LineKind.SHIPPING, LineKind.FEE]), amount_minor=st.integers(0, 999)), max_size=3
)


@given(charges, st.lists(charges, max_size=4))
def test_together_they_charge_the_highest_shipping_and_every_fee(own: list[OrderCharge], others: list[list[OrderCharge]]) -> None:
    found = together(own, others)
    assert shipping_of(found) == max(map(shipping_of, [own, *others]))
    fees = [charge.amount_minor for each in [own, *others] for charge in each if charge.kind is LineKind.FEE]
    assert sorted(charge.amount_minor for charge in found if charge.kind is LineKind.FEE) == sorted(fees)


async def test_the_stricter_state_holds_and_what_was_changed_stays(sites: TwoSites) -> None:
    await sites.stocked("tea", 9, 0)
    customer = await a_customer()
    first, second = [await place(replace(sites.order(("tea", 2)), customer_id=customer)) for _ in range(2)]
    await hold(second, reason="customer on the telephone")
    await linking.merge(first, [second], reason="one parcel")
    assert (await queries.order(first)).state is OrderState.ON_HOLD
    (link,) = await linking.links([(await queries.order(first)).id])
    await amend(first, Amendment(reason="one less", lines=[LineChange(position=2, quantity=1)]))
    with pytest.raises(NotUndoable, match="changed since"):
        await db.in_transaction(lambda: linking.undo(link.id, reason="test"))


async def test_money_goes_with_its_lines_and_is_not_doubled(sites: TwoSites) -> None:
    await sites.stocked("tea", 9, 0)
    no = await place(replace(sites.order(("tea", 4)), pay_terms=PayTerms.PREPAID))
    order_id = (await queries.order(no)).id
    await take(order_id, Taking(means=Means.BANK_TRANSFER, amount_minor=1000))
    child = await linking.split(no, {1: 1}, reason="later")
    child_id = (await queries.order(child)).id
    found = [(balance.due_minor, balance.sums.kept) for balance in (await balance_of(order_id), await balance_of(child_id))]
    assert found == [(750, 750), (250, 250)]
    (link,) = await linking.links([order_id])
    await linking.undo(link.id, reason="together")
    found = [(balance.due_minor, balance.sums.kept) for balance in (await balance_of(order_id), await balance_of(child_id))]
    assert found == [(1000, 1000), (0, 0)]


async def test_a_split_order_goes_to_the_same_door(sites: TwoSites) -> None:
    await sites.stocked("tea", 9, 0)
    door = Address(name="王小明", phone="13800138000", province="上海市", city="上海市", district="徐汇区", street="漕溪路 1 号")
    no = await place(replace(sites.anywhere(("tea", 4)), address=door))
    child = await linking.split(no, {1: 1}, reason="later")
    assert await address_of((await queries.order(child)).id) == door


async def test_what_goes_to_different_doors_is_not_merged(sites: TwoSites) -> None:
    await sites.stocked("tea", 9, 0)
    customer = await a_customer()
    home, work, again = [
        await place(replace(sites.anywhere(("tea", 1)), customer_id=customer, address=Address(**DOOR | {"street": street})))
        for street in ("漕溪路 1 号", "南京路 5 号", "漕溪路 1 号")
    ]
    assert await linking.mergeable(home) == [again]
    with pytest.raises(NotMergeable, match="different addresses"):
        await db.in_transaction(lambda: linking.merge(home, [work], reason="test"))
    await linking.merge(home, [again], reason="one parcel")


async def test_what_is_wanting_goes_along(sites: TwoSites) -> None:
    await sites.stocked("tea", 3, 0)
    no = await place(replace(sites.order(("tea", 5)), when_short=WhenShort.ACCEPT))
    child = await linking.split(no, {1: 3}, reason="what is there goes first")
    wanting = {}
    for each in (no, child):
        order = await queries.order(each)
        wanting[each] = [line.wanting for line in (await queries.lines([order.id]))[order.id]]
    assert wanting == {no: [0], child: [2]}
    assert await books_add_up()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=4))
async def test_whatever_is_split_nothing_is_lost_or_made(parts: list[tuple[int, int]], sites: TwoSites) -> None:
    code = f"t{len(sites.codes)}"
    await sites.stocked(code, 7, 9)
    no = await place(sites.anywhere((code, 4), (code, 5), (code, 6)))
    orders = [no]
    for position, quantity in parts:
        try:
            orders.append(await db.in_transaction(lambda p=position, q=quantity: linking.split(no, {p: q}, reason="test")))  # type: ignore[misc]
        except (BadOrder, NotFound):  # all of it, or of a line that is gone already
            continue
    lines = [line for each in orders for line in (await content(each))[0]]
    assert (sum(quantity for _, quantity, _ in lines), sum(amount for _, _, amount in lines)) == (15, 15 * 250)
    rows = await db.fetch(
        f"SELECT SUM(reserved) AS reserved, SUM({FREE}) AS free FROM availability WHERE sku_id = ?", sites.skus[code]
    )
    assert (int(rows[0]["reserved"]), int(rows[0]["free"])) == (15, 1)
    for link in reversed(await linking.links([(await queries.order(no)).id])):
        await linking.undo(link.id, reason="test")
    assert sum(quantity for _, quantity, _ in (await content(no))[0]) == 15
