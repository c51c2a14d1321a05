"""When and how much, against textbook instances and against what must never happen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.replenishment.policies import (
    NO_BOUND,
    Levels,
    Line,
    Terms,
    classes_by_value,
    days_of_supply,
    economic_quantity,
    levels,
    orders,
    pack_of,
    review_days,
    risk,
    topped_up,
    z_of,
)


def one(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([float(value)])


def whole(value: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([value], dtype=np.int64)


def terms(*, lead: float = 5, lead_sd: float = 0, review: float = 0, z: float = 0, **bounds: int) -> Terms:
    return Terms(
        lead=one(lead),
        lead_sd=one(lead_sd),
        review=one(review),
        z=one(z),
        pack=whole(bounds.get("pack", 1)),
        least=whole(bounds.get("least", 0)),
        capacity=whole(bounds.get("capacity", NO_BOUND)),
        shelf_days=whole(bounds.get("shelf_days", NO_BOUND)),
        floor=whole(bounds.get("floor", 0)),
    )


def test_the_economic_order_quantity_of_silver_pyke_and_thomas() -> None:
    """Section 4.4: 2,400 resistors a year at 0.40, 3.20 an order, 0.24 a year: 400.  Heizer & Render's knife sets: 77.46."""
    assert economic_quantity(one(2400), one(3.20), one(0.40 * 0.24))[0] == pytest.approx(400)
    assert economic_quantity(one(2400), one(5), one(4))[0] == pytest.approx(77.46, abs=0.005)


@pytest.mark.parametrize(
    ("service", "z"), [(0.5, 0.0), (0.9, 1.2816), (0.95, 1.6449), (0.98, 2.0537), (0.99, 2.3263), (0.999, 3.0902), (0.1, -1.2816)]
)
def test_quantiles_are_those_of_the_normal_table(service: float, z: float) -> None:
    assert z_of(service) == pytest.approx(z, abs=5e-5)


@pytest.mark.parametrize("service", [0.0, 1.0, -1.0, 2.0])
def test_no_stock_serves_always(service: float) -> None:
    with pytest.raises(ValueError, match="service level"):
        z_of(service)


@pytest.mark.parametrize(
    ("lead", "mean", "sd", "lead_sd", "z", "deviation", "safety"),
    [
        (6, 12, 5, 0, 1.6449, 12.25, 20.15),  # Lindner Congress Bookstore (Krajewski & Ritzman): calculators, 95 %
        (3, 5, 0, 2, 1.645, 10.0, 16.45),  # The Hardware Warehouse, M4389 (Heizer & Render): the lead time varies
        (7, 2500, 500, 7, 1.2816, 17550.0, 22491.0),  # Dell (Chopra & Meindl, example 12-6): both vary, 90 %
        (10, 20, 4, 0, 1.645, 12.649, 20.81),  # umbrellas (Krajewski & Ritzman)
    ],
)
def test_safety_stocks_of_textbooks(
    lead: float, mean: float, sd: float, lead_sd: float, z: float, deviation: float, safety: float
) -> None:
    assert risk(one(lead), one(mean), one(sd), one(lead_sd))[0] == pytest.approx(deviation, rel=0.0005)
    found = levels(one(mean), one(mean), one(sd), terms(lead=lead, lead_sd=lead_sd, z=z))
    assert found.reorder[0] == pytest.approx(mean * lead + safety, abs=1.0 + 0.0005 * safety)


def test_a_level_is_rounded_up_but_not_for_an_error_of_rounding() -> None:
    assert levels(one(0.1), one(0.1), one(0), terms(lead=30)).reorder[0] == 3
    assert levels(one(0.11), one(0.11), one(0), terms(lead=30)).reorder[0] == 4


@pytest.mark.parametrize(
    ("position", "bounds", "quantity"),
    [
        (21, {}, 0),
        (20, {}, 20),
        (0, {}, 40),
        (0, {"pack": 12}, 48),
        (0, {"least": 100}, 100),
        (0, {"least": 100, "pack": 12}, 108),
        (10, {"capacity": 25}, 15),
        (10, {"capacity": 25, "pack": 4}, 12),
        (10, {"capacity": 25, "least": 20}, 0),
        (10, {"shelf_days": 5}, 10),
        (10, {"shelf_days": 2}, 0),
        (-5, {"capacity": 25}, 25),
    ],
)
def test_an_order_is_bounded(position: int, bounds: dict[str, int], quantity: int) -> None:
    """Reorder at 20, up to 40, 4 a day."""
    level = Levels(whole(20), whole(40), whole(0))
    assert orders(whole(position), one(4), level, terms(**bounds)).quantity[0] == quantity


