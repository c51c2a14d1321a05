from __future__ import annotations

import asyncio
import csv
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller import db
from controller.errors import IllegalTransition
from controller.fulfilment.operations import cancel
from controller.orders.flags import FlagKind, blocking, clear_flag, set_flag
from controller.shipping import labels, purchases
from controller.shipping.carriers import Apis, Kind
from controller.shipping.choosing import Judged, Why
from controller.shipping.following import FOLLOWER
from controller.shipping.purchases import BadShipment, NotSettled
from controller.shipping.states import ShipmentState
from controller.tasks.queries import waiting
from edge_agent.wire.facts import HandedOver
from tests.controller.orders_shop import told
from tests.controller.shipping.desk import Desk
from tests.controller.shipping.stand_in import StandIn, stand_in


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> Desk:
    return await Desk.open(tmp_path)


@pytest.fixture
async def carrier(desk: Desk) -> AsyncIterator[StandIn]:
    async with stand_in() as found:
        await desk.carrier("fast", Kind.HTTP, address=found.address)
        yield found


async def test_a_packed_parcel_gets_its_label_and_its_paper(desk: Desk, carrier: StandIn) -> None:
    one = await desk.labelled(2)
    assert (one.state, one.carrier, one.tracking_no, one.price_minor, one.route) == (
        ShipmentState.LABELLED,
        "fast",
        "TN00000001",
        900,
        "310-021",
    )
    assert (one.grams, one.value_minor) == (200, 500)
    assert carrier.bodies[0]["to"] == {
        "name": "李雷",
        "phone": "13800138000",
        "province": "上海市",
        "city": "上海市",
        "district": "浦东新区",
        "street": "世纪大道 100 号 5 楼",
    }
    rows = await db.fetch("SELECT data FROM event WHERE name = 'document_wanted' AND data LIKE '%carrier-label%'")
    assert len(rows) == 1
    assert "TN00000001" in rows[0]["data"]
    everything = await db.fetch("SELECT data FROM event")
    assert not [row for row in everything if "世纪" in row["data"] or "李雷" in row["data"]], "nothing personal in events"
    assert await told("personal_data_given") == 2, "to the carrier, and to the printer"


async def test_an_order_that_is_fetched_has_no_shipment(desk: Desk, carrier: StandIn) -> None:
    _, lists = await desk.shop.released(("tea", 1))
    await desk.shop.report(desk.shop.picked(lists, "tea", 1), desk.shop.packed(lists, 100))
    await FOLLOWER.catch_up()
    assert not await db.fetch("SELECT 1 FROM shipment")


async def test_the_same_event_again_makes_no_second_shipment(desk: Desk, carrier: StandIn) -> None:
    await desk.packed()
    await db.execute("DELETE FROM event_cursor")
    await FOLLOWER.catch_up()
    await asyncio.gather(*(desk.work() for _ in range(3)))
    assert (len(await db.fetch("SELECT 1 FROM shipment")), len(carrier.bodies)) == (1, 1)


@pytest.mark.parametrize("fault", ["hang", "garbage"])
async def test_a_label_that_was_bought_while_nobody_heard_is_found_by_our_key(desk: Desk, carrier: StandIn, fault: str) -> None:
    carrier.fault = fault
    await desk.packed()
    await desk.work()
    one = await desk.newest()
    assert (await desk.purchase(), one.state) == ("uncertain", ShipmentState.OPEN)
    assert (await blocking([one.order_id]))[one.order_id] == [FlagKind.LABEL_UNCERTAIN]
    assert await waiting() == {"label_uncertain": 1}
    await desk.work()  # not yet: it may still be at it
    carrier.fault = ""
    await desk.due()
    await desk.work()
    assert ((await desk.newest()).tracking_no, await desk.purchase()) == ("TN00000001", "bought")
    assert [len(numbers) for numbers in carrier.sold.values()] == [1]
    assert (await blocking([one.order_id]), await waiting()) == ({}, {})


