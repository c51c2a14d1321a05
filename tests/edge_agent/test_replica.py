"""The replica's file: snapshots that are never seen by half, deltas, what is looked up in it, and what damage does to it."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.replica import Replica, ReplicaDamaged, ReplicaUnavailable
from edge_agent.replica_parts import TABLES
from edge_agent.stations import Item, Missing
from edge_agent.wire.replica import (
    ReplicaBarcode,
    ReplicaItem,
    ReplicaPage,
    ReplicaStock,
    decode_page,
    digest_of,
    encode_page,
    is_digest_of,
    rows_of,
)
from tests.edge_agent.conftest import FixedClock

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
MILK = "06901234567892"


def item(number: int, *symbols: str, name: str = "", price: int = 420, kind: str = "text") -> ReplicaItem:
    return ReplicaItem(
        id=number,
        sku=f"sku-{number}",
        name_en=name or f"Thing {number}",
        name_zh=f"东西 {number}",
        unit="piece",
        price_minor=price,
        currency="CNY",
        barcodes=[msgspec.convert({"kind": kind, "symbol": symbol}, ReplicaBarcode) for symbol in symbols],
    )


def page(
    *items: ReplicaItem, since: str = "", to: str = "c1", more: bool = False, stock: dict[int, int] | None = None
) -> ReplicaPage:
    levels = [ReplicaStock(item=number, on_hand=on_hand) for number, on_hand in (stock or {}).items()]
    parts = {"goods": rows_of(items), "stock": rows_of(levels)}
    return ReplicaPage(site="s1", since=since, next=to, more=more, at=AT, parts=parts)


@pytest.fixture
def replica(tmp_path: Path, clock: FixedClock) -> Iterator[Replica]:
    replica = Replica(tmp_path / "replica.db", "s1", clock)
    replica.prepare()
    yield replica
    replica.close_reader()
    replica.close_writer()


def again(tmp_path: Path, clock: FixedClock, site: str = "s1") -> Replica:
    """As after a restart; the file is open."""
    replica = Replica(tmp_path / "replica.db", site, clock)
    replica.prepare()
    return replica


def close(replica: Replica) -> None:
    replica.close_reader()
    replica.close_writer()


def take(replica: Replica, *pages: ReplicaPage) -> None:
    for each in pages:
        replica.take(each, asked=replica.cursor(), asked_at_ms=1000)


def name_of(replica: Replica, symbol: str) -> str:
    found = replica.lookup(symbol, None)
    return found.name_en if isinstance(found, Item) else found.value


class TestSnapshot:
    def test_before_the_first_there_is_no_catalogue(self, replica: Replica) -> None:
        assert replica.lookup("A", None) is Missing.NO_CATALOGUE

    def test_half_a_one_is_never_seen(self, replica: Replica) -> None:
        take(replica, page(item(1, "A"), more=True))
        assert replica.lookup("A", None) is Missing.NO_CATALOGUE
        take(replica, page(item(2, "B"), since="c1", to="c2"))
        assert [name_of(replica, symbol) for symbol in "AB"] == ["Thing 1", "Thing 2"]
        assert replica.cursor() == "c2"

    def test_a_new_one_takes_the_old_one_s_place_at_once(self, replica: Replica) -> None:
        take(replica, page(item(1, "A"), item(2, "B")))
        take(replica, page(item(1, "A", name="New"), more=True, to="d1"))
        assert [name_of(replica, symbol) for symbol in "AB"] == ["Thing 1", "Thing 2"]
        take(replica, page(since="d1", to="d2"))
        assert [name_of(replica, symbol) for symbol in "AB"] == ["New", "unknown"]

    def test_it_goes_on_after_a_restart(self, replica: Replica, tmp_path: Path, clock: FixedClock) -> None:
        take(replica, page(item(1, "A"), more=True))
        close(replica)
        after = again(tmp_path, clock)
        assert after.cursor() == "c1"
        take(after, page(item(2, "B"), since="c1", to="c2"))
        assert [name_of(after, symbol) for symbol in "AB"] == ["Thing 1", "Thing 2"]
        close(after)

    def test_what_is_not_served_any_more_does_not_stay(self, replica: Replica, tmp_path: Path) -> None:
        take(replica, page(item(1, "A"), stock={1: 1}), page(item(1, "A"), stock={1: 1}), page(item(2, "B"), more=True))
        take(replica, page(item(1, "A"), stock={1: 1}))
        with sqlite3.connect(tmp_path / "replica.db") as file:
            assert [file.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES] == [1, 1, 1, 1, 0]
        file.close()


class TestDelta:
    def test_it_replaces_what_changed_and_drops_barcodes_that_are_gone(self, replica: Replica) -> None:
        take(replica, page(item(1, "A", "A2"), item(2, "B"), stock={1: 5}))
        take(replica, page(item(1, "A2", name="Renamed"), since="c1", to="c2", stock={1: 3, 2: 9}))
        assert [name_of(replica, symbol) for symbol in ("A", "A2", "B")] == ["unknown", "Renamed", "Thing 2"]
        found = replica.lookup("A2", None)
        assert isinstance(found, Item)
        assert found.on_hand == 3

    def test_one_of_another_run_or_site_is_refused(self, replica: Replica) -> None:
        take(replica, page(item(1, "A")))
        for wrong in (
            page(item(9), since="c0"),
            msgspec.structs.replace(page(item(9), since="c1"), site="s2"),
            page(since="c1", to="c1", more=True),
        ):
            with pytest.raises(ReplicaUnavailable):
                replica.take(wrong, asked="c1", asked_at_ms=0)
        assert replica.cursor() == "c1"


class TestLookup:
    def test_a_number_is_found_by_its_14_digits_a_text_as_it_is(self, replica: Replica) -> None:
        take(replica, page(item(1, MILK, kind="gtin"), item(2, "SHELF-12")))
        assert name_of(replica, "SHELF-12") == "Thing 2"
        found = replica.lookup("6901234567892", MILK)
        assert isinstance(found, Item)
        assert (found.sku, found.price_minor, found.currency, found.on_hand) == ("sku-1", 420, "CNY", 0)
        assert replica.lookup(MILK, None) is Missing.UNKNOWN

    def test_an_in_store_code_brings_its_measure_unless_it_is_a_code_of_its_own(self, replica: Replica) -> None:
        take(replica, page(item(1, "2100101", kind="measured")))
        found = replica.lookup("2100101003509", None)
        assert isinstance(found, Item)
        assert (found.numerator, found.denominator) == (350, 1)
        assert replica.lookup("2100101003500", None) is Missing.UNKNOWN, "the check digit is wrong"
        take(replica, page(item(2, "2100101003509"), since="c1", to="c2"))
        assert name_of(replica, "2100101003509") == "Thing 2"

    def test_two_meanings_are_none(self, replica: Replica) -> None:
        take(replica, page(item(1, "A"), item(2, "A")))
        assert replica.lookup("A", None) is Missing.SEVERAL

    @pytest.mark.parametrize("text", ["", "\0", "\ud800", "'; DROP TABLE item; --", "x" * 5000])
    def test_a_hostile_symbol_is_unknown_at_worst(self, replica: Replica, text: str) -> None:
        take(replica, page(item(1, "A")))
        assert isinstance(replica.lookup(text, None), Missing)
        assert name_of(replica, "A") == "Thing 1"


class TestAge:
    def test_it_counts_from_when_the_last_page_was_asked_for(self, replica: Replica, clock: FixedClock) -> None:
        take(replica, page(item(1, "A")))
        clock.wall -= timedelta(days=1)  # a jump of the clock changes no age
        clock.milliseconds = 61_000
        found = replica.lookup("A", None)
        assert isinstance(found, Item)
        assert found.age_ms == 60_000

    def test_after_a_restart_it_is_by_the_controller_s_clock_or_not_known(
        self, replica: Replica, tmp_path: Path, clock: FixedClock
    ) -> None:
        take(replica, page(item(1, "A")))
        close(replica)
        for wall, age_ms in ((AT + timedelta(hours=2), 7_200_000), (AT - timedelta(hours=2), None)):
            clock.wall = wall
            after = again(tmp_path, clock)
            found = after.lookup("A", None)
            close(after)
            assert isinstance(found, Item)
            assert found.age_ms == age_ms


class TestDamage:
    @pytest.mark.parametrize("content", [b"", b"this is no database at all" * 100, None])
    def test_a_file_that_is_none_is_thrown_away(
        self, tmp_path: Path, clock: FixedClock, content: bytes | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "replica.db"
        if content is None:
            first = again(tmp_path, clock)
            take(first, page(*(item(number, f"B{number}") for number in range(2000))))
            close(first)
            whole = bytearray(path.read_bytes())
            whole[8192:40960] = b"\xff" * 32768
            path.write_bytes(whole)
        else:
            path.write_bytes(content)
        caplog.set_level(logging.INFO)
        replica = again(tmp_path, clock)
        assert replica.cursor() == ""
        take(replica, page(item(1, "A")))
        assert name_of(replica, "A") == "Thing 1"
        close(replica)
        assert "fetched again" in caplog.text

    def test_damage_found_while_reading_is_mended_at_the_next_turn(self, replica: Replica, tmp_path: Path) -> None:
        take(replica, page(*(item(number, f"B{number}") for number in range(2000))))
        close(replica)
        path = tmp_path / "replica.db"
        whole = bytearray(path.read_bytes())
        whole[4096:] = b"\xff" * (len(whole) - 4096)
        path.write_bytes(whole)
        assert replica.lookup("B7", None) is Missing.NO_CATALOGUE
        assert replica.is_damaged
        replica.prepare()
        assert (replica.cursor(), replica.is_damaged) == ("", False)
        take(replica, page(item(1, "A")))
        assert name_of(replica, "A") == "Thing 1"

    def test_an_open_reader_goes_over_to_the_new_file(self, replica: Replica) -> None:
        take(replica, page(item(1, "A")))
        assert name_of(replica, "A") == "Thing 1"
        replica.is_damaged = True
        replica.prepare()
        assert replica.lookup("A", None) is Missing.NO_CATALOGUE
        take(replica, page(item(1, "A", name="New")))
        assert name_of(replica, "A") == "New"

    def test_damage_found_while_writing_says_so(self, replica: Replica, tmp_path: Path, clock: FixedClock) -> None:
        take(replica, page(item(1, "A")))
        with sqlite3.connect(tmp_path / "replica.db") as file:
            file.execute("PRAGMA writable_schema = ON")
            file.execute("UPDATE sqlite_master SET rootpage = 9999 WHERE name = 'stock'")
        file.close()
        after = again(tmp_path, clock)
        if after.cursor():  # what is found at once is thrown away at once
            with pytest.raises(ReplicaDamaged):
                take(after, page(item(2, "B"), since="c1", stock={2: 2}))
        after.prepare()
        assert after.cursor() == ""
        close(after)

    def test_another_site_s_file_is_not_used(self, replica: Replica, tmp_path: Path, clock: FixedClock) -> None:
        take(replica, page(item(1, "A")))
        close(replica)
        other = again(tmp_path, clock, "s2")
        assert other.cursor() == ""
        assert other.lookup("A", None) is Missing.NO_CATALOGUE
        close(other)

    def test_a_folder_that_cannot_be_written_is_told(self, tmp_path: Path, clock: FixedClock) -> None:
        with pytest.raises(ReplicaUnavailable, match="cannot be used"):
            Replica(tmp_path / "none" / "replica.db", "s1", clock).prepare()


def test_a_hundred_thousand_skus_are_looked_up_in_less_than_two_milliseconds(replica: Replica) -> None:
    pages = 50
    for number in range(pages):
        rows = [item(number * 2000 + row, f"C{number * 2000 + row}") for row in range(2000)]
        stock = {row.id: row.id for row in rows}
        take(replica, page(*rows, since=f"c{number}" if number else "", to=f"c{number + 1}", more=number < pages - 1, stock=stock))
    seconds = []
    for number in range(0, 100_000, 499):
        began = time.thread_time()  # what it costs, not what else the machine does
        found = replica.lookup(f"C{number}", "01234567890128")
        seconds.append(time.thread_time() - began)
        assert isinstance(found, Item)
        assert found.on_hand == number
    assert sorted(seconds)[len(seconds) * 99 // 100] < 0.002


RELEASED = b"""{"v":1,"site":"s1","since":"","next":"5f1e.goods~1:7.stock~1:7","more":false,"at":"2026-11-21T08:00:00Z","parts":{
"goods":{"anew":true,"rows":[{"id":7,"sku":"milk","name_en":"Milk","name_zh":"\xe7\x89\x9b\xe5\xa5\xb6","unit":"piece",
"price_minor":420,"currency":"CNY","image":null,"weight":12,"barcodes":[{"kind":"gtin","symbol":"06901234567892"},
{"kind":"text","symbol":"CASE","numerator":24,"denominator":1}]}]},"stock":{"rows":[{"item":7,"on_hand":12}],"gone":["9"]},
"tasks":{"rows":[{"what":"ever"}]}},"hint":1}"""
"""Version 1 as it was released, with fields of a later controller.  Never edited."""


class TestPage:
    def test_what_was_released_stays_readable(self, replica: Replica) -> None:
        take(replica, decode_page(RELEASED))
        found = replica.lookup("CASE", None)
        assert isinstance(found, Item)
        assert (found.name_zh, found.price_minor, found.on_hand, found.numerator) == ("牛奶", 420, 12, 24)
        with pytest.raises(msgspec.ValidationError):
            decode_page(RELEASED.replace(b'"v":1', b'"v":2'))

    def test_its_digest_names_its_bytes_and_no_others(self) -> None:
        body = encode_page(page(item(1, "A")))
        assert decode_page(body) == page(item(1, "A"))
        assert is_digest_of(f"sha-512=:AA==:, {digest_of(body)}", body)
        for header in (None, "", "sha-256=:AA==:", "sha-256=:====:", digest_of(body[:-1])):
            assert not is_digest_of(header, body)

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.binary(max_size=200) | st.builds(lambda text: encode_page(page())[:-1] + text.encode(), st.text(max_size=50)))
    def test_whatever_arrives_is_a_page_or_a_decode_error(self, body: bytes) -> None:
        try:
            decode_page(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
