"""Payloads of the wire.  One frozen keyword-only Struct each; unknown fields are ignored, unknown versions refused.

Decimal numbers travel as strings.  A fact's `data` is one of the classes in `FACTS`, keyed by its name and version; who, where,
when and the sequence number are in the `Envelope`, the same for all.  A released class is never changed: a new version joins it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta, Raw, Struct, field

UtcTime = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1, le=2**53)]
Text = Annotated[str, Meta(max_length=512)]
TopicId = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
DeviceId = Annotated[str, Meta(pattern=r"^([a-z0-9-]{1,40}|_)$")]
Gtin14 = Annotated[str, Meta(pattern=r"^[0-9]{14}$")]


class Stream(StrEnum):
    """Streams of an outbox; result goes before fact, fact before aux, and inside a stream order is by `seq`."""

    RESULT = "result"
    FACT = "fact"
    AUX = "aux"


class Symbol(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a scanner read, exactly as the symbol holds it (FNC1 kept as the character U+001D), with the AIM prefix taken off.

    `aim` is the AIM symbology identifier (ISO/IEC 15424) with its ``]``, when the scanner sends it; `raw_b64` the bytes in base64
    when they are not UTF-8 (then `text` has U+FFFD in their place).
    """

    text: Annotated[str, Meta(min_length=1, max_length=4096)]
    aim: str | None = None
    raw_b64: str | None = None


class Money(Struct, frozen=True, kw_only=True):
    """Integer minor units of an ISO 4217 currency."""

    minor: int
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]


class ClockState(Struct, frozen=True, kw_only=True):
    """Whether the box's clock was synchronised when the fact was made, and its estimated error in milliseconds."""

    synced: bool
    error_ms: int | None = None


