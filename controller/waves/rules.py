"""The rules of a site: rows that people change, each with what it asks of an order, how much a wave takes, and when it composes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from controller import db, events
from controller.errors import NotFound, Rejected, StaleVersion
from controller.sites.queries import site as site_of
from controller.waves.events import WaveRuleChanged
from controller.waves.policies import Match, Terms
from controller.waves.states import Mode, Timing

MOST_RULES = 50
MOST_LISTS = 5000
MOST_TOTES = 50
MOST_TIMES = 24
MOST_WORDS = 30
"""Channels, carriers, zones that one condition names."""
WHAT = "rule of waves"


class BadWaveRule(Rejected):
    """Which field it is about, and what it takes."""

    code = "bad_wave_rule"

    def __init__(self, field_name: str, expected: str) -> None:
        super().__init__(f"`{field_name}`: expected {expected}")
        self.field = field_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """See `models.WaveRule`.  `id` 0: a new one.  `times` of the site's day, for `Timing.AT`."""

    id: int = 0
    site: str
    name: str
    priority: int = 100
    is_active: bool = True
    match: Match = field(default_factory=Match)
    mode: Mode = Mode.SINGLE
    totes: int = 1
    max_lists: int = 50
    max_lines: int | None = None
    max_units: int | None = None
    timing: Timing = Timing.HAND
    every_minutes: int | None = None
    times: tuple[time, ...] = ()
    waiting: int | None = None
    releases: bool = False
    due_at: datetime | None = None
    version: int = 0

    @property
    def terms(self) -> Terms:
        return Terms(
            id=self.id,
            name=self.name,
            match=self.match,
            mode=self.mode,
            totes=self.totes,
            max_lists=self.max_lists,
            max_lines=self.max_lines,
            max_units=self.max_units,
        )


def checked(rule: Rule) -> Rule:
    """The rule with what its timing does not need left out.  Pure.  Raises BadWaveRule."""
    bounds: list[tuple[str, int | None, int, int]] = [
        ("priority", rule.priority, 0, 10_000),
        ("totes", rule.totes, 1, MOST_TOTES),
        ("max_lists", rule.max_lists, 1, MOST_LISTS),
        ("max_lines", rule.max_lines, 1, 1_000_000),
        ("max_units", rule.max_units, 1, 10**9),
        ("every_minutes", rule.every_minutes, 1, 1440),
        ("waiting", rule.waiting, 1, MOST_LISTS),
        ("due_minutes", rule.match.due_minutes, 1, 60 * 24 * 30),
    ]
    for name, value, low, high in bounds:
        if value is not None and not low <= value <= high:
            raise BadWaveRule(name, f"a whole number from {low} to {high}")
    if not (rule.name.strip() and len(rule.name.strip()) <= 80 and rule.name.isprintable()):
        raise BadWaveRule("name", "1 to 80 characters on one line")
    for name, words in (("channels", rule.match.channels), ("zones", rule.match.zones), ("carriers", rule.match.carriers)):
        if len(words) > MOST_WORDS:
            raise BadWaveRule(name, f"at most {MOST_WORDS} of them")
    _check_timing(rule)
    return replace(
        rule,
        name=rule.name.strip(),
        totes=rule.totes if rule.mode is Mode.CLUSTER else 1,
        every_minutes=rule.every_minutes if rule.timing is Timing.EVERY else None,
        times=tuple(sorted(set(rule.times))) if rule.timing is Timing.AT else (),
        waiting=rule.waiting if rule.timing is Timing.WAITING else None,
    )


def _check_timing(rule: Rule) -> None:
    """Raises BadWaveRule."""
    if rule.timing is Timing.EVERY and rule.every_minutes is None:
        raise BadWaveRule("every_minutes", "how many minutes lie between two waves")
    if rule.timing is Timing.AT and not 0 < len(set(rule.times)) <= MOST_TIMES:
        raise BadWaveRule("times", f"1 to {MOST_TIMES} times of the day, such as 08:00 14:30")
    if rule.timing is Timing.WAITING and rule.waiting is None:
        raise BadWaveRule("waiting", "how many orders must wait")


def next_turn(rule: Rule, at: datetime, time_zone: str) -> datetime | None:
    """When a rule is to compose next after an instant, by the clock on the wall of the site; None: never by time.  Pure."""
    if not rule.is_active:
        return None
    if rule.timing is Timing.EVERY and rule.every_minutes is not None:
        return at + timedelta(minutes=rule.every_minutes)
    if rule.timing is Timing.AT:
        zone = ZoneInfo(time_zone)
        local = at.astimezone(zone)
        days = (local.date() + timedelta(days=number) for number in range(3))
        turns = (datetime.combine(day, turn, zone).astimezone(at.tzinfo) for day in days for turn in rule.times)
        return next((turn for turn in turns if turn > at), None)
    return None


