from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import db
from controller.shipping import manifests, tracking, watching
from controller.shipping.adapters import Seen
from controller.shipping.carriers import Kind
from controller.shipping.file_based import _read, seen_in
from controller.shipping.following import FOLLOWER
from controller.shipping.manifests import NothingHandedOver
from controller.shipping.states import ManifestState, ShipmentAction, ShipmentState
from controller.shipping.tracking import Told, state_of
from controller.tasks.queries import waiting
from tests.controller.goods import NOON
from tests.controller.orders_shop import told
from tests.controller.shipping.desk import Desk
from tests.controller.shipping.stand_in import StandIn, stand_in

S, A = ShipmentState, ShipmentAction


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> Desk:
    return await Desk.open(tmp_path)


@pytest.fixture
async def carrier(desk: Desk) -> AsyncIterator[StandIn]:
    async with stand_in() as found:
        await desk.carrier("fast", Kind.HTTP, address=found.address)
        yield found


def seen(number: str, action: ShipmentAction | None, minute: int, key: str = "") -> Seen:
    at = NOON + timedelta(minutes=minute)
    return Seen(tracking_no=number, key=key or f"{action}{minute}", action=action, occurred_at=at, text="told", place="Hub")


# --- pure -----------------------------------------------------------------------------------------------------------------------

tellings = st.lists(
    st.builds(
        Told,
        st.sampled_from([A.MOVE, A.BRING, A.DELIVER, A.FAIL, A.RETURN]),
        st.integers(0, 5).map(lambda minute: NOON + timedelta(minutes=minute)),
        st.sampled_from("abc"),
    ),
    max_size=6,
)


@given(tellings, st.booleans(), st.randoms(use_true_random=False))
def test_any_order_any_number_of_times(known: list[Told], is_out: bool, random: Random) -> None:
    state = state_of(known, handed_over=is_out)
    again = random.sample(known, len(known)) + known
    assert state_of(again, handed_over=is_out) is state


def test_a_delivery_stays_and_a_return_ends_it() -> None:
    first, late = Told(A.DELIVER, NOON, "1"), Told(A.MOVE, NOON + timedelta(hours=1), "2")
    assert state_of([late, first], handed_over=True) is S.DELIVERED
    assert state_of([first, late, Told(A.RETURN, NOON, "3")], handed_over=True) is S.RETURNED
    assert state_of([], handed_over=False) is S.LABELLED


texts = st.text(max_size=20)


@given(st.dictionaries(st.sampled_from(["tracking_no", "at", "code", "text", "place", "id"]), texts))
def test_a_row_of_a_carrier_is_read_or_passed_by(row: dict[str, str]) -> None:
    found = seen_in({"tracking_no": "T1", **row})
    assert found is None or found.occurred_at.tzinfo is not None


