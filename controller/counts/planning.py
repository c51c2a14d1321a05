"""Which bins are to be counted: by class and schedule, by zone, by suspicion, or chosen; and sessions made of them."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller import db, events
from controller.counts.costs import goods_of
from controller.counts.events import CountPlanned
from controller.counts.limits import policies
from controller.counts.numbers import SESSIONS
from controller.counts.policies import classify, due_at, limits_of
from controller.counts.states import SessionKind, SessionState
from controller.errors import NotFound, Rejected
from controller.sites.queries import bins as bins_by_code
from controller.sites.queries import site as site_of
from controller.tasks.queries import waiting_keys

MOST_BINS = 2000
MOST_COUNTERS = 20
LOOKED_AT = timedelta(days=90)
"""How far back movement makes a class, and a suspicion."""
TREND = 3
"""So many counts in a row that found less."""


class BadPlan(Rejected):
    code = "bad_count_plan"


class NothingToCount(Rejected):
    code = "nothing_to_count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be counted.  `scope`: a class (A, B, C), a zone, or nothing; `bins`: those that were chosen.

    `due_only`: of a class, only what its schedule asks for by now.
    """

    site: str
    kind: SessionKind
    scope: str = ""
    bins: Sequence[str] = ()
    blind: bool = True
    counters: int = 1
    due_only: bool = True
    most: int = MOST_BINS


@dataclass(frozen=True, slots=True, kw_only=True)
class DueBin:
    """A bin with goods, its best class, when it was counted last, and when it is to be again (None: never by plan)."""

    location_id: int
    code: str
    zone: str
    abc: str
    counted_at: datetime | None
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A bin whose numbers are hard to believe, and why: `borrowed`, `unexplained`, `short_pick`, `trend`."""

    location_id: int
    code: str
    why: frozenset[str]


async def plan(wanted: Plan) -> str:
    """Make a session of the bins; its number.  Bins that a session waits for already are left to it.  Records CountPlanned.

    Raises NotFound (site, bin), BadPlan, NothingToCount.
    """
    if not 0 < wanted.counters <= MOST_COUNTERS or not 0 < wanted.most <= MOST_BINS:
        raise BadPlan(f"a session has 1 to {MOST_COUNTERS} counters for a bin and up to {MOST_BINS} bins")
    await site_of(wanted.site)
    async with db.transaction():
        found = await _wanted(wanted)
        busy = await _busy(found)
        bins = [(location, code) for location, code in sorted(found.items(), key=lambda each: each[1]) if location not in busy]
        if not bins:
            raise NothingToCount("no bin is to be counted: there is none like that, or others count them already")
        if len(bins) > wanted.most:
            if wanted.kind in (SessionKind.CHOSEN, SessionKind.ZONE):
                raise BadPlan(f"{len(bins)} bins are too many for one session: expected up to {wanted.most}")
            bins = bins[: wanted.most]
        return await _make(wanted, bins)


async def _make(wanted: Plan, bins: Sequence[tuple[int, str]]) -> str:
    rows = await db.fetch(
        "INSERT INTO count_session (site, kind, scope, blind, counters, state, created_at, created_by) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        *(wanted.site, wanted.kind.value, wanted.scope, wanted.blind, wanted.counters, SessionState.PLANNED.value),
        *(db.now(), events.actor().actor),
    )
    session_id = int(rows[0]["id"])
    columns = ("session_id", "location_id", "code", "round", "parts", "extra")
    await db.insert_many("count_bin", columns, [(session_id, location, code, 1, 0, False) for location, code in bins])
    number = SESSIONS.number(session_id)
    told = CountPlanned(kind=wanted.kind.value, scope=wanted.scope, bins=len(bins))
    await events.record(told, subject=number, site=wanted.site)
    return number


async def _wanted(wanted: Plan) -> dict[int, str]:
    """Codes by location."""
    match wanted.kind:
        case SessionKind.CHOSEN:
            found = await bins_by_code(wanted.site, list(wanted.bins))
            missing = next((code for code in wanted.bins if code not in found), None)
            if missing is not None:
                raise NotFound("bin", missing)
            return {place.id: place.code for place in found.values()}
        case SessionKind.ZONE:
            rows = await db.fetch(
                "SELECT id, code FROM location WHERE site_id = ? AND kind = 'bin' AND zone = ? ORDER BY code",
                wanted.site,
                wanted.scope,
            )
            return {row["id"]: row["code"] for row in rows}
        case SessionKind.CLASS:
            now = db.now()
            due = [each for each in await due_bins(wanted.site) if not wanted.scope or each.abc == wanted.scope]
            asked = [each for each in due if not wanted.due_only or (each.due is not None and each.due <= now)]
            return {each.location_id: each.code for each in asked}
        case SessionKind.SUSPICION:
            return {each.location_id: each.code for each in await suspects(wanted.site)}
        case _:
            raise BadPlan(f"a session of kind {wanted.kind.value} is made by counting, not by planning")


async def _busy(locations: Iterable[int]) -> set[int]:
    rows = await db.fetch(
        "SELECT b.location_id FROM count_bin b JOIN count_session s ON s.id = b.session_id "
        f"WHERE {db.among('b.location_id')} AND b.done_at IS NULL AND s.state IN ('planned', 'open', 'review')",
        db.listing(sorted(locations)),
    )
    return {row["location_id"] for row in rows}


async def due_bins(site: str) -> list[DueBin]:
    """Every bin of a site that holds goods, what is due longest first, and what is never due last."""
    rows = await db.fetch(
        "SELECT l.id, l.code, l.zone, MIN(COALESCE(k.abc, 'C')) AS abc, "
        "(SELECT MAX(c.done_at) FROM count_bin c JOIN count_session s ON s.id = c.session_id "
        "WHERE c.location_id = l.id AND s.state <> 'cancelled') AS counted_at "
        "FROM location l JOIN balance b ON b.location_id = l.id AND (b.on_hand > 0 OR b.borrowed > 0) "
        "LEFT JOIN sku_class k ON k.site = l.site_id AND k.sku_id = b.sku_id "
        "WHERE l.site_id = ? AND l.kind = 'bin' GROUP BY l.id, l.code, l.zone ORDER BY l.code",
        site,
    )
    said, never = await policies(), datetime.max.replace(tzinfo=db.now().tzinfo)
    days = {abc: limits_of(said, site, abc).days for abc in ("A", "B", "C")}
    since = db.now().replace(second=0, microsecond=0)  # never counted: due already
    found = []
    for row in rows:
        counted_at = _instant(row["counted_at"])
        due = due_at(counted_at, days[row["abc"]], since)
        found.append(
            DueBin(location_id=row["id"], code=row["code"], zone=row["zone"], abc=row["abc"], counted_at=counted_at, due=due)
        )
    return sorted(found, key=lambda each: (each.due or never, each.counted_at or since, each.abc, each.code))


def _instant(value: object) -> datetime | None:
    """A column that went through MAX is text on SQLite."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value if isinstance(value, datetime) else None


