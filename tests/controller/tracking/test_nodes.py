"""The 15 nodes: a projection of the axes, which is total, stable and never goes back because of what is beside the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fulfilment.states import PickListState
from controller.orders.states import OrderState
from controller.payments.policies import PaymentState
from controller.shipping.states import ShipmentState
from controller.tracking.nodes import COLLECTED, WAY, Axes, Node, Part, Shown, Step, current, shown, times_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PACKED = PickListState.PACKED


def test_there_are_fifteen() -> None:
    assert len(Node) == 15
    assert WAY[0] is Node.PLACED
    assert WAY[-1] is Node.DELIVERED
    assert COLLECTED[-1] is Node.HANDED_OVER


@pytest.mark.parametrize(
    ("axes", "node"),
    [
        (Axes(order=OrderState.DRAFT), Node.PLACED),
        (Axes(order=OrderState.IN_REVIEW), Node.IN_REVIEW),
        (Axes(order=OrderState.ON_HOLD), Node.EXCEPTION),
        (Axes(order=OrderState.APPROVED), Node.APPROVED),
        (Axes(order=OrderState.APPROVED, is_allocated=True), Node.ALLOCATED),
        (Axes(order=OrderState.APPROVED, is_flagged=True), Node.EXCEPTION),
        (Axes(order=OrderState.CANCELLED, is_flagged=True), Node.CANCELLED),
        (Axes(order=OrderState.APPROVED, is_allocated=True, parts=[Part(pick_list=PickListState.OPEN)]), Node.ALLOCATED),
        (Axes(order=OrderState.APPROVED, parts=[Part(pick_list=PickListState.PICKING)]), Node.PICKING),
        (Axes(order=OrderState.APPROVED, parts=[Part(pick_list=PickListState.PICKED)]), Node.PICKED),
        (Axes(order=OrderState.APPROVED, parts=[Part(pick_list=PACKED)]), Node.PACKED),
        (Axes(order=OrderState.APPROVED, parts=[Part(pick_list=PACKED, shipment=ShipmentState.OPEN)]), Node.PACKED),
        (Axes(order=OrderState.APPROVED, parts=[Part(pick_list=PACKED, shipment=ShipmentState.LABELLED)]), Node.LABELLED),
        (
            Axes(order=OrderState.APPROVED, parts=[Part(pick_list=PACKED, shipment=ShipmentState.LABELLED, is_handed_over=True)]),
            Node.HANDED_OVER,
        ),
        (Axes(order=OrderState.CLOSED, parts=[Part(pick_list=PACKED, shipment=ShipmentState.IN_TRANSIT)]), Node.IN_TRANSIT),
        (Axes(order=OrderState.CLOSED, parts=[Part(pick_list=PACKED, shipment=ShipmentState.EXCEPTION)]), Node.EXCEPTION),
        (Axes(order=OrderState.CLOSED, parts=[Part(pick_list=PACKED, shipment=ShipmentState.RETURNED)]), Node.EXCEPTION),
        (Axes(order=OrderState.CLOSED, parts=[Part(pick_list=PACKED, shipment=ShipmentState.DELIVERED)]), Node.DELIVERED),
        (Axes(order=OrderState.CLOSED, is_sent=False, parts=[Part(pick_list=PACKED, is_handed_over=True)]), Node.HANDED_OVER),
        (Axes(order=OrderState.CLOSED), Node.HANDED_OVER),
    ],
)
def test_each_combination_of_axes_has_its_node(axes: Axes, node: Node) -> None:
    assert current(axes) is node


def test_an_order_in_parts_is_where_its_slowest_part_is() -> None:
    parts = [Part(pick_list=PACKED, shipment=ShipmentState.DELIVERED), Part(pick_list=PickListState.PICKING)]
    assert current(Axes(order=OrderState.APPROVED, parts=parts)) is Node.PICKING
    withdrawn = [parts[0], Part(pick_list=PickListState.WITHDRAWN)]
    assert current(Axes(order=OrderState.CLOSED, parts=withdrawn)) is Node.DELIVERED


def steps(found: list[Shown]) -> dict[Node, Step]:
    return {each.node: each.step for each in found}


def test_what_is_behind_is_done_and_what_nobody_had_to_do_is_passed_by() -> None:
    axes = Axes(
        order=OrderState.APPROVED, payment=PaymentState.CAPTURED, is_allocated=True, parts=[Part(pick_list=PickListState.PICKING)]
    )
    found = steps(shown(axes, {Node.PLACED: NOON}))
    assert [found[node] for node in (Node.PLACED, Node.PAID, Node.IN_REVIEW, Node.APPROVED, Node.ALLOCATED)] == [
        Step.DONE,
        Step.DONE,
        Step.PASSED_BY,
        Step.DONE,
        Step.DONE,
    ]
    assert found[Node.PICKING] is Step.NOW
    assert found[Node.DELIVERED] is Step.AHEAD


def test_the_end_of_the_way_is_done_and_not_under_way() -> None:
    sent = Axes(order=OrderState.CLOSED, parts=[Part(pick_list=PACKED, shipment=ShipmentState.DELIVERED)])
    fetched = Axes(order=OrderState.CLOSED, is_sent=False, parts=[Part(pick_list=PACKED, is_handed_over=True)])
    assert steps(shown(sent, {}))[Node.DELIVERED] is Step.DONE
    assert steps(shown(fetched, {}))[Node.HANDED_OVER] is Step.DONE
    assert Node.IN_TRANSIT not in steps(shown(fetched, {}))


def test_what_is_beside_the_way_stands_at_its_end_and_keeps_what_was_reached() -> None:
    axes = Axes(order=OrderState.APPROVED, is_flagged=True, parts=[Part(pick_list=PACKED)])
    found = shown(axes, {Node.PLACED: NOON, Node.EXCEPTION: NOON})
    assert found[-1] == Shown(Node.EXCEPTION, Step.NOW, NOON)
    assert steps(found)[Node.PACKED] is Step.DONE
    assert steps(found)[Node.LABELLED] is Step.AHEAD


def test_money_that_is_waited_for_is_now_until_something_else_is() -> None:
    waiting = Axes(order=OrderState.DRAFT, payment=PaymentState.PENDING)
    assert steps(shown(waiting, {}))[Node.PAID] is Step.NOW
    on_delivery = Axes(order=OrderState.APPROVED, payment=PaymentState.PENDING, parts=[Part(pick_list=PickListState.PICKING)])
    assert steps(shown(on_delivery, {}))[Node.PAID] is Step.AHEAD


def test_times_are_of_the_first_telling_and_of_the_latest_beside_the_way() -> None:
    told: list[tuple[str, dict[str, object], datetime]] = [
        ("order_placed", {}, NOON),
        ("payment_changed", {"state": "pending"}, NOON),
        ("payment_changed", {"state": "captured"}, NOON + timedelta(minutes=1)),
        ("order_flagged", {}, NOON + timedelta(minutes=2)),
        ("parcel_packed", {}, NOON + timedelta(minutes=3)),
        ("parcel_packed", {}, NOON + timedelta(minutes=4)),
        ("order_flagged", {}, NOON + timedelta(minutes=5)),
        ("shipment_moved", {"state": "delivered"}, NOON + timedelta(minutes=6)),
        ("shipment_moved", {"state": "open"}, NOON),
        ("something_else", {}, NOON),
    ]
    assert times_of(told) == {
        Node.PLACED: NOON,
        Node.PAID: NOON + timedelta(minutes=1),
        Node.EXCEPTION: NOON + timedelta(minutes=5),
        Node.PACKED: NOON + timedelta(minutes=3),
        Node.DELIVERED: NOON + timedelta(minutes=6),
    }


parts = st.builds(
    Part,
    pick_list=st.none() | st.sampled_from(PickListState),
    shipment=st.none() | st.sampled_from(ShipmentState),
    is_handed_over=st.booleans(),
)
every = st.builds(
    Axes,
    order=st.sampled_from(OrderState),
    payment=st.none() | st.sampled_from(PaymentState),
    is_allocated=st.booleans(),
    is_flagged=st.booleans(),
    is_sent=st.booleans(),
    parts=st.lists(parts, max_size=4),
)


@given(every, st.dictionaries(st.sampled_from(Node), st.just(NOON)))
def test_every_combination_has_one_node_and_a_whole_way(axes: Axes, times: dict[Node, datetime]) -> None:
    node, found = current(axes), shown(axes, times)
    way = list(WAY if axes.is_sent else COLLECTED)
    assert [each.node for each in found] in (way, [*way, node])
    assert sum(each.step is Step.NOW for each in found if each.node is not Node.PAID) <= 1
    assert current(axes) is node


@given(every)
def test_the_order_of_the_parts_does_not_matter(axes: Axes) -> None:
    turned = Axes(
        order=axes.order,
        payment=axes.payment,
        is_allocated=axes.is_allocated,
        is_flagged=axes.is_flagged,
        is_sent=axes.is_sent,
        parts=list(reversed(axes.parts)),
    )
    assert current(turned) is current(axes)
    assert shown(turned, {}) == shown(axes, {})
