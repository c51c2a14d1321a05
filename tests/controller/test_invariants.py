"""The oracle of `tests/shopday/invariants.py`: silent on a sound history, and each way to break one is caught."""

from __future__ import annotations

from uuid import uuid4

import pytest

from controller import db
from controller.orders.operations import place
from edge_agent.wire.facts import JobChanged, JobState, Proof
from edge_agent.wire.messages import Stream
from tests.controller.orders_shop import OrderShop
from tests.shopday.invariants import Evidence, Query, check, connected, job_bounds


@pytest.fixture
async def shop(database: str) -> OrderShop:
    """A history with all there is: an order on the way, one delivered, one short, one cancelled, one taken back by a till sale."""
    shop = await OrderShop.open()
    await shop.stock("tea", 20)
    await shop.stock("milk", 5)
    _, pick_list = await shop.released(("tea", 2))
    await shop.report(shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 200), shop.handed_over("PC-100001"))
    _, short = await shop.released(("tea", 3), ("milk", 1))
    await shop.report(shop.picked(short, "tea", 1), shop.short(short), shop.packed(short, 100), shop.handed_over("PC-100002"))
    await shop.released(("tea", 4))
    await place(shop.order(("milk", 4)))
    return shop


async def violations(query: Query = db.fetch, evidence: Evidence | None = None) -> set[str]:
    return {one.invariant for one in await check(query, evidence or Evidence())}


async def test_a_sound_history_is_sound_from_inside_and_outside(shop: OrderShop, database: str) -> None:
    assert await check(db.fetch, Evidence()) == []
    async with connected(database) as query:
        assert await check(query, Evidence()) == []


async def test_a_lost_fact_is_seen(shop: OrderShop) -> None:
    assert await violations(evidence=Evidence(kept={str(uuid4())})) == {"I1"}
    assert await violations(evidence=Evidence(kept={str(uuid4())}, at_rest=False)) == set()


@pytest.mark.parametrize(
    ("damage", "invariant"),
    [
        ("UPDATE fact SET outcome = 'rejected' WHERE name = 'picked'", "I2"),
        ("UPDATE barcode SET numerator = 2", "I2"),
        ("UPDATE fact SET seq = 99 WHERE name = 'handed_over' AND seq = 3", "I3"),
        ("UPDATE fact SET outcome = 'parked', waits_for = 'pick_list:PL-100009' WHERE name = 'pick_short'", "I3"),
        ("UPDATE balance SET on_hand = on_hand + 1", "I4"),
        ("UPDATE availability SET on_hand = on_hand + 1", "I4"),
        ("UPDATE reservation SET state = 'released' WHERE state = 'reserved'", "I5"),
        ("UPDATE availability SET allocated = allocated - 1 WHERE allocated > 0", "I5"),
        ("UPDATE order_line SET is_short = false", "I5"),
        ("DELETE FROM reservation WHERE state = 'consumed'", "I5"),
    ],
)
async def test_damage_is_seen(shop: OrderShop, damage: str, invariant: str) -> None:
    assert await db.execute(damage)
    assert invariant in await violations()


async def test_movements_told_twice_are_seen(shop: OrderShop) -> None:
    columns = "sku_id, from_location_id, to_location_id, quantity, reason, document, fact_id, occurred_at, recorded_at"
    assert await db.execute(f"INSERT INTO stock_movement ({columns}) SELECT {columns} FROM stock_movement WHERE reason = 'picked'")
    assert {"I2", "I4"} <= await violations()


# --- print jobs -----------------------------------------------------------------------------------------------------------------


async def job(shop: OrderShop, *states: JobState, copies: int = 1) -> str:
    """A job whose box told these states, step by step."""
    name = f"job-{uuid4()}"[:40]
    await db.execute(
        "INSERT INTO print_job (id, box, device, template, version, data, copies, copy, test, priority, state, step, requested_by, "
        "cancel_wanted, created_at, changed_at) "
        "VALUES (?, 'b1', 'label', 't', 'v', '{}', ?, false, false, 5, 'requested', 0, 'test', false, ?, ?)",
        *(name, copies, db.now(), db.now()),
    )
    for step, state in enumerate(states, 1):
        proof = Proof.CONFIRMED if state is JobState.PRINTED else None
        fact = JobChanged(job=name, step=step, state=state, proof=proof, printer="label")
        await shop.box_reports(fact, stream=Stream.RESULT)
    return name


A, Q, S, T = JobState.ACCEPTED, JobState.QUEUED, JobState.SENDING, JobState.SENT
LABEL = ("b1", "label")


@pytest.mark.parametrize(
    ("states", "least", "most"),
    [
        ((A, Q, S, T, JobState.PRINTED), 1, 1),
        ((A, Q, S, Q, S, T, JobState.PRINTED), 1, 1),
        ((A, Q, JobState.CANCELLED), 0, 0),
        ((A, Q, S, JobState.FAILED), 0, 0),
        ((A, Q, S, JobState.UNCERTAIN), 0, 1),
        ((A, Q, S, JobState.UNCERTAIN, JobState.PRINTED), 0, 1),
        ((A, Q, S, JobState.UNCERTAIN, Q, S, T, JobState.PRINTED), 1, 2),
    ],
)
async def test_how_much_paper_a_job_explains(shop: OrderShop, states: tuple[JobState, ...], least: int, most: int) -> None:
    name = await job(shop, *states)
    bound = (await job_bounds(db.fetch))[name]
    assert (bound.printer, bound.least, bound.most) == (LABEL, least, most)
    assert await violations(evidence=Evidence(papers={LABEL: least})) == set()
    assert await violations(evidence=Evidence(papers={LABEL: most})) == set()
    assert await violations(evidence=Evidence(papers={LABEL: most + 1})) == {"I6"}


async def test_a_job_that_never_ends_or_goes_on_after_its_end_is_seen(shop: OrderShop) -> None:
    await job(shop, A, Q)
    assert await violations() == {"I6"}
    assert await violations(evidence=Evidence(at_rest=False)) == set()
    await job(shop, A, Q, JobState.CANCELLED, S, T, JobState.PRINTED)
    assert await violations(evidence=Evidence(at_rest=False)) == {"I6"}