async def suspects(site: str) -> list[Suspect]:
    """Bins that gave more than was known, whose pickers found too little, or that were found short again and again."""
    since = db.now() - LOOKED_AT
    reasons: dict[tuple[int, str], set[str]] = defaultdict(set)
    for row in await db.fetch(
        "SELECT DISTINCT l.id, l.code FROM balance b JOIN location l ON l.id = b.location_id "
        "WHERE l.site_id = ? AND l.kind = 'bin' AND b.borrowed > 0",
        site,
    ):
        reasons[row["id"], row["code"]].add("borrowed")
    for row in await db.fetch(
        "SELECT DISTINCT l.id, l.code FROM stock_movement m JOIN location l ON l.id = m.to_location_id "
        "WHERE l.site_id = ? AND l.kind = 'bin' AND m.reason = 'unexplained' AND m.occurred_at > ? AND NOT EXISTS "
        "(SELECT 1 FROM count_bin c WHERE c.location_id = l.id AND c.done_at > m.occurred_at)",
        *(site, since),
    ):
        reasons[row["id"], row["code"]].add("unexplained")
    for row in await _short_picks(site):
        reasons[row["id"], row["code"]].add("short_pick")
    for row in await _trends(site):
        reasons[row["id"], row["code"]].add("trend")
    return [
        Suspect(location_id=place, code=code, why=frozenset(why))
        for (place, code), why in sorted(reasons.items(), key=lambda e: e[0][1])
    ]


async def _short_picks(site: str) -> list[db.Row]:
    """Bins in which a picker found less than the list wanted, until they are counted."""
    prefix = f"shelf:{site}/"
    codes = [key.removeprefix(prefix) for key in await waiting_keys("shelf_short") if key.startswith(prefix)]
    where = f"site_id = ? AND kind = 'bin' AND {db.among('code')}"
    return await db.fetch(f"SELECT id, code FROM location WHERE {where}", site, db.listing(sorted(codes)))


async def _trends(site: str) -> list[db.Row]:
    return await db.fetch(
        "SELECT DISTINCT l.id, l.code FROM (SELECT r.location_id, r.sku_id, r.variance, "
        "ROW_NUMBER() OVER (PARTITION BY r.location_id, r.sku_id ORDER BY r.id DESC) AS nth FROM count_row r "
        "WHERE r.state = 'accepted') t JOIN location l ON l.id = t.location_id WHERE l.site_id = ? AND t.nth <= ? "
        "GROUP BY l.id, l.code, t.sku_id HAVING COUNT(*) = ? AND MAX(t.variance) < 0",
        *(site, TREND, TREND),
    )


async def classify_site(site: str) -> dict[int, str]:
    """Say anew what is A, B and C at a site, by what went to customers; by SKU."""
    rows = await db.fetch(
        "SELECT m.sku_id, SUM(m.quantity) AS gone FROM stock_movement m JOIN location t ON t.id = m.to_location_id "
        "WHERE t.site_id = ? AND t.kind = 'customer' AND m.occurred_at > ? GROUP BY m.sku_id",
        *(site, db.now() - LOOKED_AT),
    )
    goods = await goods_of((row["sku_id"] for row in rows), site)
    values = {row["sku_id"]: goods[row["sku_id"]].cost.of(int(row["gone"])) for row in rows if row["sku_id"] in goods}
    classes = classify(values)
    async with db.transaction():
        await db.execute("DELETE FROM sku_class WHERE site = ?", site)
        columns = ("site", "sku_id", "abc", "value_minor", "classified_at")
        await db.insert_many(
            "sku_class", columns, [(site, sku, abc, values[sku], db.now()) for sku, abc in sorted(classes.items())]
        )
    return classes
