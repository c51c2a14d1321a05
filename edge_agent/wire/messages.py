"""Payloads of the wire.  One frozen keyword-only Struct each; unknown fields are ignored, unknown versions refused.

Decimal numbers travel as strings.  A fact's `data` is one of the classes in `edge_agent.wire.facts`; who, where,
when and the sequence number are in the `Envelope`, the same for all.  A released class is never changed: a new version joins it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Raw, Struct, field

UtcTime = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1, le=2**53)]
Text = Annotated[str, Meta(max_length=512)]
TopicId = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
DeviceId = Annotated[str, Meta(pattern=r"^([a-z0-9-]{1,40}|_)$")]
Gtin14 = Annotated[str, Meta(pattern=r"^[0-9]{14}$")]
Rank = Annotated[int, Meta(ge=0, le=9)]
"""How soon a print job is to come, among those of its printer: smaller is sooner.  `Priority` names the usual ones."""


class Stream(StrEnum):
    """Streams of an outbox; result goes before fact, fact before aux; inside one, what is new goes beside a backlog."""

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


# --- requests to a box ----------------------------------------------------------------------------------------------------------


class Priority(IntEnum):
    """The usual ranks of print jobs: somebody stands there and waits; the rule; a stack that may take its time."""

    URGENT = 1
    NORMAL = 5
    BULK = 9


class JobRequest(Struct, frozen=True, kw_only=True):
    """Print this.  The id is in the topic.  What travels is the document; the box renders it for its printer.

    `version` is the template's content address (hex SHA-256 of its body); `copies` is done by the printer as one job.
    `copy`: the same paper was asked for before, so it is marked COPY.  `ttl_ms`: what is left until `expires_at` as this is sent;
    a box counts it by its boot clock from the arrival, since its wall clock may be wrong.  `document`: what it is for (an order);
    `asked_by`: an id, never a name.  `private`: some fields are personal data, which travels in no message: the box fetches them as
    it prints.  `open_drawer`: the cash drawer opens with it, whatever its template says; once, and with no copy.
    """

    v: Positive = 1
    template: Text
    version: Text
    data: dict[str, str | int | list[dict[str, str | int]]]
    copies: Annotated[int, Meta(ge=1, le=100)] = 1
    copy: bool = False
    test: bool = False
    expires_at: UtcTime | None = None
    ttl_ms: Count | None = None
    priority: Rank = Priority.NORMAL.value
    document: Text | None = None
    private: bool = False
    open_drawer: bool = False
    asked_by: Text | None = None


class CommandRequest(Struct, frozen=True, kw_only=True):
    """Do this once, before `expires_at`.  Names and their arguments: `edge_agent.wire.commands`.

    `ttl_ms`: what is left until `expires_at` as this is sent; it counts by the box's boot clock from the arrival, since its wall
    clock may be wrong.  `actor`: who asked for it, as the controller knows them.
    """

    v: Positive = 1
    name: Text
    args: dict[str, str | int] = field(default_factory=dict)
    expires_at: UtcTime
    ttl_ms: Count | None = None
    actor: Text | None = None


# --- the twin -------------------------------------------------------------------------------------------------------------------

TwinDocument = dict[str, Annotated[object, Meta(extra_json_schema={"description": "Checked key by key where it is read."})]]
"""Tables as in the agent's file: `device`, `station`, `symbols`, `settings`.  What is in them is checked key by key, not here."""


class TwinDesired(Struct, frozen=True, kw_only=True):
    """What a box is to be, whole.  Retained; `version` rises with every change, and a box never goes back to a lower one."""

    v: Positive = 1
    version: Positive
    document: TwinDocument


class TwinError(Struct, frozen=True, kw_only=True):
    """One key of the desired document that does not hold (`device[1].address`; empty: the document as a whole), and why."""

    key: Text
    code: Text
    message: Text


class TwinReported(Struct, frozen=True, kw_only=True):
    """What a box is.  Retained.

    `version`: the newest desired one that is on the box's disk (0: none, its file holds); `applied_version` the newest by which it
    works, but for what `errors` name.  `document` is what holds now; `hash` the content hash of the desired document of `version`.
    """

    v: Positive = 1
    version: Count
    applied_version: Count
    at: UtcTime
    document: TwinDocument
    errors: list[TwinError] = field(default_factory=list)
    hash: Text = ""
