"""What is counted of a device, under which name, and that it outlives the agent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import Symbol, Weight
from drivers.documents.model import Barcode, Code, Label, Line, Receipt, Rule, Symbology
from drivers.registry import Kind
from edge_agent.device_events import DeviceEvent, DrawerMoved, Failed, Scanned, StateChanged, WeightChanged
from edge_agent.facts import FactsDb
from edge_agent.faults import fault
from edge_agent.statistics import NAMES, REST_MS, Statistics, StatisticsStore, printed
from edge_agent.wire.messages import Condition
from tests.edge_agent.conftest import NO_BALLAST

KINDS = {"scanner": Kind.SCANNER, "scale": Kind.SCALE, "receipts": Kind.RECEIPT_PRINTER, "labels": Kind.LABEL_PRINTER}
UNIFIED_POS = {
    *("HoursPoweredCount", "CommunicationErrorCount", "GoodScanCount", "GoodWeightReadCount", "DrawerGoodOpenCount"),
    *("PrinterFaultCount", "ReceiptCoverOpenCount", "ReceiptLinePrintedCount", "BarcodePrintedCount", "PaperCutCount"),
}


@pytest.fixture
def statistics() -> Statistics:
    made = Statistics()
    made.know(KINDS)
    return made


def hear(statistics: Statistics, device: str, what: object, at_ms: int = 0) -> None:
    statistics.hear(DeviceEvent(device, at_ms, what))  # type: ignore[arg-type]  # one of the events


def state(condition: Condition, *codes: str) -> StateChanged:
    return StateChanged(condition, tuple(fault(code) for code in codes))


def test_names_are_those_of_unified_pos_or_marked_as_ours() -> None:
    assert {name for name in NAMES if not name.startswith("M_")} == UNIFIED_POS


def test_readings_are_counted_by_what_they_were(statistics: Statistics) -> None:
    for _ in range(3):
        hear(statistics, "scanner", Scanned(Symbol(b"4006381333931")))
    hear(statistics, "scanner", Failed(fault("unreadable")))
    hear(statistics, "scale", WeightChanged(Weight(grams=Decimal(100), stable=False), is_settled=False))
    hear(statistics, "scale", WeightChanged(Weight(grams=Decimal(120), stable=True), is_settled=True))
    hear(statistics, "receipts", DrawerMoved(is_open=True))
    hear(statistics, "receipts", DrawerMoved(is_open=False))
    told = statistics.told(0)
    assert told["scanner"] == {"GoodScanCount": 3, "M_FailedScanCount": 1, "HoursPoweredCount": 0}
    assert told["scale"] == {"GoodWeightReadCount": 1, "HoursPoweredCount": 0}
    assert told["receipts"] == {"DrawerGoodOpenCount": 1, "HoursPoweredCount": 0}


def test_a_fault_is_counted_when_it_comes_and_not_while_it_lasts(statistics: Statistics) -> None:
    hear(statistics, "receipts", state(Condition.READY))
    hear(statistics, "receipts", state(Condition.FAULT, "cover_open"))
    hear(statistics, "receipts", state(Condition.FAULT, "cover_open", "paper_out"))
    hear(statistics, "receipts", state(Condition.READY))
    hear(statistics, "labels", state(Condition.FAULT, "cover_open"))
    told = statistics.told(0)
    assert {name: told["receipts"][name] for name in ("PrinterFaultCount", "ReceiptCoverOpenCount", "M_PaperOutCount")} == {
        "PrinterFaultCount": 1,
        "ReceiptCoverOpenCount": 1,
        "M_PaperOutCount": 1,
    }
    assert told["labels"] == {"PrinterFaultCount": 1, "M_LabelCoverOpenCount": 1, "HoursPoweredCount": 0}


def test_a_device_that_goes_or_is_silent_is_an_error_of_communication_and_one_that_was_never_there_is_none(
    statistics: Statistics,
) -> None:
    hear(statistics, "scale", state(Condition.ABSENT, "absent"))
    assert "CommunicationErrorCount" not in statistics.told(0)["scale"]
    hear(statistics, "scale", state(Condition.READY))
    hear(statistics, "scale", state(Condition.UNKNOWN, "no_answer"))
    hear(statistics, "scale", state(Condition.READY))
    hear(statistics, "scale", state(Condition.ABSENT, "absent"))
    hear(statistics, "scale", state(Condition.ABSENT, "device_swapped"))
    assert statistics.told(0)["scale"]["CommunicationErrorCount"] == 2


def test_hours_count_while_the_device_is_there_and_go_on_over_a_restart(statistics: Statistics, facts: FactsDb) -> None:
    hour = 3_600_000
    hear(statistics, "scale", state(Condition.READY), at_ms=1000)
    assert statistics.told(1000 + hour - 1)["scale"]["HoursPoweredCount"] == 0
    hear(statistics, "scale", state(Condition.ABSENT, "absent"), at_ms=1000 + hour + hour // 2)
    assert statistics.told(10 * hour)["scale"]["HoursPoweredCount"] == 1
    store = StatisticsStore(facts)
    store.save(statistics.take_unsaved(10 * hour) or {})
    later = Statistics(store.read())
    later.know(KINDS)
    hear(later, "scale", state(Condition.READY), at_ms=5)  # another boot: its clock began anew
    assert later.told(5 + hour // 2)["scale"]["HoursPoweredCount"] == 2


def test_counts_are_worth_a_write_and_hours_alone_are_only_now_and_then(statistics: Statistics) -> None:
    hear(statistics, "scale", state(Condition.READY), at_ms=0)
    assert statistics.take_unsaved(REST_MS - 1) is None
    assert statistics.take_unsaved(REST_MS - 1, all_of_it=True) is not None
    assert statistics.take_unsaved(2 * REST_MS) is not None
    assert statistics.take_unsaved(2 * REST_MS) is None
    hear(statistics, "scanner", Scanned(Symbol(b"1")))
    assert (statistics.take_unsaved(2 * REST_MS) or {})["scanner"] == {"GoodScanCount": 1}
    statistics.not_saved()
    assert statistics.take_unsaved(2 * REST_MS) is not None


def test_reset_begins_anew_with_one_or_all(statistics: Statistics) -> None:
    hear(statistics, "scanner", Scanned(Symbol(b"1")))
    hear(statistics, "scanner", Failed(fault("unreadable")))
    assert statistics.reset("scanner", "GoodScanCount") == ["GoodScanCount"]
    assert statistics.told(0)["scanner"] == {"M_FailedScanCount": 1, "HoursPoweredCount": 0}
    assert statistics.reset("scanner") == ["M_FailedScanCount"]
    assert statistics.reset("scanner", "PaperCutCount") == []


def test_a_device_that_is_configured_no_more_is_forgotten(statistics: Statistics) -> None:
    hear(statistics, "scanner", Scanned(Symbol(b"1")))
    statistics.know({"scale": Kind.SCALE})
    hear(statistics, "scanner", Scanned(Symbol(b"1")))
    assert statistics.told(0) == {"scale": {"HoursPoweredCount": 0}}
    assert "scanner" not in (statistics.take_unsaved(0) or {})


def test_paper_is_counted_by_copies() -> None:
    code = Code(symbology=Symbology.CODE128, data="123")
    receipt = Receipt(parts=(Line(text="a"), Rule(), code, Line(text="b")))
    assert printed(receipt, copies=2, is_cut=True) == {
        "M_ReceiptPrintedCount": 2,
        "ReceiptLinePrintedCount": 6,
        "BarcodePrintedCount": 2,
        "PaperCutCount": 2,
    }
    assert printed(receipt, copies=1, is_cut=False)["PaperCutCount"] == 0
    ten = Decimal(10)
    label = Label(
        width=ten, height=ten, elements=(Barcode(x=ten, y=ten, width=ten, height=ten, symbology=code.symbology, data="1"),)
    )
    assert printed(label, copies=3, is_cut=True) == {"M_LabelPrintedCount": 3, "BarcodePrintedCount": 3}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.sampled_from(list(Condition)), st.integers(0, 10**9)), max_size=30),
    st.booleans(),
)
def test_nothing_that_devices_tell_makes_a_count_fall(told: list[tuple[str, Condition, int]], is_reread: bool) -> None:
    statistics = Statistics()
    statistics.know(KINDS)
    before: dict[str, dict[str, int]] = statistics.told(0)
    for device, condition, at_ms in told:
        hear(statistics, device, state(condition, "offline"), at_ms)
        if is_reread:
            again = Statistics(statistics.take_unsaved(at_ms, all_of_it=True))
            statistics = again if again.told(at_ms) else statistics
            statistics.know(KINDS)
        now = statistics.told(at_ms)
        assert all(now[one][name] >= count for one in before for name, count in before[one].items() if not is_reread)
        before = now


def test_the_store_keeps_what_was_saved_last(tmp_path: Path) -> None:
    store = StatisticsStore(FactsDb(tmp_path / "facts.db", NO_BALLAST))
    store.save({"a": {"GoodScanCount": 1}, "b": {"GoodScanCount": 2}})
    store.save({"a": {"GoodScanCount": 5}})
    assert store.read() == {"a": {"GoodScanCount": 5}}
