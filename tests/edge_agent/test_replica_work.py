"""Open work in the replica: found by what people scan, gone when it is closed, never in the way where nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edge_agent.replica import Replica
from edge_agent.stations import Item
from edge_agent.stations.model import NOTHING_KNOWN
from edge_agent.wire.open_parcels import OpenPack
from edge_agent.wire.open_work import CountBin, ExpectedLine, OpenPick, OpenReceipt, OpenTransfer, SiteBin
from edge_agent.wire.order_facts import Goes, OrderTemplate, PayBy, TemplateLine
from edge_agent.wire.replica import ReplicaItem, ReplicaRecall, ReplicaSite, ReplicaStock, rows_of
from edge_agent.wire.rounding import Mode
from edge_agent.wire.taxes import SiteTaxes
from edge_agent.wire.totals import Level
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.test_replica import item
from tests.edge_agent.test_replica_parts import close, count, opened, take

MILK = ExpectedLine(sku="sku-1", name_en="Milk", name_zh="牛奶", symbol="A", expected=12)
RECEIPT = OpenReceipt(id=7, number="RC-7", supplier="Farm", lines=[MILK], other="LS 4711/b")


@pytest.fixture
def replica(tmp_path: Path, clock: FixedClock) -> Iterator[Replica]:
    kept = opened(tmp_path, clock)
    yield kept
    close(kept)


@pytest.mark.parametrize("scanned", ["RC-7", "rc-7", "LS 4711/b"])
def test_a_receipt_is_found_by_its_number_and_by_the_paper_that_came_with_it(replica: Replica, scanned: str) -> None:
    take(replica, receipts=rows_of([RECEIPT], anew=True))
    assert replica.around("receipts", scanned, None).document == RECEIPT
    assert replica.around("receipts", "RC-8", None) == NOTHING_KNOWN
    assert replica.around("counts", scanned, None).document is None, "the number of another kind"


def test_a_tote_is_known_by_the_list_that_lies_in_it_until_that_is_packed(replica: Replica) -> None:
    pick = OpenPick(id=1, number="PL-1", order="SO-1", lines=[], tote="T-1")
    pack = OpenPack(id=2, number="PL-2", order="SO-2", lines=[], tote="T-2")
    take(replica, picks=rows_of([pick], anew=True), packs=rows_of([pack], anew=True))
    assert [replica.around("picks", code, code).holds for code in ("T-1", "T-2", "T-3")] == ["PL-1", "PL-2", None]
    assert replica.around("packs", "T-2", "T-2").holds is None, "there it is what is packed"
    take(replica, "c1", "c2", packs=rows_of([], gone=["2"]))
    assert replica.around("picks", "T-2", "T-2").holds is None


def test_what_is_closed_is_gone_and_what_is_open_is_counted(replica: Replica) -> None:
    take(replica, counts=rows_of([count(1), count(2, CountBin(bin="A-01"))], anew=True), receipts=rows_of([RECEIPT], anew=True))
    assert [(head.number, head.about) for head in replica.heads("counts")] == [("CT-1", "Zone A"), ("CT-2", "Zone A")]
    assert [(head.number, head.about) for head in replica.heads("receipts")] == [("RC-7", "Farm")]
    assert replica.heads("people") == []
    assert replica.around("counts", "CT-2", None).document == count(2, CountBin(bin="A-01"))
    take(replica, "c1", "c2", counts=rows_of([], gone=["2"]), receipts=rows_of([], gone=["7"]))
    assert [head.number for head in replica.heads("counts")] == ["CT-1"]
    assert replica.around("counts", "CT-2", None).document is None


def test_a_bin_is_one_is_none_or_nobody_knows(replica: Replica) -> None:
    assert replica.around("bins", None, "A-01") == NOTHING_KNOWN, "before the first snapshot"
    take(replica)
    assert replica.around("bins", "A-01", "A-01").is_bin is None, "a controller that tells no bins"
    take(replica, "c1", "c2", bins=rows_of([SiteBin(code="A-01")], anew=True))
    assert [replica.around("bins", None, code).is_bin for code in ("A-01", "A-02", "a-01")] == [True, False, False]


def test_a_quarantine_place_is_known_as_one(replica: Replica) -> None:
    take(replica, bins=rows_of([SiteBin(code="A-01"), SiteBin(code="Q", kind="quarantine")], anew=True))
    found = [replica.around("bins", None, code) for code in ("A-01", "Q", "X")]
    assert [(each.is_bin, each.is_quarantine) for each in found] == [(True, False), (True, True), (False, False)]


def test_where_no_document_says_it_the_other_sites_are_told(replica: Replica) -> None:
    sites = [ReplicaSite(id="s2", name="Shop 2"), ReplicaSite(id="s3", name="Shop 3")]
    transfer = OpenTransfer(id=1, number="TR-1", partner="Shop 2", is_outgoing=True, lines=[])
    take(replica, sites=rows_of(sites, anew=True), transfers=rows_of([transfer], anew=True))
    assert replica.around("transfers", "TR-9", "x").sites == (("s2", "Shop 2"), ("s3", "Shop 3"))
    assert replica.around("transfers", "TR-1", "x").sites == ()
    assert replica.around("receipts", "RC-1", "x").sites == ()


def test_an_item_says_which_of_its_lots_are_recalled_until_they_are_not(replica: Replica) -> None:
    recalls = [ReplicaRecall(id="LR-1", sku="sku-1", lot="L-9"), ReplicaRecall(id="LR-2", sku="sku-2", lot="L-8")]
    take(replica, goods=rows_of([item(1, "A"), item(2, "B"), item(3, "C")], anew=True), recalls=rows_of(recalls, anew=True))
    assert [recalled(replica, code) for code in ("A", "B", "C")] == [("L-9",), ("L-8",), ()]
    take(replica, "c1", "c2", recalls=rows_of([], anew=True))
    assert recalled(replica, "A") == ()


def recalled(replica: Replica, code: str) -> tuple[str, ...]:
    found = replica.lookup(code, None)
    assert isinstance(found, Item)
    return found.recalled


def test_an_item_says_what_is_told_with_it_and_where_it_lies(replica: Replica) -> None:
    tracked = ReplicaItem(
        id=1, sku="sku-1", name_en="Milk", name_zh="牛奶", unit="piece", price_minor=1, currency="CNY", tracking="lot",
        barcodes=item(1, "A").barcodes,
    )  # fmt: skip
    stock = ReplicaStock(item=1, on_hand=9, bins=[("A-02", 6), ("A-01", 3)])
    take(replica, goods=rows_of([tracked, item(2, "B")], anew=True), stock=rows_of([stock], anew=True))
    found, other = replica.lookup("A", None), replica.lookup("B", None)
    assert isinstance(found, Item)
    assert isinstance(other, Item)
    assert (found.tracking, found.bins) == ("lot", (("A-02", 6), ("A-01", 3)))
    assert (other.tracking, other.bins) == ("none", ())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.text(max_size=80), place=st.none() | st.text(max_size=80), part=st.sampled_from(["counts", "receipts", "bins", "x"])
)
def test_whatever_is_scanned_finds_nothing_and_breaks_nothing(replica: Replica, number: str, place: str | None, part: str) -> None:
    if not replica.cursor():
        take(replica, bins=rows_of([SiteBin(code="A-01")], anew=True))
    assert replica.around(part, number, place).document is None


def test_a_counters_templates_are_found_by_their_number_and_told_with_their_presets(replica: Replica) -> None:
    milk = TemplateLine(
        sku="m", name_en="Milk", name_zh="牛奶", symbol="A", unit="piece", price_minor=420, currency="CNY", quantity=2
    )
    breakfast = OrderTemplate(number="OT-100001", title="Breakfast", lines=[milk])
    kitchen = OrderTemplate(number="OP-100001", title="Kitchen", kind="preset", pays=PayBy.ACCOUNT, goes=Goes.SHIPPED)
    take(replica, order_templates=rows_of([breakfast, kitchen], anew=True))
    found = replica.around("order_templates", "ot-100001", "ot-100001")
    assert found.document == breakfast
    assert [(each.number, each.kind, each.pays) for each in found.shortcuts] == [
        ("OP-100001", "preset", PayBy.ACCOUNT),
        ("OT-100001", "template", PayBy.CASH),
    ]
    assert replica.around("counts", "OT-100001", None).shortcuts == ()


def test_a_counter_is_told_how_the_site_taxes_now_and_later_and_by_which_class(replica: Replica) -> None:
    july = datetime(2026, 7, 1, tzinfo=UTC)
    now = SiteTaxes(region="CN", is_inclusive=True, level=Level.LINE, mode=Mode.HALF_UP)
    later = replace(now, since=july, step=5)
    taxed = replace(item(1, "A"), tax_class="books")
    take(replica, taxes=rows_of([now, later], anew=True), goods=rows_of([taxed, item(2, "B")], anew=True))
    assert replica.around("order_templates", None, None).taxes == (now, later)
    assert replica.around("counts", None, None).taxes == ()
    found = [replica.lookup(text, None) for text in ("A", "B")]
    assert [each.tax_class for each in found if isinstance(each, Item)] == ["books", "standard"]


def test_pick_lists_are_found_by_their_numbers_and_all_of_a_wave_by_its_own(replica: Replica) -> None:
    picks = [
        OpenPick(id=each, number=f"PL-{each}", order="SO-1", lines=[], wave="WV-7" if each < 3 else None) for each in (1, 2, 3)
    ]
    take(replica, picks=rows_of(picks, anew=True))
    known = replica.around("picks", "pl-3", "PL-3")
    assert (known.document, known.others) == (picks[2], ())
    known = replica.around("picks", "PL-1", None, ("PL-1", "PL-3", "PL-9"))
    assert known.document == picks[0]
    assert {pick.number for pick in known.others if isinstance(pick, OpenPick)} == {"PL-1", "PL-3"}
    known = replica.around("picks", "WV-7", "WV-7")
    assert {pick.number for pick in known.others if isinstance(pick, OpenPick)} == {"PL-1", "PL-2"}
    first = replica.heads("picks")[0]
    assert (first.number, first.about, first.wave) == ("PL-1", "SO-1", "WV-7")
