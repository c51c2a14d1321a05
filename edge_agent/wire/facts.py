"""Facts: what a box reports.  `data` of an `Envelope` is one of these, keyed by its name and version in `FACTS`.

Each is delivered at least once and commutes with every other; who, where, when and the sequence number are in the envelope.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from msgspec import Struct

from edge_agent.wire.goods_facts import Adjusted, Condition, ShelfLabelled, TransferClosed, TransferReceived, TransferSent
from edge_agent.wire.messages import (
    Count,
    Fault,
    Gtin14,
    JobRequest,
    Positive,
    Priority,
    Rank,
    Stream,
    Symbol,
    Text,
    TopicId,
    UtcTime,
)
from edge_agent.wire.order_facts import CounterOrder, GivenBack
from edge_agent.wire.pick_facts import PickClaimed, PickDamaged, PickUnclaimed, Tote


class ReadAs(StrEnum):
    """What a station took a symbol for: goods, a command of ours, a document or parcel number, a place in the shop."""

    ITEM = "item"
    COMMAND = "command"
    DOCUMENT = "document"
    PLACE = "place"


class Scan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A scanner read one symbol.  Fact; commutes with every other fact.

    `gtin`: 14 digits, if the symbol carries one (GS1 General Specifications 3.3.2); `activity`: what the station was doing.
    """

    name: ClassVar[str] = "scan"
    version: ClassVar[int] = 1
    symbol: Symbol
    gtin: Gtin14 | None = None
    activity: Text | None = None
    read_as: ReadAs = ReadAs.ITEM


