from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from controller import db, events
from controller.customers.addresses import Address
from controller.errors import NotFound, StaleVersion
from controller.fulfilment.operations import release
from controller.orders import queries
from controller.orders.amending import Amendment, LineChange, address_changed, amend
from controller.orders.errors import BadOrder, NotChangeable, ReleasedAlready
from controller.orders.flags import FlagKind, blocking
from controller.orders.operations import cancel, place, submit
from controller.orders.states import Delivery, OrderState
from controller.payments.policies import PayTerms
from controller.payments.stored import balance_of
from controller.stock.operations import InsufficientStock
from tests.controller.goods import numbers
from tests.controller.orders_shop import books_add_up
from tests.controller.two_sites import TwoSites, levels


def less(position: int, quantity: int) -> Amendment:
    return Amendment(reason="asked", lines=[LineChange(position=position, quantity=quantity)])


async def changes(no: str) -> list[tuple[object, object, object]]:
    found = [event for event in await events.history(no) if event.name == "order_changed"]
    return [(one["field"], one["before"], one["after"]) for event in found for one in event.data["changes"]]  # type: ignore[attr-defined]  # JSON


async def test_a_draft_holds_nothing_until_it_is_submitted(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 5, 0)
    no = await place(replace(sites.order(("tea", 9)), is_draft=True))
    assert (await queries.order(no)).state is OrderState.DRAFT
    assert await numbers(tea) == (5, 0, 0)
    with pytest.raises(InsufficientStock):
        await db.in_transaction(lambda: submit(no))
    await amend(no, less(1, 4))
    await submit(no)
    await submit(no)
    found = await queries.order(no)
    assert (found.state, found.total_minor) == (OrderState.APPROVED, 1000)
    assert await numbers(tea) == (5, 4, 0)
    assert await books_add_up()


async def test_lines_grow_shrink_come_and_go_with_their_promises(sites: TwoSites) -> None:
    tea, milk = await sites.stocked("tea", 5, 0), await sites.stocked("milk", 5, 0)
    no = await place(sites.order(("tea", 2)))
    await amend(no, Amendment(reason="more", lines=[LineChange(position=1, quantity=4)], new_lines=[sites.line("milk", 1)]))
    assert (await numbers(tea), await numbers(milk)) == ((5, 4, 0), (5, 1, 0))
    await amend(no, less(1, 1))
    assert await numbers(tea) == (5, 1, 0)
    await amend(no, less(1, 0))
    assert (await numbers(tea), await numbers(milk)) == ((5, 0, 0), (5, 1, 0))
    found = await queries.order(no)
    assert [line.sku for line in (await queries.lines([found.id]))[found.id]] == ["milk"]
    assert (found.total_minor, found.version) == (250, 4)
    assert await changes(no) == [("line 1 tea", 2, 4), ("line 2 milk", None, 1), ("line 1 tea", 4, 1), ("line 1 tea", 1, 0)]
    with pytest.raises(BadOrder, match="cancel it"):
        await amend(no, less(2, 0))
    with pytest.raises(NotFound):
        await amend(no, less(1, 3))
    assert await books_add_up()


async def test_what_cannot_be_promised_changes_nothing(sites: TwoSites) -> None:
    tea, milk = await sites.stocked("tea", 3, 0), await sites.stocked("milk", 5, 0)
    no = await place(sites.order(("tea", 2), ("milk", 2)))
    wanted = Amendment(reason="more", lines=[LineChange(position=2, quantity=1), LineChange(position=1, quantity=4)])
    with pytest.raises(InsufficientStock):
        await db.in_transaction(lambda: amend(no, wanted))
    assert (await numbers(tea), await numbers(milk)) == ((3, 2, 0), (5, 2, 0))
    assert (await queries.order(no)).version == 1