async def test_a_carrier_that_does_not_answer_holds_up_no_other_label(desk: Desk, carrier: StandIn, tmp_path: Path) -> None:
    carrier.fault = "hang"
    await desk.packed()
    buying = asyncio.create_task(labels.run(Apis(tmp_path)))
    try:
        async with asyncio.timeout(15):
            while not carrier.sold:
                await asyncio.sleep(0.02)
            carrier.fault = ""
            await desk.packed()
            while await desk.purchase() != "bought":
                await asyncio.sleep(0.02)
        assert not carrier.release.is_set(), "the first one is still waited for"
    finally:
        buying.cancel()
        await asyncio.gather(buying, return_exceptions=True)


async def test_a_label_that_was_not_bought_is_bought_under_the_same_key(desk: Desk, carrier: StandIn) -> None:
    carrier.fault = "break"
    await desk.packed()
    await desk.work()
    assert await desk.purchase() == "uncertain"
    carrier.fault = "silent"
    await desk.due()
    await desk.work()
    assert await desk.purchase() == "uncertain", "a carrier that cannot say is asked again, for nothing new"
    carrier.fault = ""
    await desk.due()
    await desk.work()
    assert await desk.purchase() == "bought"
    assert [len(numbers) for numbers in carrier.sold.values()] == [1]


async def test_a_carrier_that_surely_did_nothing_is_asked_again_later(desk: Desk, carrier: StandIn) -> None:
    carrier.fault = "busy"
    await desk.packed()
    await desk.work()
    assert (await desk.purchase(), await waiting()) == ("wanted", {})
    carrier.fault = ""
    await desk.due()
    await desk.work()
    assert await desk.purchase() == "bought"


async def test_no_connection_is_no_doubt(desk: Desk, unused_tcp_port: int) -> None:
    await desk.carrier("gone", Kind.HTTP, address=f"http://127.0.0.1:{unused_tcp_port}")
    await desk.packed()
    await desk.work()
    assert await desk.purchase() == "wanted"


@pytest.fixture
def unused_tcp_port() -> int:

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_a_refused_label_is_a_persons_to_give_to_another_carrier(desk: Desk, carrier: StandIn) -> None:
    carrier.fault = "refuse"
    await desk.packed()
    await desk.work()
    assert (await desk.purchase(), await waiting()) == ("refused", {"shipment_refused": 1})
    await desk.carrier("bike", Kind.MANUAL, first_minor=5000)
    one = await desk.newest()
    await purchases.choose_by_hand(one.no, Judged("bike", "standard", 5000, 1, Why.PERSON), reason="they go there")
    await desk.work()
    one = await desk.newest()
    assert (one.carrier, one.tracking_no, await waiting()) == ("bike", one.no, {})


async def test_what_nobody_knows_a_person_may_know(desk: Desk, carrier: StandIn) -> None:
    carrier.fault = "break"
    await desk.packed()
    await desk.work()
    one = await desk.newest()
    with pytest.raises(BadShipment):
        await purchases.void(one.no, reason="away with it")
    await purchases.settle(one.no, "TN777", reason="they told me on the phone")
    assert ((await desk.newest()).tracking_no, carrier.bodies) == ("TN777", [])
    with pytest.raises(NotSettled):
        await purchases.settle(one.no, None, reason="again")


async def test_a_flagged_order_gets_no_label_until_it_is_cleared(desk: Desk, carrier: StandIn) -> None:
    await desk.packed()
    one = await desk.newest()
    await set_flag(one.order_id, FlagKind.CREDIT, "look at it")
    await desk.work()
    assert (await desk.purchase(), carrier.bodies) == ("wanted", [])
    await clear_flag(one.order_id, FlagKind.CREDIT, "fine")
    await desk.due()
    await desk.work()
    assert await desk.purchase() == "bought"


async def test_without_an_address_the_order_is_flagged(desk: Desk, carrier: StandIn) -> None:
    await desk.packed(address=None)
    await desk.work()
    one = await desk.newest()
    assert (await blocking([one.order_id]))[one.order_id] == [FlagKind.BAD_ADDRESS]
    assert carrier.bodies == []


async def test_a_cancelled_order_gives_its_label_back(desk: Desk, carrier: StandIn) -> None:
    one = await desk.labelled()
    await cancel(one.order_no, reason="changed their mind")
    await FOLLOWER.catch_up()
    assert (await desk.newest()).state is ShipmentState.VOID
    await desk.due()
    await desk.work()
    assert (await desk.purchase(), carrier.voided) == ("voided", list(carrier.sold))
    await purchases.void(one.no, reason="again")


