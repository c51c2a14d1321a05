"""All stations, a line each.  Whoever has to know them all asks here."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Union

import msgspec

from drivers.symbols.commands import Command
from edge_agent.stations import (
    adjusting,
    counter,
    counting,
    handing_over,
    idle,
    label_batch,
    looking_up,
    packing,
    picking,
    put_away,
    receiving,
    shelf_label,
    transfer_in,
    transfer_out,
)
from edge_agent.stations.state import StationState
from edge_agent.stations.station import Activity, Station

STATIONS: Final[tuple[Station[Any], ...]] = (  # Any: each takes its own state, which `at` matches it with
    idle.STATION,
    receiving.STATION,
    put_away.STATION,
    counting.STATION,
    picking.STATION,
    packing.STATION,
    handing_over.STATION,
    counter.STATION,
    looking_up.STATION,
    shelf_label.STATION,
    label_batch.STATION,
    transfer_out.STATION,
    transfer_in.STATION,
    adjusting.STATION,
)
"""In the order of the command sheet and of the screens' menu."""


class Around(NamedTuple):
    """A document by its number, of the part of the replica with such documents; and whether `place` is a bin.

    `also`: the numbers of others that are in hand.
    """

    part: str
    number: str | None
    place: str | None
    also: tuple[str, ...] = ()


_BY_STATE: Final = {station.state: station for station in STATIONS}
_BY_NAME: Final = {station.name: station for station in STATIONS}
_BY_COMMAND: Final = {station.command: station for station in STATIONS if station.command is not None}
_STATES: Final = Union[tuple(_BY_STATE)]  # noqa: UP007 -- made of the table, not written down


def at(activity: Activity) -> Station[Any]:
    """The station whose state this is."""
    return _BY_STATE[type(activity)]


def named(name: str) -> Station[Any] | None:
    return _BY_NAME.get(name)


def begun_by(command: Command) -> Station[Any] | None:
    return _BY_COMMAND.get(command)


def restore(stored: bytes) -> StationState:
    """A state as it was stored.  Raises msgspec.DecodeError: it is none, or of a station that is not in the table any more."""
    return msgspec.json.decode(stored, type=StationState, dec_hook=_activity)


def awaits_weight(state: StationState) -> bool:
    return at(state.activity).awaits_weight(state.activity)


def stands_on(state: StationState) -> tuple[str, ...]:
    """The ids of the facts that the task at hand stands on, and of readings that can be refused; in training nothing is booked."""
    own = at(state.activity).facts(state.activity) if not state.training else ()
    read = (each.id for each in state.history if each.took is not None and each.took.fact and not each.feedback.training)
    return tuple(dict.fromkeys((*own, *read)))


def wants_item(state: StationState) -> bool:
    return at(state.activity).wants_item


def around(state: StationState, text: str | None) -> Around | None:
    """What the station wants to know around a reading of `text` (None: a button); None: nothing."""
    station = at(state.activity)
    if station.opens is None:
        return None
    in_hand = station.document(state.activity)
    return Around(part=station.opens, number=in_hand or text, place=text, also=station.documents(state.activity))


def _activity(wanted: type[object], stored: object) -> object:
    if wanted is not Activity:
        raise NotImplementedError(f"{wanted} has no form of its own on disk")
    return msgspec.convert(stored, _STATES)
