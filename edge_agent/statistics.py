"""Statistics of each device, named as UnifiedPOS names them; they outlive the agent, until somebody resets them.

A name that begins with ``M_`` is ours: UnifiedPOS has none for it, and ``M_`` is its sign for what a manufacturer adds.

Source: UnifiedPOS 1.14, chapters "Statistics" of the device categories; the names as OposStat.h and JposStatisticsConst of its
release 1.12 spell them, in which they are unchanged since.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Final

from drivers.documents.model import Barcode, Code, Label, Line, Receipt, Rule
from drivers.registry import Kind
from edge_agent.device_events import DeviceEvent, DrawerMoved, Failed, Scanned, StateChanged, WeightChanged
from edge_agent.facts import FactsDb
from edge_agent.wire.messages import Condition

HOURS_POWERED = "HoursPoweredCount"
"""Hours for which the box saw the device there."""
COMMUNICATION_ERRORS = "CommunicationErrorCount"
GOOD_SCANS = "GoodScanCount"
GOOD_WEIGHTS = "GoodWeightReadCount"
DRAWER_OPENED = "DrawerGoodOpenCount"
PRINTER_FAULTS = "PrinterFaultCount"
COVER_OPENED = "ReceiptCoverOpenCount"
LINES_PRINTED = "ReceiptLinePrintedCount"
BARCODES_PRINTED = "BarcodePrintedCount"
PAPER_CUTS = "PaperCutCount"
FAILED_SCANS = "M_FailedScanCount"
LABELS_PRINTED = "M_LabelPrintedCount"
RECEIPTS_PRINTED = "M_ReceiptPrintedCount"
LABEL_COVER_OPENED = "M_LabelCoverOpenCount"
FAULTS = "M_FaultCount"
PAPER_OUT = "M_PaperOutCount"
NAMES: Final = frozenset(
    {HOURS_POWERED, COMMUNICATION_ERRORS, GOOD_SCANS, GOOD_WEIGHTS, DRAWER_OPENED, PRINTER_FAULTS, COVER_OPENED, LINES_PRINTED}
    | {BARCODES_PRINTED, PAPER_CUTS, FAILED_SCANS, LABELS_PRINTED, RECEIPTS_PRINTED, LABEL_COVER_OPENED, FAULTS, PAPER_OUT}
)
_POWERED_MS = "powered_ms"
"""What hours are counted from; stored under this name and never shown."""
_HOUR_MS = 3_600_000
REST_MS: Final = 600_000
"""Hours alone are not worth a write more often than that: an SD card wears."""
_WELL = frozenset({Condition.READY, Condition.BUSY})
_PRINTERS = frozenset({Kind.RECEIPT_PRINTER, Kind.LABEL_PRINTER})

SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS statistic (
        device TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (device, name)) WITHOUT ROWID""",
)


