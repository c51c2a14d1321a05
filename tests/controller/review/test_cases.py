from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from controller import db
from controller.errors import IllegalTransition, NotFound
from controller.events import acting
from controller.fulfilment.operations import cancel, release
from controller.orders import queries as orders
from controller.orders.errors import ReleasedAlready
from controller.orders.flags import FlagKind, OrderIsFlagged, blocking, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.states import OrderState
from controller.review.cases import (
    CaseMoved,
    CaseTaken,
    OwnOrder,
    ReviewReasonNeeded,
    approve,
    approve_all,
    claim,
    give_back,
    hold,
    refuse,
    reopen,
    resume,
)
from controller.review.following import FOLLOWER
from controller.review.judging import judge_again
from controller.review.limits import limits, set_limits
from controller.review.policies import Limits
from controller.review.rules import Outcome, Rule
from controller.review.states import CaseState
from controller.review.tables import go_live, make_draft, put_rules
from tests.controller.goods import numbers
from tests.controller.orders_shop import OrderShop
from tests.controller.review.rule_tables import RV2, amount

SERVICE, FINANCE = CaseState.SERVICE, CaseState.FINANCE


@pytest.fixture
async def rules(shop: OrderShop) -> AsyncIterator[OrderShop]:
    await live(RV2)
    yield shop


async def live(rules: Sequence[Rule], replaces: int | None = None) -> int:
    draft = await make_draft(note="rules")
    await put_rules(draft, rules, edition=1)
    await go_live(draft, edition=2, replaces=replaces)
    return draft


async def state(no: str) -> tuple[OrderState, str]:
    case = await db.fetch("SELECT state FROM review_case WHERE order_id = ?", ORDERS.row_id(no))
    return (await orders.order(no)).state, case[0]["state"]


async def placed(shop: OrderShop, pieces: int, by: str = "token:shop") -> str:
    with acting(by):
        return await place(shop.order(("tea", pieces)))


async def test_without_rules_orders_are_approved_as_they_come(shop: OrderShop) -> None:
    assert await state(await placed(shop, 1)) == (OrderState.APPROVED, "approved")


async def test_an_order_that_passes_is_approved_and_can_be_released(shop: OrderShop) -> None:
    await live([Rule(name="all", outcome=Outcome.PASS)])
    no = await placed(shop, 1)
    assert await state(no) == (OrderState.APPROVED, "approved")
    assert await release(no)


async def test_an_order_for_which_no_rule_holds_waits_for_service(rules: OrderShop) -> None:
    assert await state(await placed(rules, 1)) == (OrderState.IN_REVIEW, "service")


async def test_service_alone_approves_what_needs_no_finance(rules: OrderShop) -> None:
    no = await placed(rules, 4000)  # 10,000.00
    with acting("person:mei"):
        assert await approve(no, SERVICE) is CaseState.APPROVED
    assert await state(no) == (OrderState.APPROVED, "approved")


async def test_what_needs_finance_passes_service_first(rules: OrderShop) -> None:
    no = await placed(rules, 8000)  # 20,000.00
    with acting("person:mei"):
        with pytest.raises(CaseMoved):
            await approve(no, FINANCE)
        assert await approve(no, SERVICE, reason="known customer") is FINANCE
    assert await state(no) == (OrderState.IN_REVIEW, "finance")
    with acting("person:li"):
        assert await approve(no, FINANCE) is CaseState.APPROVED
    assert await state(no) == (OrderState.APPROVED, "approved")


async def test_who_made_an_order_does_not_approve_it(rules: OrderShop) -> None:
    no = await placed(rules, 4000, by="person:mei")
    with acting("person:mei"), pytest.raises(OwnOrder):
        await approve(no, SERVICE)
    assert await state(no) == (OrderState.IN_REVIEW, "service")
    with acting("person:li"):
        await approve(no, SERVICE)


async def test_a_claim_is_one_person_s(rules: OrderShop) -> None:
    no = await placed(rules, 1)

    async def try_it(person: int) -> bool:
        with acting(f"person:p{person}"):
            try:
                await claim(no, SERVICE)
            except CaseTaken:
                return False
        return True

    assert sum(await asyncio.gather(*(try_it(person) for person in range(8)))) == 1
    winner = (await db.fetch("SELECT claimed_by FROM review_case"))[0]["claimed_by"]
    with acting(winner):
        await claim(no, SERVICE)
    with acting("person:late"):
        for verb in (approve(no, SERVICE), hold(no, SERVICE, reason="x"), refuse(no, SERVICE, reason="x")):
            with pytest.raises(CaseTaken):
                await verb
        await give_back(no, SERVICE)
        await approve(no, SERVICE)


