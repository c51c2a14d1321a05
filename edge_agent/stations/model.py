"""What goes into a station and what it answers: the vocabulary that all stations and the rest of the box share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct, field

from drivers.symbols.commands import Command, UnknownCommand
from edge_agent.wire.facts import Weight
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_work import Document
from edge_agent.wire.order_facts import OrderTemplate, Shortcut
from edge_agent.wire.taxes import STANDARD, SiteTaxes

ENGLISH: Final = "en"
CHINESE: Final = "zh-CN"
LANGUAGES: Final = (ENGLISH, CHINESE)
"""Those that every answer has words in."""

SCREEN = "screen"
"""The device of what a screen reads or presses: a view of the station, not one of the box's devices."""

SignIn = Literal["none", "badge", "pin"]
"""What a station asks for: nothing; a scanned badge; badge and PIN at a screen."""

Tracking = Literal["none", "lot", "serial"]
"""What is told with goods: nothing; their lot and expiry; the serial number of each piece."""


class Item(Struct, frozen=True, kw_only=True):
    """What the box has of a SKU.  One scan of the symbol is `numerator / denominator` base units.

    `price_minor`: minor units for one piece, 100 g or 100 ml; 0: none is set.  `on_hand` is in base units at the box's site, and as
    old as `age_ms` says (None: nobody knows how old, the box's clock was wrong).  `image`: its picture (`ReplicaImages`), if any.
    `tracking`: what is asked for with each of it.  `bins`: where most of it lies, the fullest first, with the base units there.
    `recalled`: the codes of its lots that are recalled.  `tax_class`: how the site taxes it (`Known.taxes`).  `is_blind`: a blind
    count waits for it, so its stock is not told.
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
    tracking: Tracking = "none"
    bins: tuple[tuple[str, int], ...] = ()
    recalled: tuple[str, ...] = ()
    tax_class: str = STANDARD
    is_blind: bool = False


class Missing(StrEnum):
    """Why there is no item: the symbol is unknown or names several, the box has no catalogue yet, or was too slow to say."""

    UNKNOWN = "unknown"
    SEVERAL = "several"
    NO_CATALOGUE = "no_catalogue"
    LATE = "late"


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who works at a station.  Only `id` ever leaves the box."""

    id: str
    name: str
    language: str = "en"
    roles: tuple[str, ...] = ()


class Known(Struct, frozen=True, kw_only=True):
    """What the box knows around a reading: the document that the station has in hand, or that was just read; None: it knows none.

    `is_bin`: whether what was read is the code of a bin of this site; None: the box does not know the site's bins.
    `is_quarantine`: it is the one where goods are kept apart.  `sites`: the chain's other sites, by id with their names, where
    no document says where goods go.  `shortcuts`: the templates and presets of a counter; `taxes`: how it taxes, now and later.
    """

    document: Document | OrderTemplate | None = None
    others: tuple[Document, ...] = ()
    """Of all numbers in hand, and those that go by another number which was read."""
    is_bin: bool | None = None
    is_quarantine: bool = False
    holds: str | None = None
    """The pick list whose goods lie in the tote of this code, fetched for or packed by nobody yet."""
    sites: tuple[tuple[str, str], ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    taxes: tuple[SiteTaxes, ...] = ()


NOTHING_KNOWN: Final = Known()


class Paper(Struct, frozen=True, kw_only=True):
    """What a station can print with: its label printer's id (None: it has none), its receipt printer's (`receipts`), and the
    templates it may use, name -> version.  `zone`: the shop's time zone (IANA) for what is printed; empty: the machine's own.
    """

    printer: str | None = None
    receipts: str | None = None
    zone: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)