async def rules(site: str, *, active_only: bool = False) -> list[Rule]:
    """In the order in which they are asked."""
    only = "AND is_active" if active_only else ""
    rows = await db.fetch(f"SELECT * FROM wave_rule WHERE site = ? {only} ORDER BY priority, id", site)  # noqa: S608 -- ours
    return [_rule(row) for row in rows]


async def rule(rule_id: int) -> Rule:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM wave_rule WHERE id = ?", rule_id)
    if not rows:
        raise NotFound(WHAT, rule_id)
    return _rule(rows[0])


async def put_rule(wanted: Rule) -> Rule:
    """Add a rule (`id` 0) or change one, which must be as it was read (`version`); as it is stored.

    Records WaveRuleChanged.  Raises BadWaveRule, NotFound, StaleVersion.
    """
    good = checked(wanted)
    async with db.transaction():
        at = await site_of(good.site)
        values = (*_values(good), next_turn(good, db.now(), at.time_zone))
        try:
            rule_id = await (_change(good, values) if good.id else _add(good.site, values))
        except db.ConstraintViolated as error:
            raise BadWaveRule("name", "a name that no other rule of the site has") from error
        told = WaveRuleChanged(rule=good.name, change="changed" if good.id else "added")
        await events.record(told, subject=good.site, site=good.site)
        return await rule(rule_id)


_COLUMNS = (
    *("name", "priority", "is_active", "matches", "mode", "totes", "max_lists", "max_lines", "max_units", "timing"),
    *("every_minutes", "at_times", "waiting", "releases", "due_at"),
)


def _values(good: Rule) -> tuple[object, ...]:
    matches = msgspec.json.encode(good.match).decode()
    times = " ".join(f"{turn:%H:%M}" for turn in good.times)
    limits = (good.mode.value, good.totes, good.max_lists, good.max_lines, good.max_units)
    when = (good.timing.value, good.every_minutes, times, good.waiting, good.releases)
    return (good.name, good.priority, good.is_active, matches, *limits, *when)


async def _add(site: str, values: Sequence[object]) -> int:
    """Raises BadWaveRule, ConstraintViolated."""
    counted = await db.fetch("SELECT COUNT(*) AS n FROM wave_rule WHERE site = ?", site)
    if counted[0]["n"] >= MOST_RULES:
        raise BadWaveRule("name", f"at most {MOST_RULES} rules of a site: remove one first")
    async with db.savepoint():
        rows = await db.fetch(
            f"INSERT INTO wave_rule (site, {', '.join(_COLUMNS)}) "  # noqa: S608 -- columns of ours
            f"VALUES (?, {', '.join('?' * len(_COLUMNS))}) RETURNING id",
            *(site, *values),
        )
    return int(rows[0]["id"])


async def _change(good: Rule, values: Sequence[object]) -> int:
    """Raises NotFound, StaleVersion, ConstraintViolated."""
    async with db.savepoint():
        changed = await db.execute(
            f"UPDATE wave_rule SET {', '.join(f'{name} = ?' for name in _COLUMNS)}, version = version + 1 "  # noqa: S608 -- ours
            "WHERE id = ? AND site = ? AND version = ?",
            *(*values, good.id, good.site, good.version),
        )
    if not changed:
        if (await rule(good.id)).site != good.site:
            raise NotFound(WHAT, good.id)
        raise StaleVersion(WHAT, good.name)
    return good.id


async def remove_rule(rule_id: int, *, site: str) -> None:
    """Waves that it composed stay.  Records WaveRuleChanged.  Raises NotFound."""
    async with db.transaction():
        rows = await db.fetch("DELETE FROM wave_rule WHERE id = ? AND site = ? RETURNING name", rule_id, site)
        if not rows:
            raise NotFound(WHAT, rule_id)
        await events.record(WaveRuleChanged(rule=rows[0]["name"], change="removed"), subject=site, site=site)


def _rule(row: db.Row) -> Rule:
    same = ("id", "site", "name", "priority", "totes", "max_lists", "max_lines", "max_units", "every_minutes", "waiting")
    return Rule(
        match=msgspec.json.decode(row["matches"], type=Match),
        is_active=bool(row["is_active"]),
        mode=Mode(row["mode"]),
        timing=Timing(row["timing"]),
        times=tuple(time.fromisoformat(word) for word in row["at_times"].split()),
        releases=bool(row["releases"]),
        due_at=row["due_at"],
        version=row["version"],
        **{name: row[name] for name in same},
    )