async def test_an_order_is_approved_by_one_of_many(rules: OrderShop) -> None:
    no = await placed(rules, 1)

    async def try_it(person: int) -> bool:
        with acting(f"person:p{person}"):
            try:
                await db.in_transaction(lambda: approve(no, SERVICE))
            except CaseMoved:
                return False
        return True

    assert sum(await asyncio.gather(*(try_it(person) for person in range(6)))) == 1
    assert len(await db.fetch("SELECT 1 FROM event WHERE name = 'review_decided'")) == 1


async def test_a_held_order_keeps_its_goods_and_comes_back(rules: OrderShop) -> None:
    no = await placed(rules, 10)
    with acting("person:mei"):
        with pytest.raises(ReviewReasonNeeded):
            await hold(no, SERVICE, reason=" ")
        await hold(no, SERVICE, reason="asked the customer for the house number")
        await hold(no, SERVICE, reason="asked the customer for the house number")
        assert await state(no) == (OrderState.ON_HOLD, "held")
        assert (await numbers(rules.skus["tea"]))[1] == 10
        await resume(no, reason="she answered")
        await resume(no, reason="she answered")
    assert await state(no) == (OrderState.IN_REVIEW, "service")


async def test_a_refused_order_is_cancelled_and_its_goods_are_free(rules: OrderShop) -> None:
    no = await placed(rules, 10)
    with acting("person:mei"):
        await refuse(no, SERVICE, reason="fraud")
        await refuse(no, SERVICE, reason="fraud")
    await FOLLOWER.catch_up()
    assert await state(no) == (OrderState.CANCELLED, "refused")
    assert (await numbers(rules.skus["tea"]))[1] == 0
    with acting("person:li"), pytest.raises(CaseMoved):
        await approve(no, SERVICE)


async def test_flags_are_cleared_with_the_approval_or_stop_it(rules: OrderShop) -> None:
    no = await placed(rules, 10)
    order = ORDERS.row_id(no)
    await set_flag(order, FlagKind.CREDIT, "owes 300.00")
    await set_flag(order, FlagKind.DUPLICATE_SUSPECTED, "looks like SO-1")
    with acting("person:mei"):
        with pytest.raises(OrderIsFlagged):
            await approve(no, SERVICE)
        with pytest.raises(ReviewReasonNeeded):
            await approve(no, SERVICE, clear=[FlagKind.CREDIT])
        with pytest.raises(OrderIsFlagged):
            await approve(no, SERVICE, reason="paid", clear=[FlagKind.CREDIT])
        assert set(await blocking([order])) == {order}, "nothing of it was done"
        assert len((await blocking([order]))[order]) == 2
        await approve(no, SERVICE, reason="looked at both", clear=[FlagKind.CREDIT, FlagKind.DUPLICATE_SUSPECTED])
    assert await state(no) == (OrderState.APPROVED, "approved")
    assert await blocking([order]) == {}


async def test_many_are_approved_at_once_and_the_rest_is_named(rules: OrderShop) -> None:
    good = [await placed(rules, 1) for _ in range(3)]
    own, taken, flagged = await placed(rules, 1, by="person:mei"), await placed(rules, 1), await placed(rules, 1)
    with acting("person:li"):
        await claim(taken, SERVICE)
    await set_flag(ORDERS.row_id(flagged), FlagKind.CREDIT, "owes")
    with acting("person:mei"):
        refused = await approve_all([*good, own, taken, flagged, "SO-999999", good[0]], SERVICE)
    assert {each.order: each.code for each in refused} == {
        own: "own_order",
        taken: "review_taken",
        flagged: "order_flagged",
        "SO-999999": "not_found",
    }
    assert [(await state(no))[0] for no in good] == [OrderState.APPROVED] * 3


