"""A station's state in the form in which its page shows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from edge_agent.config import StationConfig
from edge_agent.floor.lists import MOST_LINES, LineShown, ListShown, Said
from edge_agent.floor.port import Control, Goods, Reading, StationShown, Task
from edge_agent.stations import Feedback, StationState, say
from edge_agent.stations import Reading as Kept
from edge_agent.stations.model import CHINESE, ENGLISH, NOTHING_KNOWN, Known
from edge_agent.stations.station import Activity, Says, Segment, Station
from edge_agent.stations.table import STATIONS, at
from edge_agent.ui.locales import Language, Writer
from edge_agent.wire.codec import encode
from edge_agent.wire.open_work import Head

_SHOWN: Final = (
    "due", "waiting", "session", "bin", "document", "transfer", "batch", "pick_list", "packs",
    "items", "parcels", "last", "number", "printed",
)  # fmt: skip
"""What of an activity people are shown, in this order; its names are those of `words.DETAILS`."""
OPEN: Final = Says(en="Open now", zh="待处理单据")
Opened = Mapping[str, Sequence[Head]]
NOTHING_OPEN: Final[Opened] = {}
_WRITERS: Final = {ENGLISH: Writer(Language.ENGLISH, UTC), CHINESE: Writer(Language.CHINESE, UTC)}
"""For amounts alone, which have no zone: a page writes them one way, whatever the line display can show."""
_NUMBERED: Final = {"quantity": "number"}
"""Where a button's number stands in its activity."""


def tasks(activities: Collection[str] = (), opened: Opened = NOTHING_OPEN) -> tuple[Task, ...]:
    """What can be begun, in the order of the command sheet; `activities`: of these alone."""
    return tuple(
        Task(
            name=each.name,
            control=each.command.value.lower(),
            command=each.command.symbol,
            title=_said(each.title),
            waiting=len(heads_of(each, opened)),
        )
        for each in STATIONS
        if each.command is not None and (not activities or each.name in activities)
    )


def heads_of(kind: Station[Activity], opened: Opened) -> list[Head]:
    """The open documents that a task works on, the most urgent first."""
    return sorted((head for head in opened.get(kind.opens or "", ()) if kind.works_on(head)), key=kind.first_due)


def shown(station: StationConfig, state: StationState, known: Known = NOTHING_KNOWN, opened: Opened = NOTHING_OPEN) -> StationShown:
    """`known`: of the document that it has in hand; `opened`: the open documents of each part of the replica."""
    kind = at(state.activity)
    parts = ("scanner", "scale", "label_printer", "receipt_printer", "line_display")
    devices = {part: getattr(station, part) for part in parts}
    return StationShown(
        id=station.id,
        task=kind.name,
        title=_said(kind.title),
        revision=sha256(encode(state)).hexdigest()[:16],
        details=_details(state.activity),
        controls=_controls(kind, state.activity),
        notes=tuple(_said(says) for says in kind.notes(state.activity)),
        lists=_lists(kind, state.activity, known, opened),
        person=state.person.name if state.person is not None else None,
        person_id=state.person.id if state.person is not None else None,
        sign_in=station.sign_in,
        is_training=state.training,
        tasks=tasks(station.activities, opened),
        readings=tuple(kept(each) for each in state.history),
        devices={part: device for part, device in devices.items() if device is not None},
    )


def kept(reading: Kept) -> Reading:
    """A line of the history; a screen knows its own readings by the id that it drew."""
    return Reading(
        id=reading.post or reading.id,
        at=reading.at,
        symbol=reading.symbol,
        verdict=reading.feedback.verdict,
        said=_saying(reading.feedback),
        code=reading.feedback.code,
        is_training=reading.feedback.training,
        undo=reading.id if reading.took is not None and not reading.is_undone else None,
        is_undone=reading.is_undone,
        goods=_goods(reading.feedback, reading.at),
    )


def unkept(feedback: Feedback, symbol: str, when: datetime) -> Reading:
    """An answer that is no line of the history: to a command, a button, or what was refused (`symbol`)."""
    return Reading(
        id=feedback.reading or "",
        at=when,
        symbol=symbol,
        verdict=feedback.verdict,
        said=_saying(feedback),
        code=feedback.code,
        is_training=feedback.training,
    )


def _goods(feedback: Feedback, when: datetime | None) -> Goods | None:
    """Of what a lookup found."""
    args = feedback.args
    if not feedback.code.startswith("lookup_") or "sku" not in args:
        return None
    age = args.get("age_ms")
    return Goods(
        sku=str(args["sku"]),
        name=Said(str(args["name_en"]), str(args["name_zh"])),
        unit=str(args["unit"]),
        price_minor=int(args["price_minor"]),
        currency=str(args["currency"]),
        on_hand=int(args["on_hand"]) if "on_hand" in args else None,
        as_of=when - timedelta(milliseconds=int(age)) if when is not None and age is not None else None,
    )


def _details(activity: Activity) -> Mapping[str, str | int]:
    found = {name: getattr(activity, name, None) for name in _SHOWN}
    return {name: value for name, value in found.items() if isinstance(value, str | int) and value}


def _controls(kind: Station[Activity], activity: Activity) -> tuple[Control, ...]:
    return tuple(
        Control(
            name=button.control,
            label=_said(button.label),
            takes_number=button.takes_number,
            key=button.key,
            number=int(getattr(activity, _NUMBERED.get(button.control, button.control), 0) or 1),
        )
        for button in (kind.buttons if kind.offers is None else kind.offers(activity))
    )


def _lists(kind: Station[Activity], activity: Activity, known: Known, opened: Opened) -> tuple[ListShown, ...]:
    """Of the document in hand; before one is, those that can be taken."""
    found = [_list(segment) for segment in kind.shows(activity, known)]
    if kind.document(activity) is None and (heads := heads_of(kind, opened)):
        lines = tuple(kind.head_line(head) for head in heads)
        found.append(_list(Segment(OPEN, lines)))
    return tuple(found)


def _list(segment: Segment) -> ListShown:
    lines = tuple(
        LineShown(
            name=_said(line.name),
            code=line.code,
            told=_said(line.told),
            symbol=line.symbol,
            is_done=line.is_done,
            is_wrong=line.is_wrong,
            key=line.key,
        )
        for line in segment.lines[:MOST_LINES]
    )
    return ListShown(title=_said(segment.title), lines=lines, total=len(segment.lines))


def _said(says: Says) -> Said:
    return Said(says.en, says.zh)


def _saying(feedback: Feedback) -> Said:
    """Without the word TRAINING before it: the page has a place of its own for that."""
    plain = msgspec.structs.replace(feedback, training=False)
    return Said(say(plain, ENGLISH, _WRITERS[ENGLISH].money), say(plain, CHINESE, _WRITERS[CHINESE].money))
