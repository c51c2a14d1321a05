"""Where a picker goes next, and what is still wanted there: pure decisions over the lists in hand and this task's own account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from edge_agent.stations.goods import Goods
from edge_agent.stations.model import Known
from edge_agent.stations.picking_state import InHand, Picking
from edge_agent.stations.station import Says
from edge_agent.stations.tallies import Tally, added
from edge_agent.wire.open_work import OpenPick, OpenPickLine
from edge_agent.wire.prices import WEIGHED, is_near, most_of

NAMED: Final = 3
_UNITS: Final = {"gram": Says("g", "克"), "millilitre": Says("ml", "毫升")}


class Stop(NamedTuple):
    """A line of a list in hand, as it is by now."""

    list: InHand
    line: OpenPickLine
    got: int
    is_short: bool
    is_weighed: bool = False
    """Something of it was weighed: near enough is all of it."""

    @property
    def key(self) -> str:
        return f"{self.list.number}/{self.line.id}"

    @property
    def open(self) -> int:
        """Base units that are still to be fetched."""
        is_enough = self.is_weighed and is_near(self.got, self.line.wanted)
        return 0 if self.is_short or is_enough else max(0, self.line.wanted - self.got)

    @property
    def room(self) -> int:
        """Base units that may still be taken: goods that are found after all count, too, and goods by weight come to a bit more."""
        most = most_of(self.line.wanted) if self.line.unit in WEIGHED else self.line.wanted
        return max(0, most - self.got)

    @property
    def is_done(self) -> bool:
        return not self.open and not (self.is_short and self.got < self.line.wanted)

    @property
    def place(self) -> tuple[str, str]:
        return self.line.bin, self.line.sku


def documents(known: Known) -> dict[str, OpenPick]:
    """What the box knows around a reading, by the lists' numbers."""
    found = [known.document, *known.others]
    return {each.number: each for each in found if isinstance(each, OpenPick)}


def stops(now: Picking, known: Known) -> list[Stop]:
    """In walking order: by the bins' codes, in a bin by article, the lists in the order in which they were taken."""
    told = documents(known)
    found = [_stop(now, one, line) for one in now.lists if one.number in told for line in told[one.number].lines]
    return sorted(found, key=lambda stop: stop.place)


def is_known(now: Picking, known: Known) -> bool:
    """Whether the box knows what is in all the lists in hand."""
    told = documents(known)
    return bool(now.lists) and all(one.number in told for one in now.lists)


def next_stop(now: Picking, along: Sequence[Stop]) -> Stop | None:
    """The first that is open from where the picker is, then from the beginning; None: all is fetched."""
    wanted = [stop for stop in along if stop.open]
    here = now.bin or ""
    return next((stop for stop in wanted if stop.line.bin >= here), wanted[0] if wanted else None)


def of_goods(along: Iterable[Stop], goods: Goods) -> list[Stop]:
    """The lines that want these goods; by their symbol where the box's catalogue does not have them."""
    if goods.sku:
        return [stop for stop in along if stop.line.sku == goods.sku]
    text = goods.symbol.text
    return [stop for stop in along if text == stop.line.symbol or (goods.gtin is not None and goods.gtin == stop.line.gtin)]


def best_first(now: Picking, wanted: Iterable[Stop], lot: str | None) -> list[Stop]:
    """A lot goes to the lines that expect it, goods to those of the bin where the picker is, what is open before what is short."""
    return sorted(
        wanted,
        key=lambda stop: (
            not stop.open,
            not stop.room,
            lot is not None and stop.line.lot not in (None, lot),
            now.bin is not None and stop.line.bin != now.bin,
        ),
    )


def taken(now: Picking, wanted: Sequence[Stop], units: int) -> tuple[tuple[Tally, ...], str]:
    """The account with so many more, on the lines in this order (the first has what is over); and what of each, for UNDO."""
    tallies, parts = now.tallies, []
    for index, stop in enumerate(wanted):
        part = min(units, stop.room)
        if index == 0 and units > sum(each.room for each in wanted):
            part += units - sum(each.room for each in wanted)
        if part > 0:
            tallies = added(tallies, stop.key, part, stop.line.got)
            parts.append(f"{stop.key}={part}")
            units -= part
    return tallies, " ".join(parts)