async def test_rules_that_hold_or_refuse_do_it_by_themselves(shop: OrderShop) -> None:
    await live(
        [
            Rule(name="too many", outcome=Outcome.REFUSE, conditions=(amount(2000000),)),
            Rule(name="wait", outcome=Outcome.HOLD, conditions=(amount(500000, 2000000),)),
        ]
    )
    waits, gone = await placed(shop, 4000), await placed(shop, 8000)
    await FOLLOWER.catch_up()
    assert await state(waits) == (OrderState.ON_HOLD, "held")
    assert await state(gone) == (OrderState.CANCELLED, "refused")
    assert (await numbers(shop.skus["tea"]))[1] == 4000


async def test_an_odd_price_is_flagged_and_sends_the_order_to_a_person(shop: OrderShop) -> None:
    await live([Rule(name="all", outcome=Outcome.PASS)])
    order = shop.order(("tea", 4))
    no = await place(replace(order, lines=[replace(order.lines[0], unit_price_minor=100)]))
    assert await state(no) == (OrderState.IN_REVIEW, "service")
    flagged = await db.fetch("SELECT kind, reason FROM order_flag")
    assert [(row["kind"], row["reason"]) for row in flagged] == [("price_anomaly", "tea: 100 instead of 250")]


async def test_what_a_check_finds_no_more_it_takes_back_and_the_order_goes_on(shop: OrderShop) -> None:
    await live([Rule(name="all", outcome=Outcome.PASS)])
    await set_limits(Limits(price_above_bp=0, price_below_bp=0), edition=0)
    await db.execute("UPDATE sku SET price_minor = 260")
    no = await placed(shop, 1)
    assert await state(no) == (OrderState.IN_REVIEW, "service")
    await set_limits(Limits(), edition=(await limits())[1])
    await judge_again(no)
    assert await state(no) == (OrderState.APPROVED, "approved")
    assert await blocking([ORDERS.row_id(no)]) == {}


async def test_what_somebody_settled_is_not_raised_again_for_the_same(shop: OrderShop) -> None:
    await live([Rule(name="all", outcome=Outcome.PASS)])
    order = shop.order(("tea", 4))
    no = await place(replace(order, lines=[replace(order.lines[0], unit_price_minor=100)]))
    with acting("person:mei"):
        await approve(no, SERVICE, reason="agreed", clear=[FlagKind.PRICE_ANOMALY])
    await FOLLOWER.catch_up()
    assert await state(no) == (OrderState.APPROVED, "approved")
    assert await blocking([ORDERS.row_id(no)]) == {}


async def test_what_people_approved_stays_approved_unless_something_stricter_is_said(rules: OrderShop) -> None:
    no = await placed(rules, 4000)
    with acting("person:mei"):
        await approve(no, SERVICE)
    await judge_again(no)
    assert await state(no) == (OrderState.APPROVED, "approved")
    await db.execute("UPDATE sales_order SET total_minor = 2000000 WHERE id = ?", ORDERS.row_id(no))
    await judge_again(no)
    assert await state(no) == (OrderState.IN_REVIEW, "service")
    with acting("person:mei"):
        assert await approve(no, SERVICE) is FINANCE


async def test_an_order_that_ended_is_looked_at_no_more(rules: OrderShop) -> None:
    no = await placed(rules, 1)
    await cancel(no, reason="customer")
    await FOLLOWER.catch_up()
    assert await state(no) == (OrderState.CANCELLED, "ended")
    with acting("person:mei"), pytest.raises(CaseMoved):
        await approve(no, SERVICE)
    with pytest.raises(NotFound):
        await claim("SO-999999", SERVICE)


async def test_a_stage_cannot_be_skipped_by_resuming(rules: OrderShop) -> None:
    no = await placed(rules, 8000)
    with acting("person:mei"), pytest.raises((CaseMoved, IllegalTransition)):
        await resume(no, reason="x")


async def test_what_was_approved_is_looked_at_again_until_it_is_released(shop: OrderShop) -> None:
    await live([Rule(name="all", outcome=Outcome.PASS)])
    no = await placed(shop, 1)
    with acting("person:p-boss"):
        await reopen(no, reason="the wrong batch")
        assert await state(no) == (OrderState.IN_REVIEW, "service")
        with pytest.raises(CaseMoved):
            await db.in_transaction(lambda: reopen(no, reason="once more"))
        await approve(no, SERVICE)
    await release(no)
    with pytest.raises(ReleasedAlready):
        await db.in_transaction(lambda: reopen(no, reason="too late"))
    assert await state(no) == (OrderState.APPROVED, "approved")