@given(st.binary(max_size=300))
def test_a_file_of_a_carrier_is_read_or_passed_by(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("in")
    (folder / "1.csv").write_bytes(content)
    assert all(isinstance(row, dict) for row in _read(folder))


# --- stored ---------------------------------------------------------------------------------------------------------------------


async def test_tellings_come_in_any_order_twice_and_before_the_label(desk: Desk, carrier: StandIn) -> None:
    await tracking.take("fast", [seen("TN00000001", A.MOVE, 5)], source="webhook")
    one = await desk.labelled()
    await tracking.refresh("fast", [one.tracking_no or ""])
    assert (await desk.newest()).state is S.IN_TRANSIT
    told_all = [seen("TN00000001", action, minute) for action, minute in ((A.BRING, 20), (A.MOVE, 10), (None, 12))]
    assert await tracking.take("fast", told_all, source="webhook") == 3
    assert await tracking.take("fast", told_all[::-1], source="poll") == 0
    one = await desk.newest()
    assert (one.state, one.heard_at) == (S.OUT_FOR_DELIVERY, NOON + timedelta(minutes=20))
    await tracking.take("fast", [seen("TN00000001", A.DELIVER, 30), seen("TN00000001", A.BRING, 40)], source="webhook")
    one = await desk.newest()
    assert (one.state, one.delivered_at) == (S.DELIVERED, NOON + timedelta(minutes=30))
    assert await told("shipment_moved") == 3


async def test_carriers_are_asked_where_things_are(desk: Desk, carrier: StandIn) -> None:
    await desk.labelled()
    carrier.events = [
        {"tracking_no": "TN00000001", "at": "2026-11-21T13:00:00+00:00", "code": "in_transit", "text": "hub", "place": "SH"},
        {"tracking_no": "TN00000001", "at": "2026-11-21T15:00:00+08:00", "code": "accepted"},
        {"tracking_no": "TN00000001", "at": "some day", "code": "delivered"},
        {"tracking_no": "TN00000001", "at": "2026-11-21T16:00:00+00:00", "code": "sneezed"},
    ]
    assert await watching.ask_all(desk.apis) == 3
    assert await watching.ask_all(desk.apis) == 0
    assert (await desk.newest()).state is S.IN_TRANSIT


async def test_the_scan_of_the_last_parcel_closes_the_list_and_the_carrier_gets_it_once(desk: Desk, carrier: StandIn) -> None:
    first, second = await desk.labelled(), await desk.labelled()
    (sheet,) = await manifests.manifests()
    assert (sheet.shipments, sheet.waiting, sheet.state) == (2, 2, ManifestState.OPEN)
    with pytest.raises(NothingHandedOver):
        await manifests.close(sheet.no)
    for number, one in itertools.product(range(2), (first, second)):
        await desk.shop.report(desk.shop.handed_over(one.parcel_no))
        await FOLLOWER.catch_up()
        expected = ManifestState.OPEN if (number, one) == (0, first) else ManifestState.CLOSED
        assert (await manifests.manifest(sheet.no)).state is expected
    assert (await desk.newest()).state is S.HANDED_OVER
    assert await watching.send_manifests(desk.apis) == 1
    assert await watching.send_manifests(desk.apis) == 0
    assert [one["tracking_nos"] for one in carrier.manifests] == [["TN00000001", "TN00000002"]]
    assert (await manifests.manifest(sheet.no)).reference == "M1"
    third = await desk.labelled()
    assert third.manifest_id != first.manifest_id, "the next driver has a list of his own"


async def test_what_stays_here_goes_onto_the_next_list(desk: Desk, carrier: StandIn) -> None:
    first, second = await desk.labelled(), await desk.labelled()
    await tracking.handed_over(first.parcel_no, NOON)
    (sheet,) = await manifests.manifests()
    for _ in range(2):
        await manifests.close(sheet.no)
    newer, older = await manifests.manifests()
    assert (older.state, older.shipments, newer.state, newer.shipments, newer.run) == (
        ManifestState.CLOSED,
        1,
        ManifestState.OPEN,
        1,
        2,
    )
    assert (await desk.newest()).manifest_id == newer.id
    assert second.id == (await desk.newest()).id


async def test_late_silent_and_lost_are_noticed_once_each(desk: Desk, carrier: StandIn) -> None:
    one = await desk.labelled()
    now: datetime = db.now()
    await tracking.handed_over(one.parcel_no, now)
    assert await watching.notice() == 0
    yesterday = now.date() - timedelta(days=1)
    await db.execute("UPDATE shipment SET promised_on = ?", yesterday)
    assert (await watching.notice(), await watching.notice()) == (1, 0)
    assert await waiting() == {"shipment_late": 1}
    for days, what in ((3, "silent"), (7, "lost")):
        long_ago = now - timedelta(days=days)
        await db.execute("UPDATE shipment SET handed_over_at = ?, heard_at = ?", long_ago, long_ago)
        assert (await watching.notice(), await watching.notice()) == (1, 0)
        assert (await desk.newest()).noticed == what
    await tracking.take("fast", [seen("TN00000001", A.DELIVER, 9)], source="webhook")
    assert await waiting() == {}
    assert await watching.notice() == 0
