"""Searching goods on the box: parts of names in both languages, beginnings of codes, page by page, quickly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.replica import Replica
from edge_agent.replica_search import PER, Hits
from edge_agent.stations import Missing
from edge_agent.wire.replica import ReplicaBarcode, ReplicaImage, ReplicaItem
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.test_replica import page, take


def goods(number: int, sku: str, en: str, zh: str, *codes: tuple[str, str]) -> ReplicaItem:
    return ReplicaItem(
        id=number,
        sku=sku,
        name_en=en,
        name_zh=zh,
        unit="piece",
        price_minor=100,
        currency="CNY",
        barcodes=[ReplicaBarcode(kind=kind, symbol=symbol) for kind, symbol in codes],  # type: ignore[arg-type]  # one of the three
        image=ReplicaImage(hash="a" * 64, media_type="image/webp") if number == 1 else None,
    )


SHELF = [
    goods(1, "MILK-250", "Whole Milk 250 ml", "全脂牛奶 250 毫升", ("gtin", "06901234567892"), ("text", "SHELF-1")),
    goods(2, "MILK-1L", "Semi-skimmed Milk 1 l", "低脂牛奶 1 升", ("gtin", "00000096385074")),
    goods(3, "CHOC", "Milk chocolate", "牛奶巧克力", ("gtin", "00036000291452")),
    goods(4, "TEA", "Green tea", "绿茶", ("text", "6901-OWN"), ("measured", "2100101")),
    goods(5, "6901-BOX", "Box % of_things", "箱子", ("text", "B'OX")),
]


@pytest.fixture
def replica(tmp_path: Path, clock: FixedClock) -> Iterator[Replica]:
    replica = Replica(tmp_path / "replica.db", "s1", clock)
    replica.prepare()
    take(replica, page(*SHELF, stock={1: 7}))
    yield replica
    replica.close_reader()
    replica.close_search()
    replica.close_writer()


def found(replica: Replica, text: str, after: str | None = None) -> list[str]:
    hits = replica.search(text, after)
    assert isinstance(hits, Hits)
    return [hit.item.sku for hit in hits.hits]


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("牛奶", ["MILK-250", "MILK-1L", "CHOC"]),
        ("奶", ["MILK-250", "MILK-1L", "CHOC"]),
        ("脂牛", ["MILK-250", "MILK-1L"]),
        ("茶", ["TEA"]),
        ("skim", ["MILK-1L"]),
        ("ＭＩＬＫ", ["MILK-1L", "MILK-250", "CHOC"]),
        ("milk whole", ["MILK-250"]),
        ("牛奶 chocolate", ["CHOC"]),
        ("milk-", ["MILK-1L", "MILK-250"]),
        ("6901", ["6901-BOX", "MILK-250", "TEA"]),
        ("690123456789", ["MILK-250"]),
        ("6901234567892", ["MILK-250"]),
        ("963850", ["MILK-1L"]),
        ("036000", ["CHOC"]),
        ("36000", ["CHOC"]),
        ("2100101", ["TEA"]),
        ("shelf-1", ["MILK-250"]),
        ("b'ox", ["6901-BOX"]),
        ("%", ["6901-BOX"]),
        ("f_t", ["6901-BOX"]),
        ("nothing like it", []),
        ("", []),
        (" \n ", []),
    ],
)
def test_what_is_typed_finds(replica: Replica, text: str, skus: list[str]) -> None:
    assert found(replica, text) == skus


def test_a_hit_has_all_that_a_page_shows_and_a_code_to_go_on_with(replica: Replica) -> None:
    hits = replica.search("whole")
    assert isinstance(hits, Hits)
    (hit,) = hits.hits
    assert (hit.item.name_zh, hit.item.on_hand, hit.item.age_ms, hit.item.image) == ("全脂牛奶 250 毫升", 7, 0, "a" * 64)
    assert hit.barcode == "06901234567892"
    assert hits.next is None


def test_a_renamed_item_is_found_by_its_new_name_alone(replica: Replica) -> None:
    take(replica, page(goods(4, "TEA", "Black tea", "红茶"), since="c1", to="c2"))
    assert (found(replica, "green"), found(replica, "红")) == ([], ["TEA"])


def test_page_by_page_all_are_found_once(replica: Replica) -> None:
    many = [goods(number, f"T-{number:03}", f"Towel {number}", "毛巾", ("text", f"TOWEL-{number}")) for number in range(10, 97)]
    take(replica, page(*many, since="c1", to="c2"))
    for text in ("毛巾", "t-0", "towel"):
        told, after, pages = [], None, 0
        while True:
            hits = replica.search(text, after)
            assert isinstance(hits, Hits)
            assert len(hits.hits) <= PER
            told += [hit.item.sku for hit in hits.hits]
            after, pages = hits.next, pages + 1
            if after is None:
                break
        assert set(told) == {each.sku for each in many}
        assert pages <= 11


@pytest.mark.parametrize("after", ["", "x", "9:1", "0:", "99999999999:1", "-1:2", "6:x", "6:99999999999999999999999", "\ud800:1"])
def test_a_place_that_is_none_begins_anew_or_ends(replica: Replica, after: str) -> None:
    assert not isinstance(replica.search("6901", after), str)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=200), st.none() | st.text(max_size=20))
def test_whatever_is_typed_is_answered(replica: Replica, text: str, after: str | None) -> None:
    assert isinstance(replica.search(text, after), Hits | Missing)
    assert not replica.is_damaged


def test_before_there_is_a_catalogue_it_says_so(tmp_path: Path, clock: FixedClock) -> None:
    empty = Replica(tmp_path / "other.db", "s1", clock)
    assert empty.search("milk") is Missing.LATE
    empty.prepare()
    assert empty.search("milk") is Missing.NO_CATALOGUE
    empty.close_search()
    empty.close_writer()


def test_among_a_hundred_thousand_it_takes_less_than_fifty_milliseconds(replica: Replica) -> None:
    pages = 50
    for number in range(pages):
        ids = range(number * 2000, (number + 1) * 2000)
        rows = [goods(each + 1, f"SKU-{each:06}", f"Organic washing powder {each} g", f"有机洗衣粉{each}克") for each in ids]
        take(replica, page(*rows, since=f"c{number}" if number else "", to=f"c{number + 1}", more=number < pages - 1))
    best = []
    for text in ("洗衣", "洗衣粉99", "zz", "不存在", "washing powder 4242", "sku-0", "sku-099999", "690123", "powder 牛奶"):
        best.append(min(_seconds(replica, text) for _ in range(5)))
    assert max(best) < 0.05


def _seconds(replica: Replica, text: str) -> float:
    """Of the processor: what it costs, not what else the machine does."""
    began = time.thread_time()
    assert isinstance(replica.search(text), Hits)
    return time.thread_time() - began