@given(
    st.integers(-50, 500),
    st.integers(0, 200),
    st.integers(0, 200),
    st.integers(1, 50),
    st.integers(0, 300),
    st.integers(0, 400),
    st.integers(0, 60),
)
@settings(max_examples=300)
def test_whatever_the_bounds_an_order_keeps_all_of_them(
    position: int, reorder: int, above: int, pack: int, least: int, capacity: int, shelf_days: int
) -> None:
    level = Levels(whole(reorder), whole(reorder + above), whole(0))
    mean = one(3.5)
    found = orders(whole(position), mean, level, terms(pack=pack, least=least, capacity=capacity, shelf_days=shelf_days))
    quantity = int(found.quantity[0])
    assert quantity % pack == 0
    if quantity == 0:
        return
    assert position <= reorder
    assert quantity >= least
    assert max(position, 0) + quantity <= min(capacity, 3.5 * shelf_days)
    assert found.need[0] + found.by_pack[0] + found.by_least[0] - found.by_capacity[0] - found.by_shelf[0] == quantity


def test_abc_is_by_what_was_sold_in_money() -> None:
    value = np.array([1.0, 800.0, 100.0, 60.0, 39.0, 0.0])
    assert classes_by_value(value) == ("C", "A", "B", "B", "C", "C")
    assert classes_by_value(np.zeros(2)) == ("C", "C")


def test_a_single_seller_is_class_a() -> None:
    assert classes_by_value(np.array([5.0])) == ("A",)


def test_days_of_supply_without_demand_are_without_end() -> None:
    assert days_of_supply(np.array([10, 10, -3]), np.array([2.0, 0.0, 1.0])).tolist() == [5.0, np.inf, 0.0]


@pytest.mark.parametrize(
    ("lines", "minimum", "wanted"),
    [
        ({1: Line(10, 99, 100)}, 500, {1: 10}),
        ({1: Line(10, 99, 100)}, 1500, {1: 15}),
        ({1: Line(10, 12, 100)}, 1500, {1: 12}),
        ({1: Line(10, 5, 100)}, 1500, {1: 10}),
        ({1: Line(0, 99, 100)}, 1500, {}),
        ({1: Line(5, 99, 0)}, 1500, {1: 5}),
        ({1: Line(10, 99, 100), 2: Line(10, 99, 10)}, 2000, {1: 19, 2: 10}),
        ({1: Line(10, 10, 100), 2: Line(10, 99, 10)}, 2000, {1: 10, 2: 19}),
    ],
)
def test_an_order_is_raised_to_the_suppliers_least_value(lines: dict[int, Line], minimum: int, wanted: dict[int, int]) -> None:
    assert topped_up(lines, minimum) == wanted


LINES = st.builds(Line, st.integers(0, 99), st.integers(0, 500), st.integers(0, 999))


@given(st.dictionaries(st.integers(1, 9), LINES, max_size=6), st.integers(0, 1_000_000))
@settings(max_examples=200)
def test_raising_never_lowers_and_never_goes_beyond_what_there_is_room_for(lines: dict[int, Line], minimum: int) -> None:
    raised = topped_up(lines, minimum)
    assert raised.keys() == {sku for sku, line in lines.items() if line.packs > 0}
    assert all(lines[sku].packs <= packs <= max(lines[sku].most, lines[sku].packs) for sku, packs in raised.items())
    value = sum(packs * lines[sku].price for sku, packs in raised.items())
    if 0 < value < minimum:
        before = sum(line.packs * line.price for line in lines.values())
        assert all(packs >= lines[sku].most or packs * before >= lines[sku].packs * minimum for sku, packs in raised.items())


@pytest.mark.parametrize(
    ("numerator", "denominator", "found"), [(12, 1, (12, 1)), (500, 2, (250, 1)), (5, 2, (5, 2)), (6, 4, (3, 2))]
)
def test_a_pack_comes_to_whole_base_units(numerator: int, denominator: int, found: tuple[int, int]) -> None:
    assert pack_of(numerator, denominator) == found


@pytest.mark.parametrize(("days", "gap"), [("", 1), ("1234567", 1), ("135", 3), ("1", 7), ("12", 6), ("15", 4), ("67", 6)])
def test_orders_are_placed_on_the_suppliers_days(days: str, gap: int) -> None:
    assert review_days(days) == gap
