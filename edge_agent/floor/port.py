"""What the floor's pages need of the box, and in which form they are given it.  The box's side of it is `binding`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from edge_agent.floor.lists import ListShown
from edge_agent.floor.lists import Said as Said
from edge_agent.stations import Item, Missing, Verdict
from edge_agent.wire.messages import Fault
from edge_agent.wire.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is logged in.  `language`: a BCP 47 tag, or empty."""

    id: str
    name: str
    language: str = ""
    roles: frozenset[str] = frozenset({Role.FLOOR})

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenReading:
    """What a screen read: a wedge at the tablet, or typed digits.  `id`: drawn by the screen; sent again under the same id.

    `age_ms`: how long ago that was.
    """

    id: str
    text: str
    aim: str | None = None
    age_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button of a station's page.  `control`: of `StationShown.controls`, of a `Task`, or done, stop, undo, drill (training)."""

    id: str
    control: str
    number: int | None = None
    reading: str | None = None
    """Which reading an `undo` is for; None: the latest that can be taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """An article as told of.  `price_minor`: 0 for none.  `on_hand`: in base units, as of `as_of` (None: nobody knows when).

    `on_hand` None: a blind count waits for it, so its stock is not told.
    """

    sku: str
    name: Said
    unit: str
    price_minor: int
    currency: str
    on_hand: int | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reading with its answer.  `symbol`: what was read, empty for a weight or a button; `code`: the stable name of what is said.

    `at` is None where nobody knows when.
    """

    id: str
    at: datetime | None
    symbol: str
    verdict: Verdict
    said: Said
    code: str = ""
    is_training: bool = False
    undo: str | None = None
    """What a `Press` names it by that takes it back; None: it cannot be."""
    is_undone: bool = False
    undoes: str | None = None
    """The reading that this one took back."""
    goods: Goods | None = None
    """What was told of an article that was looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An activity that a station can begin, by pressing `control`.  `command`: what its command barcode holds.

    `waiting`: documents of the site that are open for it, as far as the box knows.
    """

    name: str
    control: str
    command: str
    title: Said
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A button that the station's activity offers; with `takes_number` it wants one, now `number`.  `key` presses it, too."""

    name: str
    label: Said
    takes_number: bool = False
    number: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationShown:
    """A station as it is now.  `task`: the name of its activity, `title` its words; `details`: what it has in hand, by name.

    `revision` differs whenever the station is not as it was.
    """

    id: str
    task: str
    title: Said
    revision: str
    details: Mapping[str, str | int] = field(default_factory=dict)
    controls: tuple[Control, ...] = ()
    notes: tuple[Said, ...] = ()
    """What holds for the next reading, or waits."""
    lists: tuple[ListShown, ...] = ()
    """What is open, what is done; before a document is chosen, which there are."""
    person: str | None = None
    """The name of who works here, by a badge at the scanner or by a log-in at a screen."""
    person_id: str | None = None
    sign_in: str = "none"
    """Whom the station asks for: none, badge, pin."""
    is_training: bool = False
    tasks: tuple[Task, ...] = ()
    """What can be begun here."""
    readings: tuple[Reading, ...] = ()
    """The last 20, newest first."""
    devices: Mapping[str, str] = field(default_factory=dict)
    """Device id by its part in the station: scanner, scale, label_printer, receipt_printer, line_display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceShown:
    """`state`: a word of `edge_agent.wire.messages.Condition`."""

    id: str
    kind: str
    model: str
    state: str
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightShown:
    """What a scale shows now."""

    scale: str
    grams: Decimal
    is_stable: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkShown:
    """`is_connected`: to the broker; `is_heard`: a controller behind it is alive; `waiting`: facts that it has not got."""

    is_connected: bool
    is_heard: bool
    waiting: int
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintShown:
    """A print job.  `reason`: why it waits, or is uncertain; `since`: when it came to the box; `document`: what it is about."""

    id: str
    template: str
    document: str
    state: str
    since: datetime
    reason: Fault | None = None
    copies: int = 1
    is_copy: bool = False
    is_urgent: bool = False
    can_cancel: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueShown:
    """A printer with what waits for it, in the order in which it will print; uncertain jobs first."""

    printer: DeviceShown
    jobs: tuple[PrintShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPrinter:
    """Another printer for a print.  `why_not`: why it cannot take it (`does_not_fit`, `away`); "" if it can."""

    printer: DeviceShown
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintChoices:
    """A print that waits at `printer`, and where else it could be printed."""

    job: PrintShown
    printer: str
    others: tuple[OtherPrinter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxShown:
    """The box itself.  `serving_since`: when the agent started; `clock_error_ms`: None where nobody knows it."""

    id: str
    site: str
    version: str
    serving_since: datetime
    clock_synced: bool
    clock_error_ms: int | None
    free_disk_bytes: int | None
    broker: str
    controller: str


class Topic(StrEnum):
    """What may have changed."""

    STATION = "station"
    DEVICES = "devices"
    LINK = "link"
    PRINTS = "prints"


@dataclass(frozen=True, slots=True)
class Answered:
    """A reading at a station was answered, whoever read it."""

    station: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Changed:
    topic: Topic


Heard = Answered | Changed | WeightShown
Listener = Callable[[Heard], None]


class FloorRefused(Exception):
    """The box does not do it.  `code` is stable."""

    code = "refused"


class UnknownStation(FloorRefused):
    code = "unknown_station"


class HasToWait(FloorRefused):
    """Too many PINs of this badge were wrong: the next is looked at after so many seconds."""

    code = "too_many_tries"

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class HasMovedOn(FloorRefused):
    """The print job is no longer what the page showed."""

    code = "has_moved_on"


class CannotPrint(FloorRefused):
    """The printer does not take the print: it is not there, needs a person, or has no paper for it."""

    code = "cannot_print"


class FloorPort(Protocol):
    """The box.  Everything is asked in the event loop; what waits for the disk is a coroutine."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` in the event loop until what is returned is called."""
        ...

    def stations(self) -> Sequence[str]: ...

    def tasks(self) -> Sequence[Task]:
        """All that can be begun at any station of the box."""
        ...

    async def station(self, station: str) -> StationShown:
        """Raises UnknownStation."""
        ...

    async def read(self, station: str, reading: ScreenReading, person: str | None) -> Reading:
        """On disk when it returns; a repeated id gets the same answer and books nothing.  Raises UnknownStation."""
        ...

    async def press(self, station: str, press: Press, person: str | None) -> Reading:
        """The same for a button.  Raises UnknownStation."""
        ...

    async def arrive(self, station: str, person: Person | None) -> None:
        """Somebody proved at this station's screen who they are, or (None) left it.  Raises UnknownStation."""
        ...

    def devices(self) -> Sequence[DeviceShown]: ...

    def weigh(self, *, wanted: bool) -> None:
        """Somebody looks at the weights, or nobody does any more: scales that must be asked are asked so long."""
        ...

    def weights(self) -> Mapping[str, WeightShown]:
        """The latest of each scale that told one."""
        ...

    async def link(self) -> LinkShown: ...

    async def look_up(self, symbol: str) -> Item | Missing: ...

    async def image(self, digest: str) -> Path | None:
        """The file with an item's picture (`Item.image`), WebP; None: it cannot be had now."""
        ...

    async def search(self, words: str, limit: int) -> Sequence[Item]:
        """Items whose name or number holds the words."""
        ...

    async def sign_in(self, badge: str, pin: str) -> Person | None:
        """None: badge and PIN do not belong together, or nobody has this badge.  Raises HasToWait."""
        ...

    def as_known(self, person: Person) -> Person | None:
        """A logged-in person as the box knows them by now; None: they work here no more."""
        ...

    def sessions_kept(self) -> tuple[Path, str] | None:
        """The file that carries sessions over a restart of the agent, and which start of the machine this is; None: none does."""
        ...

    async def queues(self) -> Sequence[QueueShown]: ...

    async def resolve(self, job: str, *, came_out: bool, person: str | None) -> None:
        """A person looked at the printer.  Raises HasMovedOn."""
        ...

    async def cancel(self, job: str, person: str | None) -> None:
        """Raises HasMovedOn."""
        ...

    async def print_choices(self, job: str) -> PrintChoices:
        """What can be done with a print that waits.  Raises HasMovedOn."""
        ...

    async def put_first(self, job: str, person: str | None) -> None:
        """Before all others at its printer.  Raises HasMovedOn."""
        ...

    async def move(self, job: str, printer: str, person: str | None) -> None:
        """For good.  Raises HasMovedOn, CannotPrint (that printer does not take it now)."""
        ...

    async def print_sheet(self, printer: str, language: str) -> None:
        """The command sheet, as one receipt or label after label.  Returns with the first paper.  Raises CannotPrint."""
        ...

    async def box(self) -> BoxShown: ...

    def log_lines(self) -> Sequence[str]:
        """The newest 50, oldest first."""
        ...
