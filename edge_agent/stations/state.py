"""What a station remembers, and what a step makes of it.  Stored as JSON with its facts in one commit."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from edge_agent.stations.model import Feedback, Paper, Person, SignIn
from edge_agent.stations.station import Activity, Idle, Took
from edge_agent.wire.facts import FactDraft, ReadAs
from edge_agent.wire.messages import Symbol

KEPT_READINGS = 20
KEPT_POSTS = 64


class LastRead(Struct, frozen=True, kw_only=True):
    """The latest read of any scanner at the station, for the double-read guard."""

    device: str
    symbol: Symbol
    at_ms: int
    read_as: ReadAs = ReadAs.ITEM


class Reading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the station's history: what was read, when, what was answered; `took` while it can be taken back.

    `post`: the id under which a screen sent it.
    """

    id: str
    symbol: str
    feedback: Feedback
    at: datetime | None = None
    post: str | None = None
    is_undone: bool = False
    took: Took | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """What a screen sent under this id was answered so."""

    id: str
    feedback: Feedback


class StationState(Struct, frozen=True, kw_only=True):
    """All a station knows, so that a task goes on after a crash and at another screen.

    `double_reads` counts what the guard held back; `touched_ms` is the boot time of the latest input.  `history` are the latest 20
    readings, newest first, `seen` the latest 64 that screens sent.  `training`: nothing of it is real.  `left`: what a task keeps
    while it is not the one at hand.  `orders`: the box had made so many counter orders when this station made its latest.
    """

    v: int = 2
    activity: Activity = field(default_factory=Idle)
    last: LastRead | None = None
    double_reads: int = 0
    touched_ms: int = 0
    person: Person | None = None
    training: bool = False
    history: tuple[Reading, ...] = ()
    seen: tuple[Seen, ...] = ()
    left: Activity | None = None
    orders: int = 0


class Rules(Struct, frozen=True, kw_only=True):
    """What is configured of a station, in milliseconds; 0 turns a rule off.

    `double_read_ms`: the same symbol from the same device again within this time is one read.  `quiet_ms`: a task that nobody
    touched for this long is left, except one with open work, and who was there is signed off.  `offers`: the tasks that can be
    begun here, by name; empty: all.  `asks_manager`: an adjustment, and any discount, needs a manager's badge.  `box`: the box's
    id, `orders`: how many counter orders it has made.
    """

    double_read_ms: int = 300
    quiet_ms: int = 30 * 60 * 1000
    sign_in: SignIn = "none"
    paper: Paper = Paper()
    offers: tuple[str, ...] = ()
    asks_manager: bool = False
    box: str = ""
    orders: int = 0


class Step(Struct, frozen=True, kw_only=True):
    """What a station made of an input.  `feedback` is None when there is nothing to say.

    The drafts name their device; the box adds the station and the person.  `cancels`: a print job to cancel in the same commit;
    where that is too late, the step is taken again with `is_too_late`.  `is_repeated`: a screen sent again what was answered.
    """

    state: StationState
    facts: tuple[FactDraft, ...] = ()
    feedback: Feedback | None = None
    cancels: str | None = None
    is_repeated: bool = False
