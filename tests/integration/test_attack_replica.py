"""Pages of the replica that no controller of ours sends: each is taken or refused whole, and what was served is served still."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.replica import Replica, ReplicaDamaged, ReplicaUnavailable
from edge_agent.stations import Item
from edge_agent.wire.replica import decode_page, encode_page
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.test_replica import MILK, item, page

GOOD = json.loads(encode_page(page(item(1, MILK, kind="gtin"), stock={1: 5})))
PLACES = [
    ("site",),
    ("since",),
    ("next",),
    ("more",),
    ("at",),
    ("parts",),
    *(("parts", part, key) for part in ("goods", "stock") for key in ("rows", "gone", "anew")),
    *(("parts", "goods", "rows", 0, key) for key in ("id", "sku", "name_en", "price_minor", "currency", "unit", "barcodes")),
    ("parts", "goods", "rows", 0, "barcodes", 0),
    ("parts", "goods", "rows", 0, "barcodes", 0, "symbol"),
    ("parts", "stock", "rows", 0, "item"),
    ("parts", "stock", "rows", 0, "on_hand"),
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**300, 1e308, "", "\0", "'; DROP TABLE goods; --", "../../x", "x" * 5000]),
    st.text(max_size=20),
    st.lists(st.integers() | st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


def changed(place: tuple[str | int, ...], value: object) -> bytes:
    body: Any = json.loads(json.dumps(GOOD))
    held: Any = body
    for step in place[:-1]:
        held = held[step]
    held[place[-1]] = value
    return json.dumps(body).encode()


@pytest.fixture
def taking(tmp_path: Path) -> Callable[[bytes], None]:
    """Take a page at a replica that has milk, and look whether it still has it, or what is newer."""
    replica = Replica(tmp_path / "replica.db", "s1", FixedClock())
    replica.prepare()
    replica.take(page(item(1, MILK, kind="gtin"), stock={1: 5}), asked="", asked_at_ms=0)

    def take(body: bytes) -> None:
        try:
            read = decode_page(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        try:
            replica.take(read, asked=replica.cursor(), asked_at_ms=0)
        except ReplicaUnavailable as error:
            assert not isinstance(error, ReplicaDamaged)
            with closing(sqlite3.connect(tmp_path / "replica.db")) as db:
                assert db.execute("PRAGMA quick_check").fetchone() == ("ok",)
        replica.take(page(item(1, MILK, kind="gtin"), stock={1: 5}), asked=replica.cursor(), asked_at_ms=0)
        assert isinstance(replica.lookup(MILK, MILK), Item)

    return take


def test_one_value_of_a_page_made_odd(taking: Callable[[bytes], None]) -> None:
    """Fuzz target: replica pages."""

    @settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(place=st.sampled_from(PLACES), value=ODD)
    def takes(place: tuple[str | int, ...], value: object) -> None:
        taking(changed(place, value))

    takes()


@pytest.mark.parametrize(
    "rows",
    [
        b'[{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}]",
        b'[{"x":' + b"[" * 900 + b"]" * 900 + b"}]",
        b"[" * 50_000 + b"]" * 50_000,
        b"{}",
        b"null",
    ],
    ids=["deep", "rather deep", "lists", "object", "null"],
)
@pytest.mark.parametrize("part", ["goods", "stock", "people", "profiles", "templates"])
def test_rows_that_are_deep_or_none(taking: Callable[[bytes], None], part: str, rows: bytes) -> None:
    body = json.dumps(GOOD | {"parts": {part: {"rows": ["HERE"], "gone": [], "anew": False}}}).encode()
    taking(body.replace(b'["HERE"]', rows))