class Received(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods came in against `document`, as scanned or typed (a purchase order, a notice, a paper of theirs); None: with none.

    `quantity` counts the pack unit that the symbol names.  `lot`, `expiry` and `serial` when the symbol (GS1 AI 10, 17 or 15, 21)
    or the person told them.  `reason`: why goods that are damaged are, a code of the table in docs/operations.md or free words.
    """

    name: ClassVar[str] = "received"
    version: ClassVar[int] = 1
    document: Text | None = None
    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive
    lot: Text | None = None
    expiry: date | None = None
    serial: Text | None = None
    condition: Condition = Condition.GOOD
    reason: Text | None = None


class ShortLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods that should have come and did not, and why, if the person said so."""

    symbol: Symbol
    gtin: Gtin14 | None = None
    reason: Text | None = None


class ReceiptClosed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came against `document` was checked, whole.  `short` names goods of which too little came; it may be empty all the same.

    Several may close one delivery, and goods may be told after it: both are welcome.
    """

    name: ClassVar[str] = "receipt_closed"
    version: ClassVar[int] = 1
    document: Text | None = None
    short: list[ShortLine] = []


class PutAway(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods went from the receiving place into `bin` (its code).  `quantity` counts the pack unit that the symbol names."""

    name: ClassVar[str] = "put_away"
    version: ClassVar[int] = 1
    bin: Text
    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive
    lot: Text | None = None
    expiry: date | None = None
    serial: Text | None = None
    document: Text | None = None


class CountLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was counted of one symbol; `quantity` counts the pack unit that the symbol names.

    `id`: the line's own, so that a line told twice counts once, whichever fact brings it; None: it has its fact's.  `at`: the box's
    time of its last scan; None: the envelope's.  `lot`, `expiry` and `serial` when the symbol (GS1 AI 10, 17 or 15, 21) or the
    person told them.
    """

    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive
    id: UUID | None = None
    at: UtcTime | None = None
    lot: Text | None = None
    expiry: date | None = None
    serial: Text | None = None


class Counted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One bin was counted, whole or one person's part of it.  Expected: the ledger as of a line's `at`, or the envelope's.

    `session` is a count session's number (`CT-` and digits), None: nobody asked for it, or the box knew none.  Parts of the same
    `round` of a session's bin add up; a recount has the next round.  `began`: the box's time when the counting of the bin began.
    `empty`: no count, but a look while picking: nothing is left in the bin (then there are no lines).
    """

    name: ClassVar[str] = "counted"
    version: ClassVar[int] = 1
    bin: Text
    lines: list[CountLine]
    session: Text | None = None
    round: Positive = 1
    began: UtcTime | None = None
    empty: bool = False


class Picked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods were taken from the shelf for a pick list; `lot`, `expiry` and `serial` when the symbol or the person told them.

    `bin`: the one that the person scanned before, or was sent to; `tote`: the one that was scanned when they were put there.
    `measure`: base units of all of it, where goods by weight were weighed, by a scale, a person or whoever printed the symbol.
    """

    name: ClassVar[str] = "picked"
    version: ClassVar[int] = 1
    pick_list: Text
    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive
    lot: Text | None = None
    expiry: date | None = None
    serial: Text | None = None
    bin: Text | None = None
    tote: Tote | None = None
    measure: Positive | None = None


class PickShort(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The shelf held less than the pick list wants; `symbol` names the goods that were missing (none: all that is still open).

    `bin`: only what was to be fetched there.  `reason`: why, a code of the table in docs/operations.md or free words.
    """

    name: ClassVar[str] = "pick_short"
    version: ClassVar[int] = 1
    pick_list: Text
    symbol: Symbol | None = None
    gtin: Gtin14 | None = None
    bin: Text | None = None
    reason: Text | None = None


class Weight(Struct, frozen=True, kw_only=True):
    """A stable weight of a scale, with the raw frame it came in."""

    grams: Decimal
    raw_b64: str


class Packed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picked order was packed; `weight` is the parcel's.  `pick_list`: its number, or the code of the tote it lies in.

    `reason`: why the parcel weighs other than was expected, as a person said it at the scale.
    """

    name: ClassVar[str] = "packed"
    version: ClassVar[int] = 1
    pick_list: Text
    weight: Weight
    reason: Text | None = None


class HandedOver(Struct, frozen=True, kw_only=True):
    """A carrier or a customer took the parcel with this number, or with this label of its carrier's."""

    name: ClassVar[str] = "handed_over"
    version: ClassVar[int] = 1
    parcel: Text


class Weighed(Struct, frozen=True, kw_only=True):
    """A stable weight outside of any other task."""

    name: ClassVar[str] = "weighed"
    version: ClassVar[int] = 1
    weight: Weight


class Drawer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The cash drawer opened or closed; `job` is the print job that opened it, if one did."""

    name: ClassVar[str] = "drawer"
    version: ClassVar[int] = 1
    open: bool
    job: Text | None = None


class PrintRequested(Struct, frozen=True, kw_only=True):
    """A print job born on the box, with its document."""

    name: ClassVar[str] = "print_requested"
    version: ClassVar[int] = 1
    job: Text
    request: JobRequest


class Retracted(Struct, frozen=True, kw_only=True):
    """A person took back what they did at a station: the fact with this id counts for nothing.  Once is enough, in any order.

    `kind` is the name of that fact: `received`, `put_away`, `transfer_sent`, `transfer_received`, `adjusted`, `picked`,
    `pick_damaged`, `counter_order` or `shelf_labelled`; nothing else can be taken back by a fact.
    """

    name: ClassVar[str] = "retracted"
    version: ClassVar[int] = 1
    fact: UUID
    kind: Text


class JobState(StrEnum):
    """States of a print job; the edges are in `edge_agent/jobs.py`."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    PRINTED = "printed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


class Proof(StrEnum):
    """How we know that a job was printed: the device said so; its status was fine after; the bytes left; a person said so."""

    CONFIRMED = "confirmed"
    STATUS_OK = "status_ok"
    WRITTEN = "written"
    PERSON = "person"


class JobChanged(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A print job took an edge.  Result stream.  `step` counts the job's edges from 1, so that a late one never overwrites.

    `printer` is the one that holds the job, and in the end the one that printed it; it need not be the one that was asked for.
    """

    name: ClassVar[str] = "job_changed"
    version: ClassVar[int] = 1
    job: TopicId
    step: Positive
    state: JobState
    proof: Proof | None = None
    printer: TopicId
    fault: Fault | None = None
    priority: Rank = Priority.NORMAL.value


class CommandDone(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command's one result.  Result stream.  `code` is `ok`, or why it was not done (`expired`, `unknown_command`, …)."""

    name: ClassVar[str] = "command_done"
    version: ClassVar[int] = 1
    command: TopicId
    code: Text
    message: Text | None = None


class ClockSynced(Struct, frozen=True, kw_only=True):
    """At `mono_ms` of this boot the wall clock became right: it said `at`, within `error_ms`.  Aux stream."""

    name: ClassVar[str] = "clock_synced"
    version: ClassVar[int] = 1
    boot: Text
    mono_ms: Count
    at: UtcTime
    error_ms: Count


RESTARTED = "restarted"
"""The usual reason of an `EpochClosed`: the box started again."""


class EpochClosed(Struct, frozen=True, kw_only=True):
    """A box started again, its outbox was quarantined or its sequence reused: how far the epoch before was known.  Aux stream."""

    name: ClassVar[str] = "epoch_closed"
    version: ClassVar[int] = 1
    epoch: UUID
    last_seq: dict[str, Count]
    salvaged: Count
    reason: Text


class ScanRefused(Struct, frozen=True, kw_only=True):
    """The box could not take a scan in (disk at its limit, unreadable code); the person was told so.  Aux stream, best effort."""

    name: ClassVar[str] = "scan_refused"
    version: ClassVar[int] = 1
    code: Text
    message: Text


Fact = (
    Scan
    | Received
    | ReceiptClosed
    | PutAway
    | TransferSent
    | TransferReceived
    | TransferClosed
    | Adjusted
    | ShelfLabelled
    | CounterOrder
    | GivenBack
    | Counted
    | PickClaimed
    | PickUnclaimed
    | Picked
    | PickShort
    | PickDamaged
    | Packed
    | HandedOver
    | Weighed
    | Drawer
    | PrintRequested
    | Retracted
    | JobChanged
    | CommandDone
    | ClockSynced
    | EpochClosed
    | ScanRefused
)

FACTS: dict[tuple[str, int], type[Fact]] = {(cls.name, cls.version): cls for cls in Fact.__args__}


class FactDraft(Struct, frozen=True, kw_only=True):
    """A fact before the outbox gives it identity and time.  `id`: a UUID that it is to have; None: the outbox draws one."""

    data: Fact
    id: str | None = None
    stream: Stream = Stream.FACT
    device: str | None = None
    station: str | None = None
    person: str | None = None