def given_back(tallies: tuple[Tally, ...], parts: str) -> tuple[Tally, ...]:
    """The account without what `taken` called so."""
    for part in parts.split():
        key, _, units = part.rpartition("=")
        tallies = added(tallies, key, -int(units), 0) if units.isdigit() else tallies
    return tallies


def left_in(now: Picking, place: str, along: Sequence[Stop]) -> int | None:
    """Base units that should still lie in a bin; None: the books have more there than the lists want, or nobody knows.

    The controller may have heard of what was taken here by now, or may not: whichever says less.
    """
    here = [stop for stop in along if stop.line.bin == place]
    told = next((stop.line.in_bin for stop in here if stop.line.in_bin is not None), None)
    if told is None:
        return None
    keys = {stop.key: stop.line.got for stop in here}
    unheard = sum(max(0, each.got - keys[each.key]) for each in now.tallies if each.key in keys)
    return max(0, told - unheard)


def goes_to(stop: Stop | None, along: Sequence[Stop]) -> dict[str, str]:
    """`{lines}`: the bin, how many of what for all the lists in hand, and the lot to take; DONE when nothing is left."""
    if stop is None:
        return {"lines_en": "DONE", "lines_zh": "DONE"}
    line = stop.line
    units = _times(sum(each.open for each in along if each.place == stop.place and each.line.lot == line.lot), line.unit)
    lot_en = f", lot {line.lot}" if line.lot else ""
    lot_zh = f"，批次 {line.lot}" if line.lot else ""
    expiry = f" ({line.expiry.isoformat()})" if line.expiry else ""
    return {
        "lines_en": f"{line.bin}: {units.en} {line.name_en or line.name_zh}{lot_en}{expiry}",
        "lines_zh": f"{line.bin}:{units.zh} {line.name_zh or line.name_en}{lot_zh}{expiry}",
    }


def amount(units: int, unit: str) -> Says:
    """So many base units, with what they are where they are no pieces."""
    return Says(f"{units} {_UNITS[unit].en}", f"{units} {_UNITS[unit].zh}") if unit in _UNITS else Says(f"{units}", f"{units}")


def _times(units: int, unit: str) -> Says:
    """So many pieces of it, or so much."""
    much = amount(units, unit)
    return much if unit in _UNITS else Says(f"{much.en} ×", f"{much.zh} ×")


def pieces(along: Iterable[Stop]) -> int:
    """How many are to be fetched: what is weighed is one, however heavy."""
    return sum(min(1, stop.open) if stop.line.unit in WEIGHED else stop.open for stop in along)


def missing_args(along: Sequence[Stop]) -> dict[str, str | int]:
    """What is still open: `{count}` lines, `{pieces}` in all, and the first of them by name."""
    short = [stop for stop in along if stop.open]
    more = f" +{len(short) - NAMED}" if len(short) > NAMED else ""
    return {
        "count": len(short),
        "pieces": pieces(short),
        "lines_en": ", ".join(f"{stop.line.name_en or stop.line.name_zh} ({_open(stop).en})" for stop in short[:NAMED]) + more,
        "lines_zh": "、".join(f"{stop.line.name_zh or stop.line.name_en}({_open(stop).zh})" for stop in short[:NAMED]) + more,
    }


def _open(stop: Stop) -> Says:
    return amount(stop.open, stop.line.unit)


def _stop(now: Picking, of: InHand, line: OpenPickLine) -> Stop:
    """Whichever knows of more: this task, or the controller, who may have heard of it by now."""
    key = f"{of.number}/{line.id}"
    own = next((each.got for each in now.tallies if each.key == key), 0)
    got = max(own, line.got)
    return Stop(of, line, got, line.is_short or key in now.short, is_weighed=key in now.weighed)
