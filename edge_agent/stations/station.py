"""The seam of the stations: a station is one module that ends with `STATION = Station(…)`, and a line in `table.py`.

Its functions are pure.  What all stations have in common is the machine's: double reads, commands, time-outs, undo, training, who
is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec import Struct

from drivers.symbols.commands import Command
from edge_agent.stations.model import Feedback, Known, Person, Pressed, Refused, Scanned, Weighed, ok
from edge_agent.wire.facts import FactDraft, ReadAs
from edge_agent.wire.messages import Symbol
from edge_agent.wire.open_work import Head


class Activity:
    """What a station is doing: a frozen Struct with a tag of its own, which its `Station` names."""

    __slots__ = ()


class Idle(Activity, Struct, frozen=True, kw_only=True, tag="idle"):
    """Nothing in particular: what is scanned is only looked at."""


class Money(Struct, frozen=True, kw_only=True):
    """Minor units of a currency that came in by `by`, a means of payment, and go back with what they paid for."""

    amount_minor: int
    currency: str
    by: str


class Took(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a reading took in, for `Station.undo` of the station named so.  `what` is how answers call it.

    `document` is the delivery, the list or the bin that it went to; `fact` the name of what it booked: its id is the reading's.
    `key`: which of the activity's own lines it is, where the symbol does not say that; `quantity`: how much of it; `money`: what
    was taken for it.
    """

    station: str
    what: str
    fact: str | None = None
    document: str | None = None
    symbol: Symbol | None = None
    key: str | None = None
    quantity: int = 1
    money: Money | None = None


class Done(Struct, frozen=True, kw_only=True):
    """What an activity made of an input: what it does next, its facts besides the scan, its answer.

    `took`: it can be taken back, or it is to be said why not.  `cancels`: a print job that has to be cancelled with it.
    `orders`: how many counter orders the box has made, with this one, if it is one.
    """

    activity: Activity
    feedback: Feedback
    facts: tuple[FactDraft, ...] = ()
    read_as: ReadAs = ReadAs.ITEM
    took: Took | None = None
    cancels: str | None = None
    orders: int | None = None


class Says(NamedTuple):
    """An answer's words in each language; placeholders are the feedback's `args`."""

    en: str
    zh: str


class Button(NamedTuple):
    """A button of a station's page: `control` is what it presses, with a number where `takes_number`.

    `key`: what presses it at a keyboard, as `aria-keyshortcuts` names keys.
    """

    control: str
    label: Says
    takes_number: bool = False
    key: str = ""


class Line(NamedTuple):
    """A line of a list on a station's page: what it is about, how far it is; pressing it reads `symbol` (empty: nothing).

    `is_done`, `is_wrong`: nothing is left to do; it is not as it should be.  `key` as of a `Button`.
    """

    name: Says
    code: str
    told: Says = Says("", "")
    symbol: str = ""
    is_done: bool = False
    is_wrong: bool = False
    key: str = ""


class Segment(NamedTuple):
    """A list of a station's page."""

    title: Says
    lines: tuple[Line, ...]


S = TypeVar("S", bound=Activity)


def _left(_: Activity) -> Feedback:
    return ok("left")


def _nothing_open(_: Activity) -> Feedback | None:
    return None


def _keeps_nothing(_: Activity) -> None:
    return None


def _no_weight(_: Activity) -> bool:
    return False


def _no_document(_: Activity) -> str | None:
    return None


def _no_documents(_: Activity) -> tuple[str, ...]:
    return ()


def _leaves_nothing(_: Activity) -> tuple[FactDraft, ...]:
    return ()


def _any(_: Head) -> bool:
    return True


def _notes_nothing(_: Activity) -> tuple[Says, ...]:
    return ()


def _plain_line(head: Head) -> Line:
    return Line(Says(head.about, head.about), head.number, symbol=head.number)


def _by_number(head: Head) -> str:
    return head.number


def _shows_nothing(_: Activity, __: Known) -> tuple[Segment, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Station(Generic[S]):
    """A way of working.  `name` is what facts and pages call it, `command` the barcode that begins it, `state` its state's type.

    `title` and `words` are in both languages.  `controls` are the commands that mean something in it; each reaches `control`
    as the command's word in small letters, as does every button of its page that the machine does not know.
    """

    name: str
    command: Command | None
    state: type[S]
    title: Says
    words: Mapping[str, Says]
    begin: Callable[[], Done]
    scan: Callable[[S, Scanned], Done]
    finish: Callable[[S, Pressed], Done]
    """DONE."""
    control: Callable[[S, Pressed], Done | None] | None = None
    """A button or a command of its own; None: it means nothing now."""
    controls: tuple[Command, ...] = ()
    buttons: tuple[Button, ...] = ()
    """What its page offers besides Done, Stop and Undo."""
    offers: Callable[[S], tuple[Button, ...]] | None = None
    """Those of them that mean something now; None: all."""
    undo: Callable[[Activity, Took, str], Done] | None = None
    """Take back what the reading (its id is last) took in, whatever the station is doing by now."""
    weigh: Callable[[S, Weighed], Done | None] | None = None
    """A weight at rest; None: it waits for none."""
    awaits_weight: Callable[[S], bool] = _no_weight
    wants_item: bool = False
    """What is scanned comes with what the box knows of it."""
    opens: str | None = None
    """The part of the replica with the documents that it works through; what the box has of one comes with each reading."""
    document: Callable[[S], str | None] = _no_document
    """The number that is in hand; None: the next one that is scanned may be one."""
    documents: Callable[[S], tuple[str, ...]] = _no_documents
    """All the numbers in hand, where there may be several."""
    works_on: Callable[[Head], bool] = _any
    """Whether an open document of that part is one for this task."""
    head_line: Callable[[Head], Line] = _plain_line
    """An open document in the list of those that can be taken."""
    first_due: Callable[[Head], Any] = _by_number
    """What that list is sorted by."""
    shows: Callable[[S, Known], tuple[Segment, ...]] = _shows_nothing
    """The lists of its page: what is open, what is done."""
    notes: Callable[[S], tuple[Says, ...]] = _notes_nothing
    """What holds for the next reading, or waits, in words of its page."""
    badge: Callable[[S, Person], Done | None] | None = None
    """A badge that is no sign-in: somebody who has to allow what waits; None: it is an ordinary one."""
    facts: Callable[[S], tuple[str, ...]] = _no_documents
    """The ids of what it booked and stands on: it is told when the controller refuses one of them."""
    refused: Callable[[S, Refused], Done | None] | None = None
    """One of those is refused; None: nothing comes of it."""
    rejects: Mapping[str, str] = field(default_factory=dict)
    """What is told of a reading that the controller refused, by its code for why: `{what}` was read, for `{document}`."""
    open_work: Callable[[S], Feedback | None] = _nothing_open
    """Why it cannot be left for another task, nor by itself, without DONE or STOP."""
    farewell: Callable[[S], Feedback] = _left
    """STOP."""
    leaves: Callable[[S], tuple[FactDraft, ...]] = _leaves_nothing
    """What is booked when it is left without DONE: by STOP, for another task, or because nobody was there."""
    keeps: Callable[[S], S | None] = _keeps_nothing
    """What stays of it when it is left, and is gone on with when it is begun again."""