async def test_a_sourced_line_shrinks_at_the_latest_site_first(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 5)
    no = await place(sites.anywhere(("tea", 6)))
    await amend(no, less(1, 4))
    assert await levels(tea) == {"s1": (3, 3, 0), "s2": (5, 1, 0)}
    await amend(no, less(1, 8))
    assert await levels(tea) == {"s1": (3, 3, 0), "s2": (5, 5, 0)}
    assert await books_add_up()


async def test_another_site_is_promised_there_instead(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 5)
    no = await place(sites.order(("tea", 3)))
    await amend(no, Amendment(reason="nearer", site="s2"))
    assert await levels(tea) == {"s1": (3, 0, 0), "s2": (5, 3, 0)}
    found = await queries.order(no)
    assert (found.site, set(found.sites)) == ("s2", {"s1", "s2"})
    with pytest.raises(InsufficientStock):
        await db.in_transaction(lambda: amend(no, Amendment(reason="more", lines=[LineChange(position=1, quantity=6)])))


async def test_after_release_only_what_is_still_possible(sites: TwoSites) -> None:
    await sites.stocked("tea", 5, 0)
    no = await place(sites.order(("tea", 2)))
    await release(no)
    with pytest.raises(ReleasedAlready, match="s1"):
        await amend(no, less(1, 1))
    with pytest.raises(NotChangeable, match="delivery"):
        await amend(no, Amendment(reason="send it", delivery=Delivery.SHIPPING))
    due = db.now() + timedelta(hours=3)
    await amend(no, Amendment(reason="later", due_at=due))
    assert (await queries.order(no)).due_at == due
    await amend(no, Amendment(reason="whenever", no_due=True))
    assert (await queries.order(no)).due_at is None
    await cancel(no, reason="asked")
    with pytest.raises(NotChangeable, match="cancelled"):
        await amend(no, Amendment(reason="later", due_at=due))


async def test_who_read_an_older_version_is_told(sites: TwoSites) -> None:
    await sites.stocked("tea", 5, 0)
    no = await place(sites.order(("tea", 2)))
    await amend(no, replace(less(1, 3), version=1))
    with pytest.raises(StaleVersion):
        await amend(no, replace(less(1, 4), version=1))


async def test_changes_at_once_are_one_after_the_other(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 30, 0)
    no = await place(sites.order(("tea", 1)))
    await asyncio.gather(*(db.in_transaction(lambda n=n: amend(no, less(1, n))) for n in range(2, 8)))  # type: ignore[misc]
    found = await queries.order(no)
    quantity = (await queries.lines([found.id]))[found.id][0].quantity
    assert await numbers(tea) == (30, quantity, 0)
    assert found.version == 7
    assert await books_add_up()


async def test_a_new_address_after_approval_is_flagged_and_never_told(sites: TwoSites) -> None:
    await sites.stocked("tea", 5, 0)
    at_home = Address(name="王小明", phone="13800138000", province="上海市", city="上海市", district="徐汇区", street="漕溪路 1 号")
    no = await place(replace(sites.anywhere(("tea", 2)), address=at_home))
    order_id = (await queries.order(no)).id
    assert not await blocking([order_id])
    await address_changed(no, at_home, reason="the same")
    assert not await blocking([order_id])
    await address_changed(no, replace_street(at_home, "漕溪路 22 号"), reason="customer moved")
    assert (await blocking([order_id]))[order_id] == [FlagKind.ADDRESS_CHANGED]
    told = await db.fetch("SELECT data FROM event")
    assert not [row for row in told if "漕溪路" in row["data"] or "13800138000" in row["data"]]


def replace_street(address: Address, street: str) -> Address:
    return Address(**{name: street if name == "street" else getattr(address, name) for name in Address.__struct_fields__})


async def test_what_is_due_follows_what_is_ordered(sites: TwoSites) -> None:
    await sites.stocked("tea", 5, 0)
    no = await place(replace(sites.order(("tea", 2)), pay_terms=PayTerms.ON_DELIVERY))
    order_id = (await queries.order(no)).id
    assert (await balance_of(order_id)).due_minor == 500
    await amend(no, less(1, 3))
    assert (await balance_of(order_id)).due_minor == 750
