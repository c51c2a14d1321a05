from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.documents.items import Bars, Frame, dots, turn_item, turned
from drivers.documents.model import Rotation, Symbology

ROTATIONS: list[Rotation] = [0, 90, 180, 270]
PLACE = st.integers(0, 200)
LENGTH = st.integers(1, 100)


@given(PLACE, PLACE, LENGTH, LENGTH)
def test_four_quarter_turns_are_none(left: int, top: int, width: int, height: int) -> None:
    area = (left, top, left + width, top + height)
    again = area
    for _ in range(4):
        again = turned(again, 90)
    assert again == area
    assert turned(turned(area, 90), 270) == area
    assert turned(turned(area, 90), 90) == turned(area, 180)


@given(LENGTH, LENGTH, st.sampled_from(ROTATIONS), PLACE, PLACE, st.data())
def test_what_is_turned_with_its_box_stays_in_it(
    width: int, height: int, rotation: Rotation, x: int, y: int, data: st.DataObject
) -> None:
    inner = data.draw(st.integers(1, width)), data.draw(st.integers(1, height))
    left, top = data.draw(st.integers(0, width - inner[0])), data.draw(st.integers(0, height - inner[1]))
    item = turn_item(Frame(x=left, y=top, width=inner[0], height=inner[1], thickness=1), (x, y), (width, height), rotation)
    box = (height, width) if rotation in (90, 270) else (width, height)
    assert x <= item.x
    assert y <= item.y
    assert item.x + item.width <= x + box[0]
    assert item.y + item.height <= y + box[1]


def test_a_quarter_turn_brings_the_top_left_corner_to_the_top_right() -> None:
    item = turn_item(Frame(x=0, y=0, width=2, height=1, thickness=1), (10, 20), (8, 4), 90)
    assert (item.x, item.y, item.width, item.height) == (13, 20, 1, 2)


@pytest.mark.parametrize(("rotation", "height"), [(0, 30), (90, 90), (180, 30), (270, 90)])
def test_bars_know_how_long_they_are_whichever_way_they_lie(rotation: Rotation, height: int) -> None:
    bars = Bars(x=0, y=0, width=90, height=30, module=1, symbology=Symbology.EAN8, data="96385074")
    lying = turn_item(bars, (0, 0), (90, 30), rotation)
    assert isinstance(lying, Bars)
    assert (lying.height, lying.bar_height) == (height, 30)


@pytest.mark.parametrize(("millimetres", "dpi", "count"), [("25.4", 203, 203), ("10", 300, 118), ("0.0625", 203, 0), ("0", 600, 0)])
def test_millimetres_in_dots(millimetres: str, dpi: int, count: int) -> None:
    assert dots(Decimal(millimetres), dpi) == count