class Scanned(Struct, frozen=True, kw_only=True):
    """A scanner, or a screen's wedge, read one symbol.  `at_ms` is the box's boot time, `gtin` and `command` what the symbol
    stands for, if anything; `lot`, `expiry` and `serial` are those that it carries (GS1 AI 10, 17 or 15, 21).

    `id` (a UUIDv7 drawn by the box) is this reading's own: the fact and the print job that it leads to are called the same.
    `post` is the id under which a screen sent it, `by` the id of who is logged in there, `at` the wall clock, to show it.  `item`
    is what the box knows of it, for a station that wants that; None: it was not asked.  A badge's letters are not in `symbol`;
    `person` is whose it is.  `worker`: who does it; `asks_manager`: the station's rules ask for a manager where it matters.
    """

    device: str
    symbol: Symbol
    at_ms: int
    id: str = ""
    post: str | None = None
    by: str | None = None
    at: datetime | None = None
    gtin: str | None = None
    lot: str | None = None
    expiry: date | None = None
    serial: str | None = None
    command: Command | UnknownCommand | None = None
    item: Item | Missing | None = None
    is_badge: bool = False
    person: Person | None = None
    paper: Paper = Paper()
    known: Known = NOTHING_KNOWN
    worker: Person | None = None
    asks_manager: bool = False
    is_too_late: bool = False
    """What it takes back cannot be taken back any more: its print job has begun."""
    box: str = ""
    orders: int = 0
    grams: Decimal | None = None
    """A net weight that the symbol carries: GS1 AI 310n, or a number that a rule of the company lays out."""


class Pressed(Struct, frozen=True, kw_only=True):
    """A button of the station's page, or what a command barcode stands for: `control` is a command's word in small letters or
    a word of the station's own, `number` what goes with it.

    `target` names the reading that `undo` is about; None: the latest.  Otherwise as `Scanned`.
    """

    control: str
    at_ms: int
    number: int | None = None
    target: str | None = None
    device: str = SCREEN
    id: str = ""
    post: str | None = None
    by: str | None = None
    at: datetime | None = None
    paper: Paper = Paper()
    known: Known = NOTHING_KNOWN
    worker: Person | None = None
    asks_manager: bool = False
    is_too_late: bool = False
    box: str = ""
    """The box's id."""
    orders: int = 0
    """How many counter orders it has made."""


class Weighed(Struct, frozen=True, kw_only=True):
    """A scale came to rest at a new weight."""

    device: str
    weight: Weight
    at_ms: int
    id: str = ""
    at: datetime | None = None
    known: Known = NOTHING_KNOWN


class SignedIn(Struct, frozen=True, kw_only=True):
    """Somebody proved at a screen who they are (`person`), or left (None)."""

    person: Person | None
    at_ms: int
    id: str = ""
    post: str | None = None


class Tick(Struct, frozen=True, kw_only=True):
    """Time went by."""

    at_ms: int


class Refused(Struct, frozen=True, kw_only=True):
    """The controller will never book a fact of this station: `code` says why, `fact` is its id.

    `known` is what the box knows of what is in hand, `worker` and `box` whose hands those are.
    """

    fact: str
    code: str
    known: Known = NOTHING_KNOWN
    worker: Person | None = None
    box: str = ""


Input = Scanned | Pressed | Weighed | SignedIn | Tick | Refused


class Verdict(StrEnum):
    """Colour, icon and sound of an answer; the words are its code's."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    DUPLICATE = "duplicate"


class Feedback(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one input.  `code` is a key of `words.WORDS`, `args` fill its placeholders.

    `reading` is the input that it answers: the id under which a screen sent it, else the box's own.  `training`: nothing of it is
    real, and every outlet must say so.
    """

    verdict: Verdict
    code: str
    args: dict[str, str | int] = field(default_factory=dict)
    reading: str | None = None
    training: bool = False


def ok(code: str, **args: str | int) -> Feedback:
    return Feedback(verdict=Verdict.OK, code=code, args=args)


def wrong(code: str, **args: str | int) -> Feedback:
    return Feedback(verdict=Verdict.WRONG, code=code, args=args)


def unknown(code: str, **args: str | int) -> Feedback:
    return Feedback(verdict=Verdict.UNKNOWN, code=code, args=args)


def duplicate(code: str, **args: str | int) -> Feedback:
    return Feedback(verdict=Verdict.DUPLICATE, code=code, args=args)