class StatisticsStore:
    """Their table in facts.db.  Synchronous: runs inside `Disk.run`."""

    def __init__(self, facts: FactsDb) -> None:
        self._facts = facts
        facts.create(SCHEMA)

    def read(self) -> dict[str, dict[str, int]]:
        """By device and name."""
        found: dict[str, dict[str, int]] = {}
        for device, name, value in self._facts.db.execute("SELECT device, name, value FROM statistic"):
            found.setdefault(device, {})[name] = value
        return found

    def save(self, values: Mapping[str, Mapping[str, int]]) -> None:
        """All there are, in place of what was there.  Raises OutboxFull."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM statistic")
            rows = [(device, name, value) for device, named in values.items() for name, value in named.items()]
            db.executemany("INSERT INTO statistic (device, name, value) VALUES (?, ?, ?)", rows)

        self._facts.write(work)


class Statistics:
    """Counts since the devices were first used.  `hear` and `told` in the event loop, `add` from any thread."""

    def __init__(self, stored: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self._counts = {device: Counter(named) for device, named in (stored or {}).items()}
        self._states: dict[str, StateChanged] = {}
        self._there_since: dict[str, int] = {}
        self._kinds: dict[str, Kind] = {}
        self._turn = threading.Lock()
        self._unsaved = False
        self._unsaved_ms = 0

    def know(self, kinds: Mapping[str, Kind]) -> None:
        """The devices of this box; what was counted of others is kept no longer."""
        with self._turn:
            self._kinds = dict(kinds)
            for gone in self._counts.keys() - kinds.keys():
                del self._counts[gone]
                self._unsaved = True
            for gone in self._there_since.keys() - kinds.keys():
                del self._there_since[gone]
                self._states.pop(gone, None)

    def add(self, device: str, name: str, times: int = 1) -> None:
        with self._turn:
            if device in self._kinds:
                self._counts.setdefault(device, Counter())[name] += times
                self._unsaved = True

    def hear(self, event: DeviceEvent) -> None:
        """What a device told."""
        match event.what:
            case Scanned():
                self.add(event.device, GOOD_SCANS)
            case Failed():
                self.add(event.device, FAILED_SCANS)
            case WeightChanged(is_settled=True):
                self.add(event.device, GOOD_WEIGHTS)
            case DrawerMoved(is_open=True):
                self.add(event.device, DRAWER_OPENED)
            case StateChanged():
                self._changed(event.device, event.what, event.at_ms)
            case _:
                pass

    def told(self, now_ms: int) -> dict[str, dict[str, int]]:
        """Of each device; hours are whole ones."""
        with self._turn:
            self._count_time(now_ms)
            return {
                device: {name: value for name, value in sorted(self._counts.get(device, Counter()).items()) if name != _POWERED_MS}
                | {HOURS_POWERED: self._counts.get(device, Counter())[_POWERED_MS] // _HOUR_MS}
                for device in self._kinds
            }

    def reset(self, device: str, name: str = "") -> list[str]:
        """Begin anew with one, or with all of a device; which ones."""
        with self._turn:
            counts = self._counts.get(device, Counter())
            wanted = {_POWERED_MS if name == HOURS_POWERED else name} if name else set(counts)
            gone = sorted(wanted & set(counts))
            for each in gone:
                del counts[each]
            self._unsaved = self._unsaved or bool(gone)
            return [HOURS_POWERED if each == _POWERED_MS else each for each in gone]

    def has(self, device: str) -> bool:
        return device in self._kinds

    def take_unsaved(self, now_ms: int, *, all_of_it: bool = False) -> dict[str, dict[str, int]] | None:
        """What is to be stored, if it is worth a write; at the end `all_of_it` is."""
        with self._turn:
            self._count_time(now_ms)
            if not self._unsaved and self._unsaved_ms < (1 if all_of_it else REST_MS):
                return None
            self._unsaved, self._unsaved_ms = False, 0
            return {device: dict(counts) for device, counts in self._counts.items()}

    def not_saved(self) -> None:
        """The disk did not take it: it is given again."""
        self._unsaved = True

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _changed(self, device: str, state: StateChanged, at_ms: int) -> None:
        before = self._states.get(device)
        with self._turn:
            self._count_time(at_ms)
            self._states[device] = state
            if state.state is Condition.ABSENT:
                self._there_since.pop(device, None)
            elif state.state is not Condition.UNKNOWN and device in self._kinds:
                self._there_since.setdefault(device, at_ms)
        for name in _names_of(self._kinds.get(device), before, state):
            self.add(device, name)

    def _count_time(self, now_ms: int) -> None:
        for device, since in self._there_since.items():
            passed = max(0, now_ms - since)
            self._counts.setdefault(device, Counter())[_POWERED_MS] += passed
            self._unsaved_ms += passed
            self._there_since[device] = max(since, now_ms)


def printed(document: Label | Receipt, *, copies: int, is_cut: bool) -> dict[str, int]:
    """What a document counts as once it is on paper.  Lines are those of the document; one that the paper wraps counts once."""
    if isinstance(document, Label):
        codes = sum(isinstance(each, Barcode) for each in document.elements)
        return {LABELS_PRINTED: copies, BARCODES_PRINTED: codes * copies}
    lines = sum(isinstance(each, Line | Rule) for each in document.parts)
    codes = sum(isinstance(each, Code) for each in document.parts)
    return {
        RECEIPTS_PRINTED: copies,
        LINES_PRINTED: lines * copies,
        BARCODES_PRINTED: codes * copies,
        PAPER_CUTS: copies if is_cut else 0,
    }


def _names_of(kind: Kind | None, before: StateChanged | None, now: StateChanged) -> list[str]:
    """What a change of state counts as: a fault that lasts is one, also when another joins it."""
    codes = {fault.code for fault in now.faults}
    known = {fault.code for fault in before.faults} if before is not None else set()
    names: list[str] = []
    was_heard = before is not None and before.state in _WELL | {Condition.FAULT}
    if was_heard and (now.state is Condition.ABSENT or (now.state is Condition.UNKNOWN and codes)):
        names.append(COMMUNICATION_ERRORS)
    if now.state is Condition.FAULT and (before is None or before.state is not Condition.FAULT):
        names.append(PRINTER_FAULTS if kind in _PRINTERS else FAULTS)
    if "cover_open" in codes - known:
        names.append(COVER_OPENED if kind is Kind.RECEIPT_PRINTER else LABEL_COVER_OPENED)
    if {"paper_out", "media_out"} & (codes - known):
        names.append(PAPER_OUT)
    return names
