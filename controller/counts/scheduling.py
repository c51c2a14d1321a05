"""Sessions that plan themselves at sites that want it: of a class, of a zone, or of suspicion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller import db, events
from controller.counts.planning import MOST_BINS, MOST_COUNTERS, BadPlan, NothingToCount, Plan, plan
from controller.counts.states import SessionKind
from controller.errors import NotFound
from controller.sites.policies import BusinessDays
from controller.sites.queries import site as site_of

PLANNED = (SessionKind.CLASS, SessionKind.ZONE, SessionKind.SUSPICION)
"""What can be planned without naming bins."""
MOST_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Every `every_days` days, when the business day begins, a session of at most `most` bins (a class: of those that are due).

    `next_at`: when next, unless it is paused; `last_no`: the session that it planned last.
    """

    site: str
    kind: SessionKind
    scope: str = ""
    every_days: int
    blind: bool = True
    counters: int = 1
    most: int = MOST_BINS
    next_at: datetime | None = None
    last_no: str | None = None
    is_paused: bool = False


async def set_schedule(schedule: Schedule) -> Schedule:
    """Plan so from the next business day on; `every_days` 0: not any more.  As it is then.  Raises BadPlan, NotFound (site)."""
    if schedule.kind not in PLANNED:
        raise BadPlan(f"a session of kind {schedule.kind.value} is not planned by a schedule")
    if (schedule.kind is SessionKind.ZONE) != bool(schedule.scope) and schedule.kind is not SessionKind.CLASS:
        raise BadPlan("a zone is planned by its name, suspicion for the whole site")
    if schedule.scope not in ("", "A", "B", "C") and schedule.kind is SessionKind.CLASS:
        raise BadPlan(f"class {schedule.scope!r}: expected A, B, C or none")
    if not (0 <= schedule.every_days <= MOST_DAYS and 0 < schedule.counters <= MOST_COUNTERS and 0 < schedule.most <= MOST_BINS):
        raise BadPlan(f"a schedule has 0 to {MOST_DAYS} days, 1 to {MOST_COUNTERS} counters for a bin and up to {MOST_BINS} bins")
    next_at = await _business_day(schedule.site, 1)
    key = (schedule.site, schedule.kind.value, schedule.scope)
    if not schedule.every_days:
        await db.execute("DELETE FROM count_schedule WHERE site = ? AND kind = ? AND scope = ?", *key)
        return schedule
    await db.execute(
        "INSERT INTO count_schedule (site, kind, scope, every_days, blind, counters, most, next_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (site, kind, scope) DO UPDATE SET every_days = excluded.every_days, blind = excluded.blind, "
        "counters = excluded.counters, most = excluded.most, "
        "next_at = CASE WHEN count_schedule.every_days = excluded.every_days THEN count_schedule.next_at ELSE excluded.next_at END",
        *(*key, schedule.every_days, schedule.blind, schedule.counters, schedule.most, next_at),
    )
    return next(each for each in await schedules(schedule.site) if (each.kind, each.scope) == (schedule.kind, schedule.scope))


async def pause(site: str, kind: SessionKind, scope: str, *, is_paused: bool) -> None:
    """Plan nothing by it until it is let go on, from the next business day at the earliest.  Raises NotFound."""
    next_at = await _business_day(site, 1)
    changed = await db.execute(
        "UPDATE count_schedule SET is_paused = ?, next_at = CASE WHEN next_at < ? THEN ? ELSE next_at END "
        "WHERE site = ? AND kind = ? AND scope = ?",
        *(is_paused, db.now(), next_at, site, kind.value, scope),
    )
    if not changed:
        raise NotFound("schedule of counts", f"{kind.value} {scope}".strip())


async def schedules(site: str) -> list[Schedule]:
    rows = await db.fetch("SELECT * FROM count_schedule WHERE site = ? ORDER BY kind, scope", site)
    return [_schedule(row) for row in rows]


def _schedule(row: db.Row) -> Schedule:
    named = {name: row[name] for name in ("site", "scope", "every_days", "counters", "most", "next_at", "last_no")}
    return Schedule(kind=SessionKind(row["kind"]), blind=bool(row["blind"]), is_paused=bool(row["is_paused"]), **named)


async def plan_due() -> list[str]:
    """Plan what is due by now, once, however many processes ask; the numbers of the sessions.  Records CountPlanned.

    A turn that was missed is not made up for: the next one finds what is due by then.  Bins that another session waits for are
    left to it, and where nothing is left to count there is none.
    """
    rows = await db.fetch("SELECT * FROM count_schedule WHERE next_at <= ? AND NOT is_paused ORDER BY id", db.now())
    numbers = []
    for row in rows:
        number = await _take_turn(row)
        if number is not None:
            numbers.append(number)
    return numbers


async def _take_turn(row: db.Row) -> str | None:
    schedule = _schedule(row)
    wanted = Plan(
        site=schedule.site,
        kind=schedule.kind,
        scope=schedule.scope,
        blind=schedule.blind,
        counters=schedule.counters,
        most=schedule.most,
    )
    with events.acting("system", f"schedule {row['id']}"):
        async with db.transaction():
            next_at = await _business_day(schedule.site, schedule.every_days)
            taken = await db.execute(
                "UPDATE count_schedule SET next_at = ? WHERE id = ? AND next_at = ? AND NOT is_paused",
                next_at,
                row["id"],
                row["next_at"],
            )
            if not taken:
                return None
        return await _plan(row["id"], wanted)


async def _plan(schedule_id: int, wanted: Plan) -> str | None:
    """In a transaction of its own: one that cannot be planned must not hold up the others, nor come again at each look."""
    try:
        async with db.transaction():
            number = await plan(wanted)
            await db.execute("UPDATE count_schedule SET last_no = ? WHERE id = ?", number, schedule_id)
    except (NothingToCount, BadPlan):
        return None
    return number


async def _business_day(site: str, days: int) -> datetime:
    """When the site's business day begins, so many days from the one that is now.  Raises NotFound."""
    found = await site_of(site)
    business = BusinessDays(found.time_zone, found.day_starts)
    return business.begins(business.day_of(db.now()) + timedelta(days=days))
