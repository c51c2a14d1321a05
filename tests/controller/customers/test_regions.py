"""Provinces, cities, and how far they are from each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.customers.regions import CITIES, PROVINCES, Point, city_of, distance_km, province_of, region_of


def test_there_are_34_provinces_and_each_city_is_in_one() -> None:
    assert len({province.code for province in PROVINCES}) == 34
    assert {city.province for city in CITIES} <= {province.code for province in PROVINCES}


@pytest.mark.parametrize("text", ["广西", "广西壮族自治区", "Guangxi", "guangxi", "45", " 广 西 "])
def test_a_province_has_many_names(text: str) -> None:
    found = province_of(text)
    assert found is not None
    assert found.name == "广西壮族自治区"


@pytest.mark.parametrize("text", ["", "火星", "广", "California"])
def test_what_is_no_province_is_none(text: str) -> None:
    assert province_of(text) is None


def test_a_large_city_is_nearer_to_the_point_than_its_province() -> None:
    assert region_of(country="CN", province="广东", city="深圳市").point == point("深圳")
    assert region_of(country="CN", province="广东", city="某县").point == point("广东")
    assert region_of(country="de", province="Bayern", city="München").point is None


def point(name: str) -> Point:
    found = province_of(name) or city_of(name)
    assert found is not None
    return found.point


@pytest.mark.parametrize(("one", "other", "km"), [("北京", "上海", 1067), ("广州", "深圳", 105), ("北京", "乌鲁木齐", 2405)])
def test_distances_are_those_of_the_map(one: str, other: str, km: int) -> None:
    """Great circles between the cities' centres, to some 3 %."""
    assert distance_km(point(one), point(other)) == pytest.approx(km, rel=0.03)


points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


@given(points, points)
def test_a_distance_is_the_same_both_ways_and_never_beyond_half_the_earth(one: Point, other: Point) -> None:
    assert distance_km(one, other) == distance_km(other, one)
    assert 0 <= distance_km(one, other) <= 20_016
    assert distance_km(one, one) == 0
