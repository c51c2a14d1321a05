"""Waves made of what waits at a site: shown first, then stored as a plan; by a person, or when a rule's time has come."""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Sequence

from controller import db, events
from controller.sites.queries import site as site_of
from controller.waves.events import WaveComposed
from controller.waves.numbers import WAVES
from controller.waves.operations import release
from controller.waves.policies import Composed, Planned, compose
from controller.waves.reading import waiting
from controller.waves.rules import Rule, checked, next_turn, rules
from controller.waves.states import PartState, Timing, WaveState

_PART_COLUMNS = ("wave_id", "order_id", "site", "position", "cluster", "state", "lines", "units", "why")


async def preview(site: str, *, draft: Rule | None = None) -> Composed:
    """What composing would do now, with nothing stored; `draft`: as if this rule were among them, or changed so.

    Raises BadWaveRule (the draft).
    """
    known = [rule for rule in await rules(site, active_only=True) if draft is None or rule.id != draft.id]
    if draft is not None:
        known.append(checked(draft))
    return await _composed(site, sorted(known, key=lambda rule: (rule.priority, rule.id == 0, rule.id)))


async def _composed(site: str, known: Sequence[Rule]) -> Composed:
    terms = [rule.terms for rule in known]
    return compose(await waiting(site, terms), terms, at=db.now())


async def compose_waves(site: str, *, only: Collection[int] | None = None) -> list[str]:
    """Store the waves that all rules together make of what waits; those of some rules, None: of all; their numbers.

    Records WaveComposed.
    """
    async with db.transaction():
        # who composes for one site takes turns: the second finds what the first left
        await db.fetch(f"SELECT id FROM wave_rule WHERE site = ? ORDER BY id{db.for_update()}", site)
        found = await _composed(site, await rules(site, active_only=True))
        return [await _store(site, planned) for planned in found.waves if only is None or planned.rule.id in only]


async def _store(site: str, planned: Planned) -> str:
    rule, parts = planned.rule, [one.part for one in planned.members]
    rows = await db.fetch(
        "INSERT INTO wave (site, rule_id, rule, mode, totes, state, due_at, composed_at, composed_by) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        *(site, rule.id, rule.name, rule.mode.value, rule.totes, WaveState.COMPOSED.value, planned.due_at),
        *(db.now(), events.actor().actor),
    )
    wave_id = int(rows[0]["id"])
    state = PartState.WAITING.value
    await db.insert_many(
        "wave_part",
        _PART_COLUMNS,
        [
            (wave_id, one.part.order_id, site, position, one.cluster, state, one.part.lines, one.part.units, " ".join(one.because))
            for position, one in enumerate(planned.members, 1)
        ],
    )
    lines, units = sum(part.lines for part in parts), sum(part.units for part in parts)
    told = WaveComposed(rule=rule.name, lists=len(parts), lines=lines, units=units)
    await events.record(told, subject=WAVES.number(wave_id), site=site)
    return WAVES.number(wave_id)


# --- by time --------------------------------------------------------------------------------------------------------------------


async def compose_due() -> list[str]:
    """Compose what is due by now, once, however many processes ask; the numbers of the waves.

    A turn that was missed is not made up for: the next one finds what waits by then.
    """
    numbers: list[str] = []
    for row in await db.fetch(
        "SELECT id, site FROM wave_rule WHERE is_active AND due_at <= ? ORDER BY site, priority, id", db.now()
    ):
        if await _takes_turn(row["id"], row["site"]):
            numbers += await _by_itself(row["site"], [row["id"]])
    sites = await db.fetch("SELECT DISTINCT site FROM wave_rule WHERE is_active AND timing = ? ORDER BY site", Timing.WAITING.value)
    for row in sites:
        if ready := await _enough(row["site"]):
            numbers += await _by_itself(row["site"], ready)
    return numbers


async def _takes_turn(rule_id: int, site: str) -> bool:
    """One of those that see a rule due takes its turn: whose UPDATE finds it as it was read."""
    at = await site_of(site)
    async with db.transaction():
        found = [rule for rule in await rules(site, active_only=True) if rule.id == rule_id]
        if not found or found[0].due_at is None or found[0].due_at > db.now():
            return False
        turn = next_turn(found[0], db.now(), at.time_zone)
        return bool(await db.execute("UPDATE wave_rule SET due_at = ? WHERE id = ? AND due_at = ?", turn, rule_id, found[0].due_at))


async def _enough(site: str) -> list[int]:
    """The rules for which as many orders wait as they want."""
    known = await rules(site, active_only=True)
    found = await _composed(site, known)
    fits = {rule.id: sum(len(one.members) for one in found.waves if one.rule.id == rule.id) for rule in known}
    return [rule.id for rule in known if rule.waiting is not None and fits[rule.id] >= rule.waiting]


async def _by_itself(site: str, only: Collection[int]) -> list[str]:
    """Compose by these rules, and release what their rules say is released at once."""
    with events.acting("system", "wave rules"):
        async with db.transaction():
            numbers = await compose_waves(site, only=only)
            rows = await db.fetch(
                "SELECT w.id FROM wave w JOIN wave_rule r ON r.id = w.rule_id "
                f"WHERE r.releases AND {db.among('w.id')} ORDER BY w.id",
                db.listing([WAVES.row_id(number) for number in numbers]),
            )
            for row in rows:
                await release(WAVES.number(row["id"]))
    return numbers
