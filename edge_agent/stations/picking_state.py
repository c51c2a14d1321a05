"""What a station that picks remembers: the lists in hand and their totes, what was taken of each line, what waits for an answer."""

from __future__ import annotations

from msgspec import Struct

from edge_agent.stations.goods import Goods
from edge_agent.stations.station import Activity
from edge_agent.stations.tallies import Tally


class InHand(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pick list that was claimed by the reading `claim`; `tote`: what it is picked into, empty: none was scanned.

    `over`: since when somebody else had it when it was taken from them, as the box knew it.
    """

    number: str
    claim: str = ""
    tote: str = ""
    over: str = ""


class Held(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`packs` of goods in the picker's hand, for the list `number`; empty: for whichever tote they are put into."""

    goods: Goods
    packs: int
    number: str = ""


class Picking(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="picking"):
    """Goods are fetched for one pick list, or in one walk for several (`is_cluster`), each with its tote.

    `wants_tote`: the list whose tote is scanned next (`over` as in `InHand`), `waiting`: those of its wave that follow.
    `is_walking`: all are in hand.
    `number`: how many of the next item; `bin`: where the picker is; `held`: goods that wait for their tote.
    `doubted`: what is taken when it is told once more.  `damage`: why the next item is kept apart.
    `is_short_next`: the next item is one of which there is too little, because of `why_short`; `short`: the lines that are so.
    `asks_empty`: the bin that should be empty now; `is_empty_next`: the next code is a bin that is.
    `is_summed`: what is missing was told.  `others`: the lists of which the picker was told that somebody else has them.
    `weighing`: goods that wait for their weight; `weighed`: the lines of which something was weighed.
    `gone`: those that the controller gave to somebody else, until the next reading.
    """

    lists: tuple[InHand, ...] = ()
    is_cluster: bool = False
    is_walking: bool = False
    wants_tote: str | None = None
    over: str = ""
    waiting: tuple[str, ...] = ()
    number: int = 0
    items: int = 0
    bin: str | None = None
    tallies: tuple[Tally, ...] = ()
    held: Held | None = None
    doubted: str | None = None
    damage: str | None = None
    is_short_next: bool = False
    why_short: str | None = None
    short: tuple[str, ...] = ()
    asks_empty: str | None = None
    is_empty_next: bool = False
    is_summed: bool = False
    others: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    weighing: Goods | None = None
    weighed: tuple[str, ...] = ()

    @property
    def pick_list(self) -> str | None:
        """What is in hand, as people see it."""
        return ", ".join(one.number for one in self.lists) or None

    def of(self, number: str) -> InHand | None:
        return next((one for one in self.lists if one.number == number), None)

    def in_tote(self, tote: str) -> InHand | None:
        """The list that is picked into it; the list's own number will do as well."""
        return next((one for one in self.lists if tote in (one.tote, one.number)), None)
