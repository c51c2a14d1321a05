"""What goes into a station, what comes out, and what it remembers."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from drivers.symbols.commands import Command, UnknownCommand
from edge_agent.wire.facts import CountLine, FactDraft, ReadAs, Weight
from edge_agent.wire.messages import Symbol


class Item(Struct, frozen=True, kw_only=True):
    """What the box has of a SKU.  One scan of the symbol is `numerator / denominator` base units.

    `price_minor`: minor units for one piece, 100 g or 100 ml; 0: none is set.  `on_hand` is in base units at the box's site, and as
    old as `age_ms` says (None: nobody knows how old, the box's clock was wrong).  `image`: its picture (`ReplicaImages`), if any.
    """

    sku: str
    name_en: str
    name_zh: str
    unit: str
    price_minor: int
    currency: str
    on_hand: int
    age_ms: int | None = None
    numerator: int = 1
    denominator: int = 1
    image: str | None = None


class Missing(StrEnum):
    """Why there is no item: the symbol is unknown or names several, the box has no catalogue yet, or was too slow to say."""

    UNKNOWN = "unknown"
    SEVERAL = "several"
    NO_CATALOGUE = "no_catalogue"
    LATE = "late"


class Scanned(Struct, frozen=True, kw_only=True):
    """A scanner read one symbol.  `at_ms` is the box's boot time, `gtin` and `command` what the symbol stands for, if anything.

    `item` is what the box knows of it, for a station that `looks_up`; None: it was not asked.
    """

    device: str
    symbol: Symbol
    at_ms: int
    gtin: str | None = None
    command: Command | UnknownCommand | None = None
    item: Item | Missing | None = None


class Weighed(Struct, frozen=True, kw_only=True):
    """A scale came to rest at a new weight."""

    device: str
    weight: Weight
    at_ms: int


class Tick(Struct, frozen=True, kw_only=True):
    """Time went by."""

    at_ms: int


Input = Scanned | Weighed | Tick


class Verdict(StrEnum):
    """Colour, icon and sound of an answer; the words are its code's."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    DUPLICATE = "duplicate"


class Feedback(Struct, frozen=True, kw_only=True):
    """The answer to one scan or weight.  `code` is a key of `words.WORDS`, `args` fill its placeholders."""

    verdict: Verdict
    code: str
    args: dict[str, str | int] = field(default_factory=dict)


# --- what a station is doing ----------------------------------------------------------------------------------------------------


class Idle(Struct, frozen=True, kw_only=True, tag="idle"):
    """Nothing in particular: what is scanned is only looked at."""


class Receiving(Struct, frozen=True, kw_only=True, tag="receiving"):
    """Goods come in against a delivery; `document` is None until its barcode was scanned."""

    document: str | None = None
    items: int = 0


class Counting(Struct, frozen=True, kw_only=True, tag="counting"):
    """One bin is counted, +1 per scan; `lines` holds each distinct symbol seen so far, in order of first sight."""

    bin: str | None = None
    lines: tuple[CountLine, ...] = ()

    @property
    def items(self) -> int:
        return sum(line.quantity for line in self.lines)


class Picking(Struct, frozen=True, kw_only=True, tag="picking"):
    """Goods are fetched for a pick list."""

    pick_list: str | None = None
    items: int = 0


class Packing(Struct, frozen=True, kw_only=True, tag="packing"):
    """A pick list's goods go into a parcel; with `pick_list` set, its weight is waited for."""

    pick_list: str | None = None


class HandingOver(Struct, frozen=True, kw_only=True, tag="handing_over"):
    """The carrier takes parcels.  `last` is the parcel scanned last, so that it is not handed over twice by a slow hand."""

    parcels: int = 0
    last: str | None = None


class LookingUp(Struct, frozen=True, kw_only=True, tag="looking_up"):
    """What is scanned is told of; nothing is booked."""


Activity = Idle | Receiving | Counting | Picking | Packing | HandingOver | LookingUp


class LastRead(Struct, frozen=True, kw_only=True):
    """The latest read of any scanner at the station, for the double-read guard."""

    device: str
    symbol: Symbol
    at_ms: int
    read_as: ReadAs = ReadAs.ITEM


class StationState(Struct, frozen=True, kw_only=True):
    """All a station knows.  Stored as JSON with its facts in one commit, so that a task goes on after a crash.

    `double_reads` counts what the guard held back; `touched_ms` is the boot time of the latest scan or weight.
    """

    v: int = 1
    activity: Activity = field(default_factory=Idle)
    last: LastRead | None = None
    double_reads: int = 0
    touched_ms: int = 0

    @property
    def awaits_weight(self) -> bool:
        return isinstance(self.activity, Packing) and self.activity.pick_list is not None

    @property
    def looks_up(self) -> bool:
        """It wants to know the `item` of what is scanned."""
        return isinstance(self.activity, LookingUp)


class Rules(Struct, frozen=True, kw_only=True):
    """What is configured of a station, in milliseconds; 0 turns a rule off.

    `double_read_ms`: the same symbol from the same device again within this time is one read.  `quiet_ms`: a task that nobody
    touched for this long is left, except a count that holds items.
    """

    double_read_ms: int = 300
    quiet_ms: int = 30 * 60 * 1000


class Done(Struct, frozen=True, kw_only=True):
    """What an activity made of an input: what it does next, its facts besides the scan, its answer."""

    activity: Activity
    feedback: Feedback
    facts: tuple[FactDraft, ...] = ()
    read_as: ReadAs = ReadAs.ITEM


class Step(Struct, frozen=True, kw_only=True):
    """What a station made of an input.  `feedback` is None when there is nothing to say.

    The drafts name their device; the box adds the station and the person.
    """

    state: StationState
    facts: tuple[FactDraft, ...] = ()
    feedback: Feedback | None = None


def ok(code: str, **args: str | int) -> Feedback:
    return Feedback(verdict=Verdict.OK, code=code, args=args)


def wrong(code: str, **args: str | int) -> Feedback:
    return Feedback(verdict=Verdict.WRONG, code=code, args=args)


def unknown(code: str, **args: str | int) -> Feedback:
    return Feedback(verdict=Verdict.UNKNOWN, code=code, args=args)


def duplicate(code: str, **args: str | int) -> Feedback:
    return Feedback(verdict=Verdict.DUPLICATE, code=code, args=args)
