"""Waves as they are stored, and how far each has come."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.db import Row, among, fetch, listing
from controller.errors import NotFound
from controller.fulfilment.numbers import PICK_LISTS
from controller.fulfilment.states import PickListState
from controller.orders.numbers import ORDERS
from controller.waves.numbers import WAVES
from controller.waves.states import Mode, PartState, WaveState


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Of the parts of a wave: `planned` have no list yet, lists are `waiting` for somebody, `claimed`, and so on.

    `withdrawn`: cancelled or given back; `left_out`: they could not be released.  `lines_done` of `lines` are fetched or short.
    """

    planned: int = 0
    waiting: int = 0
    claimed: int = 0
    picking: int = 0
    picked: int = 0
    packed: int = 0
    withdrawn: int = 0
    left_out: int = 0
    lines: int = 0
    lines_done: int = 0

    @property
    def lists(self) -> int:
        """That are, or were, to be worked on."""
        return self.waiting + self.claimed + self.picking + self.picked + self.packed

    @property
    def percent(self) -> int:
        """Of the lines, rounded down."""
        return 100 * self.lines_done // self.lines if self.lines else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWave:
    """See `models.Wave`; `parts` in it when it was composed, less those that were taken out of the plan."""

    id: int
    site: str
    rule_id: int
    rule: str
    mode: Mode
    totes: int
    state: WaveState
    due_at: datetime | None
    composed_at: datetime
    composed_by: str
    released_at: datetime | None
    released_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str
    print_copies: int
    progress: Progress

    @property
    def no(self) -> str:
        return WAVES.number(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """One of a wave: `because` are the conditions it met, `detail` why it was left out; `list_state` and on: of its pick list."""

    id: int
    position: int
    cluster: int
    order_id: int
    state: PartState
    lines: int
    units: int
    because: tuple[str, ...]
    detail: str
    due_at: datetime | None
    pick_list_id: int | None
    list_state: PickListState | None
    claimed_by: str | None
    claimed_box: str | None
    claimed_at: datetime | None
    tote: str | None

    @property
    def order(self) -> str:
        return ORDERS.number(self.order_id)

    @property
    def pick_list(self) -> str | None:
        return None if self.pick_list_id is None else PICK_LISTS.number(self.pick_list_id)

    @property
    def code(self) -> str:
        """Why it was left out, as the code of an error; empty: it was not."""
        return self.detail.partition(":")[0] if self.state is PartState.LEFT_OUT else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Somebody at the lists of a wave (`person:` and their id, or a box where nobody signs in).

    `in_hand`: lists that they have claimed now; `fetched`: those for which they picked something.
    """

    who: str
    in_hand: int
    fetched: int


async def wave(no: str) -> StoredWave:
    """Raises NotFound."""
    found = await _waves("WHERE w.id = ?", WAVES.row_id(no))
    if not found:
        raise NotFound(WAVES.what, no)
    return found[0]


async def waves(
    *, before: int | None, limit: int, state: WaveState | None = None, site: str = "", sites: Collection[str] | None = None
) -> list[StoredWave]:
    """The newest first, below the id `before`; of one site, and of those of `sites` (None: all)."""
    here, ids = ("", []) if sites is None else (f"AND {among('w.site')}", [listing(sorted(sites))])
    return await _waves(
        f"WHERE w.id < ? AND (? = '' OR w.state = ?) AND (? = '' OR w.site = ?) {here} ORDER BY w.id DESC LIMIT ?",
        *(2**62 if before is None else before, state or "", state or "", site, site, *ids, limit),
    )


async def _waves(condition: str, *params: object) -> list[StoredWave]:
    rows = await fetch(f"SELECT w.* FROM wave w {condition}", *params)
    progress = await _progress([row["id"] for row in rows])
    return [
        StoredWave(
            **{
                **row,
                "mode": Mode(row["mode"]),
                "state": WaveState(row["state"]),
                "progress": progress.get(row["id"], Progress()),
            }
        )
        for row in rows
    ]


_STEP = (
    "CASE WHEN p.state = 'waiting' THEN 'planned' WHEN p.state = 'left_out' THEN 'left_out' "
    "WHEN p.state = 'given_back' OR l.state = 'withdrawn' THEN 'withdrawn' "
    "WHEN l.state = 'open' AND l.claimed_by IS NULL THEN 'waiting' WHEN l.state = 'open' THEN 'claimed' ELSE l.state END"
)


async def _progress(wave_ids: Sequence[int]) -> dict[int, Progress]:
    counted: dict[int, dict[str, int]] = {wave_id: {} for wave_id in wave_ids}
    wanted = listing(wave_ids)
    for row in await fetch(
        f"SELECT p.wave_id, {_STEP} AS step, COUNT(*) AS n FROM wave_part p LEFT JOIN pick_list l ON l.id = p.pick_list_id "
        f"WHERE {among('p.wave_id')} GROUP BY 1, 2",
        wanted,
    ):
        counted[row["wave_id"]][row["step"]] = int(row["n"])
    for row in await fetch(
        "SELECT l.wave_id, COUNT(*) AS lines, CAST(SUM(CASE WHEN x.is_short OR x.picked = x.quantity THEN 1 ELSE 0 END) AS BIGINT) "
        "AS lines_done FROM pick_list l JOIN pick_line x ON x.pick_list_id = l.id "
        f"WHERE {among('l.wave_id')} AND l.state <> 'withdrawn' GROUP BY l.wave_id",
        wanted,
    ):
        counted[row["wave_id"]] |= {"lines": int(row["lines"]), "lines_done": int(row["lines_done"])}
    return {wave_id: Progress(**found) for wave_id, found in counted.items()}


async def parts(wave_id: int, *, after: int = 0, limit: int = 50) -> list[StoredPart]:
    """In the order in which they are served, behind the position `after`."""
    rows = await fetch(
        "SELECT p.*, l.state AS list_state, l.claimed_by, l.claimed_box, l.claimed_at, l.tote, o.due_at FROM wave_part p "
        "JOIN sales_order o ON o.id = p.order_id LEFT JOIN pick_list l ON l.id = p.pick_list_id "
        "WHERE p.wave_id = ? AND p.position > ? ORDER BY p.position LIMIT ?",
        *(wave_id, after, limit),
    )
    return [_part(row) for row in rows]


def _part(row: Row) -> StoredPart:
    same = ("id", "position", "cluster", "order_id", "lines", "units", "detail", "due_at", "pick_list_id")
    claim = ("claimed_by", "claimed_box", "claimed_at", "tote")
    return StoredPart(
        state=PartState(row["state"]),
        because=tuple(row["why"].split()),
        list_state=PickListState(row["list_state"]) if row["list_state"] else None,
        **{name: row[name] for name in (*same, *claim)},
    )


async def workers(wave_id: int) -> list[Worker]:
    """Who has most in hand first."""
    rows = await fetch(
        "SELECT x.who, CAST(SUM(x.in_hand) AS BIGINT) AS in_hand, CAST(SUM(x.fetched) AS BIGINT) AS fetched FROM ("
        "SELECT claimed_by AS who, 1 AS in_hand, 0 AS fetched FROM pick_list WHERE wave_id = ? AND claimed_by IS NOT NULL "
        "UNION ALL SELECT b.picked_by, 0, 1 FROM pick_by b JOIN pick_list l ON l.id = b.pick_list_id WHERE l.wave_id = ?"
        ") x GROUP BY x.who ORDER BY 2 DESC, 3 DESC, 1",
        wave_id,
        wave_id,
    )
    return [Worker(who=row["who"], in_hand=int(row["in_hand"]), fetched=int(row["fetched"])) for row in rows]


async def clusters_of(pick_list_ids: Iterable[int]) -> dict[int, tuple[str, int]]:
    """The wave and the cluster in it of pick lists, by their ids; those of no wave are left out."""
    rows = await fetch(
        f"SELECT pick_list_id, wave_id, cluster FROM wave_part WHERE {among('pick_list_id')}", listing(sorted(set(pick_list_ids)))
    )
    return {row["pick_list_id"]: (WAVES.number(row["wave_id"]), row["cluster"]) for row in rows}