@pytest.mark.parametrize("fault", ["garbage", "break"])
async def test_a_label_that_is_found_after_its_order_was_cancelled_is_given_back(desk: Desk, carrier: StandIn, fault: str) -> None:
    order, _ = await desk.packed()
    carrier.fault = fault
    await desk.work()
    assert await desk.purchase() == "uncertain"
    carrier.fault = ""
    await cancel(order, reason="changed their mind")
    await FOLLOWER.catch_up()
    await desk.due()
    await desk.work()
    assert (await desk.newest()).state is ShipmentState.VOID
    assert (await desk.purchase(), carrier.voided) == ("voided", list(carrier.sold))
    wanted = await db.fetch("SELECT data FROM event WHERE name = 'document_wanted'")
    assert not [each for each in wanted if "carrier-label" in each["data"]], "nobody prints it"


async def test_what_the_carrier_has_is_not_voided(desk: Desk, carrier: StandIn) -> None:
    one = await desk.labelled()
    await db.execute("UPDATE shipment SET state = 'in_transit' WHERE id = ?", one.id)
    with pytest.raises(IllegalTransition):
        await purchases.void(one.no, reason="too late")


async def test_a_carrier_of_files_answers_later(desk: Desk, tmp_path: Path) -> None:
    await desk.carrier("post", Kind.FILE)
    await desk.packed()
    await desk.work()
    assert await desk.purchase() == "asked"
    (path,) = (tmp_path / "post" / "out").glob("label-*.csv")
    (row,) = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    assert (row["name"], row["grams"], row["service"]) == ("李雷", "100", "standard")
    await desk.due()
    await desk.work()
    assert await desk.purchase() == "asked"
    (tmp_path / "post" / "in").mkdir()
    answer = f"key,tracking_no,price_minor,route\n{row['key']},RR123456785CN,1250,310\n"
    (tmp_path / "post" / "in" / "1.csv").write_text(answer, encoding="utf-8")
    await desk.due()
    await desk.work()
    one = await desk.newest()
    assert (one.tracking_no, one.price_minor, await desk.purchase()) == ("RR123456785CN", 1250, "bought")


async def test_quotes_of_a_carrier_count(desk: Desk, carrier: StandIn) -> None:
    await desk.carrier("bike", Kind.MANUAL, first_minor=800)
    carrier.prices = [{"service": "standard", "price_minor": 700}]
    one = await desk.labelled()
    assert one.carrier == "fast"
    assert one.choice is not None
    assert one.choice.chosen == Judged("fast", "standard", 700, 3, Why.CHEAPEST)
    assert one.choice.others == (Judged("bike", "standard", 800, 3, Why.DEARER),)


async def test_when_no_service_takes_it_people_are_asked(desk: Desk) -> None:
    await desk.packed()
    await desk.work()
    assert (await desk.purchase(), await waiting()) == ("wanted", {"shipment_unserved": 1})


async def test_a_label_is_printed_again_as_a_copy(desk: Desk, carrier: StandIn) -> None:
    one = await desk.labelled()
    await purchases.print_again(one.no)
    rows = await db.fetch("SELECT data FROM event WHERE name = 'document_wanted' AND data LIKE '%carrier-label%' ORDER BY id")
    assert ['"copy":true' in row["data"] for row in rows] == [False, True]


async def test_a_parcel_is_handed_over_by_its_carriers_label_where_the_box_did_not_know_it(desk: Desk, carrier: StandIn) -> None:
    one = await desk.labelled(2)
    assert await desk.shop.report(HandedOver(parcel="TN00000001"), HandedOver(parcel="TN00000002")) == [
        "applied",
        "unknown_parcel",
    ]
    rows = await db.fetch("SELECT state FROM parcel")
    assert [row["state"] for row in rows] == ["handed_over"]
    assert await desk.shop.report(HandedOver(parcel=one.parcel_no)) == ["applied"], "the same parcel by its number: no second time"
    assert await told("parcel_handed_over") == 1