class Envelope(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every message that goes through a box's outbox.  Identity: (box, epoch, stream, seq), without gaps per stream.

    `v` is the version of the message `name`; `at` is the box's wall clock and never changes; `mono_ms` its CLOCK_BOOTTIME;
    `replay` marks what is sent again or from a backlog.
    """

    v: Positive
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    id: UUID
    box: TopicId
    station: TopicId | None = None
    device: TopicId | None = None
    person: Text | None = None
    stream: Stream
    epoch: UUID
    seq: Positive
    boot: Text
    at: UtcTime
    mono_ms: Count
    clock: ClockState
    replay: bool = False
    data: Raw


class Batch(Struct, frozen=True, kw_only=True):
    """A backlog of one stream, in order of `seq`; at most 64 KiB as encoded."""

    v: Positive = 1
    messages: list[Raw]


class Rejection(Struct, frozen=True, kw_only=True):
    seq: Positive
    code: Text


class Ack(Struct, frozen=True, kw_only=True):
    """Controller to box: these are committed.  `ranges` are inclusive pairs and hold the rejected ones too.

    Rejected is final: both sides keep the row, visibly; except `seq_reused`, upon which the box opens a new epoch.
    """

    v: Positive = 1
    epoch: UUID
    stream: Stream
    ranges: list[tuple[Positive, Positive]]
    rejected: list[Rejection] = field(default_factory=list)


# --- retained state -------------------------------------------------------------------------------------------------------------


class GatewayState(Struct, frozen=True, kw_only=True):
    """Birth and will of a gateway.  A will whose `session` is not the latest birth's is stale and ignored."""

    v: Positive = 1
    online: bool
    session: UUID
    at: UtcTime


class Link(StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"


class BoxState(Struct, frozen=True, kw_only=True):
    """Birth (online), farewell and will (offline) of a box."""

    v: Positive = 1
    state: Link
    session: UUID
    boot: Text
    at: UtcTime


class DeviceDescription(Struct, frozen=True, kw_only=True):
    id: TopicId
    kind: Text
    model: Text
    address: Text


class BoxDescription(Struct, frozen=True, kw_only=True):
    """What a box is: agent version, versions of the messages it speaks, its devices."""

    v: Positive = 1
    agent: Text
    epoch: UUID
    speaks: dict[str, list[int]]
    devices: list[DeviceDescription]


class Condition(StrEnum):
    """A device's state.  `unknown` is a value of its own: no answer is never "ok" and never "no paper"."""

    READY = "ready"
    BUSY = "busy"
    FAULT = "fault"
    UNKNOWN = "unknown"
    ABSENT = "absent"


class Fault(Struct, frozen=True, kw_only=True):
    """`code` is stable (`paper_out`); `message` says what happened and what to do, in English."""

    code: Text
    message: Text


class DeviceState(Struct, frozen=True, kw_only=True):
    v: Positive = 1
    state: Condition
    faults: list[Fault] = field(default_factory=list)
    at: UtcTime


class Alert(Struct, frozen=True, kw_only=True):
    """Retained while it holds; cleared by an empty payload."""

    v: Positive = 1
    code: Text
    message: Text
    at: UtcTime


class LiveWeight(Struct, frozen=True, kw_only=True):
    """For displays only: never booked."""

    v: Positive = 1
    grams: Decimal | None
    stable: bool
    at: UtcTime


class Telemetry(Struct, frozen=True, kw_only=True):
    """Once a minute: how much waits on the box and how old its oldest is."""

    v: Positive = 1
    waiting: Count
    oldest_at: UtcTime | None
    disk_free: Count
    at: UtcTime


# --- requests to a box ----------------------------------------------------------------------------------------------------------


class JobRequest(Struct, frozen=True, kw_only=True):
    """Print this.  The id is in the topic.  What travels is the document; the box renders it for its printer.

    `version` is the template's content address (hex SHA-256 of its body); `copies` is done by the printer as one job.
    """

    v: Positive = 1
    template: Text
    version: Text
    data: dict[str, str | int | list[dict[str, str | int]]]
    copies: Annotated[int, Meta(ge=1, le=100)] = 1
    test: bool = False
    expires_at: UtcTime | None = None


class CommandRequest(Struct, frozen=True, kw_only=True):
    """Do this once, before `expires_at`.  Names: `identify`, `rebirth`, `resend`, `test_print`, `resolve_job`, `cancel_job`."""

    v: Positive = 1
    name: Text
    args: dict[str, str | int] = field(default_factory=dict)
    expires_at: UtcTime


# --- facts ----------------------------------------------------------------------------------------------------------------------


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
    """Goods came in against `document`.  `quantity` counts the pack unit that the symbol names."""

    name: ClassVar[str] = "received"
    version: ClassVar[int] = 1
    document: Text
    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive


class CountLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive


class Counted(Struct, frozen=True, kw_only=True):
    """One bin was counted, whole; `lines` holds each distinct symbol seen.  Expected is the ledger as of the envelope's `at`."""

    name: ClassVar[str] = "counted"
    version: ClassVar[int] = 1
    bin: Text
    lines: list[CountLine]


class Picked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods were taken from the shelf for a pick list."""

    name: ClassVar[str] = "picked"
    version: ClassVar[int] = 1
    pick_list: Text
    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive


class PickShort(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The shelf held less than the pick list wants; `symbol` names the goods that were missing (none: all that is still open)."""

    name: ClassVar[str] = "pick_short"
    version: ClassVar[int] = 1
    pick_list: Text
    symbol: Symbol | None = None
    gtin: Gtin14 | None = None


class Weight(Struct, frozen=True, kw_only=True):
    """A stable weight of a scale, with the raw frame it came in."""

    grams: Decimal
    raw_b64: str


class Packed(Struct, frozen=True, kw_only=True):
    """A picked order was packed; `weight` is the parcel's."""

    name: ClassVar[str] = "packed"
    version: ClassVar[int] = 1
    pick_list: Text
    weight: Weight


class HandedOver(Struct, frozen=True, kw_only=True):
    """The carrier took the parcel with this number."""

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
    """A print job took an edge.  Result stream.  `step` counts the job's edges from 1, so that a late one never overwrites."""

    name: ClassVar[str] = "job_changed"
    version: ClassVar[int] = 1
    job: TopicId
    step: Positive
    state: JobState
    proof: Proof | None = None
    printer: TopicId
    fault: Fault | None = None


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


class EpochClosed(Struct, frozen=True, kw_only=True):
    """An outbox was quarantined or its sequence reused; the new epoch says up to where the old one was known.  Aux stream."""

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
    | Counted
    | Picked
    | PickShort
    | Packed
    | HandedOver
    | Weighed
    | Drawer
    | PrintRequested
    | JobChanged
    | CommandDone
    | ClockSynced
    | EpochClosed
    | ScanRefused
)

FACTS: dict[tuple[str, int], type[Fact]] = {(cls.name, cls.version): cls for cls in Fact.__args__}


class FactDraft(Struct, frozen=True, kw_only=True):
    """A fact before the outbox gives it identity and time."""

    data: Fact
    stream: Stream = Stream.FACT
    device: str | None = None
    station: str | None = None
    person: str | None = None
