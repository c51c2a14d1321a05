"""Reads of replenishment: proposals, one with its picture, runs, levels, alerts, rules."""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from controller import db
from controller.errors import NotFound

OPEN = ("proposed", "changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRow:
    """A proposal as people see it; quantities in base units, value in minor units of `currency`."""

    id: int
    kind: str
    site_id: str
    source: str
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    supplier: str | None
    supplier_name: str | None
    currency: str | None
    minimum_minor: int | None
    state: str
    quantity: int
    proposed: int
    pack: int
    value_minor: int | None
    days_left_tenths: int | None
    created_at: datetime
    changed_at: datetime
    decided_by: str | None
    reason: str | None
    document: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which proposals; empty: any.  `state` open: proposed and changed; `supplier` -: those that nobody sells."""

    state: str = "open"
    site: str = ""
    supplier: str = ""
    kind: str = ""
    source: str = ""


_PROPOSAL = (
    "SELECT p.id, p.kind, p.site_id, p.source, k.code AS sku, k.name_en, k.name_zh, k.base_unit, s.code AS supplier, "
    "s.name AS supplier_name, s.currency, s.minimum_minor, p.state, p.quantity, p.proposed, p.pack, p.value_minor, "
    "p.days_left_tenths, p.created_at, p.changed_at, p.decided_by, p.reason, p.document "
    "FROM replenishment_proposal p JOIN sku k ON k.id = p.sku_id LEFT JOIN supplier s ON s.id = p.supplier_id "
)


async def proposals(asked: Asked, *, after: int = 0, limit: int = 50, sites: Collection[str] | None = None) -> list[ProposalRow]:
    """In order of id; at `sites`, None: at all."""
    where, values = ["p.id > ?"], [after]
    conditions: list[tuple[str, object]] = []
    if asked.state == "open":
        where.append("p.state IN ('proposed', 'changed')")
    elif asked.state:
        conditions.append(("p.state = ?", asked.state))
    if asked.supplier == "-":
        where.append("p.supplier_id IS NULL")
    named = (("p.site_id", asked.site), ("s.code", asked.supplier), ("p.kind", asked.kind), ("p.source", asked.source))
    for column, value in named:
        if value and value != "-":
            conditions.append((f"{column} = ?", value))
    if sites is not None:
        conditions.append((db.among("p.site_id"), db.listing(sorted(sites))))
    text = " AND ".join([*where, *(condition for condition, _ in conditions)])
    rows = await db.fetch(f"{_PROPOSAL} WHERE {text} ORDER BY p.id LIMIT ?", *values, *(value for _, value in conditions), limit)
    return [ProposalRow(**row) for row in rows]


async def proposal(proposal_id: int, sites: Collection[str] | None = None) -> tuple[ProposalRow, dict[str, object]]:
    """With its explanation.  Raises NotFound, also for a site that is not among `sites`."""
    rows = await db.fetch(f"{_PROPOSAL} WHERE p.id = ?", proposal_id)
    if not rows or (sites is not None and rows[0]["site_id"] not in sites):
        raise NotFound("proposal", proposal_id)
    told = await db.fetch("SELECT explanation FROM replenishment_proposal WHERE id = ?", proposal_id)
    return ProposalRow(**rows[0]), json.loads(told[0]["explanation"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Open proposals that one accepting would put into one document."""

    kind: str
    site_id: str
    origin: str
    title: str
    count: int
    value_minor: int | None
    minimum_minor: int | None
    currency: str | None
    days_left_tenths: int | None


async def groups(site: str = "", sites: Collection[str] | None = None) -> list[Group]:
    """By kind, site and supplier or source: the most urgent first."""
    here, values = ("", []) if sites is None else (f"AND {db.among('p.site_id')}", [db.listing(sorted(sites))])
    one, site_values = ("AND p.site_id = ?", [site]) if site else ("", [])
    rows = await db.fetch(
        "SELECT p.kind, p.site_id, COALESCE(s.code, p.source) AS origin, COALESCE(s.name, p.source) AS title, COUNT(*) AS count, "
        "SUM(p.value_minor) AS value_minor, MAX(s.minimum_minor) AS minimum_minor, MAX(s.currency) AS currency, "
        "MIN(p.days_left_tenths) AS days_left_tenths FROM replenishment_proposal p LEFT JOIN supplier s ON s.id = p.supplier_id "
        f"WHERE p.state IN ('proposed', 'changed') {one} {here} "
        "GROUP BY p.kind, p.site_id, COALESCE(s.code, p.source), COALESCE(s.name, p.source)",
        *(*site_values, *values),
    )
    found = [
        Group(**{**row, "value_minor": None if row["value_minor"] is None else int(row["value_minor"]), "count": int(row["count"])})
        for row in rows
    ]
    return sorted(found, key=lambda group: (_urgency(group), group.site_id, group.kind, group.origin))


def _urgency(group: Group) -> int:
    return 10**12 if group.days_left_tenths is None else group.days_left_tenths


async def ids_of(kind: str, site: str, origin: str, limit: int) -> list[int]:
    """The open proposals of a group."""
    rows = await db.fetch(
        "SELECT p.id FROM replenishment_proposal p LEFT JOIN supplier s ON s.id = p.supplier_id WHERE p.kind = ? AND p.site_id = ? "
        "AND COALESCE(s.code, p.source) = ? AND p.state IN ('proposed', 'changed') ORDER BY p.id LIMIT ?",
        *(kind, site, origin, limit),
    )
    return [int(row["id"]) for row in rows]


async def sites_of(proposal_ids: Collection[int]) -> set[str]:
    rows = await db.fetch(
        f"SELECT DISTINCT site_id FROM replenishment_proposal WHERE {db.among('id')}", db.listing(sorted(set(proposal_ids)))
    )
    return {str(row["site_id"]) for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    id: int
    site_id: str
    day: date
    cause: str
    state: str
    done: int
    total: int
    proposals: int
    alerts: int
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    error: str | None


async def runs(*, before: int = 0, limit: int = 50, site: str = "", sites: Collection[str] | None = None) -> list[RunRow]:
    """The newest first; `before`: those with a lower id, 0: all."""
    here, values = ("", []) if sites is None else (f"AND {db.among('site_id')}", [db.listing(sorted(sites))])
    one, site_values = ("AND site_id = ?", [site]) if site else ("", [])
    rows = await db.fetch(
        "SELECT id, site_id, day, cause, state, done, total, proposals, alerts, started_at, ended_at, started_by, error "
        f"FROM replenishment_run WHERE (id < ? OR ? = 0) {one} {here} ORDER BY id DESC LIMIT ?",
        *(before, before, *site_values, *values, limit),
    )
    return [RunRow(**{**row, "day": date.fromordinal(row["day"])}) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """`number`: days, by kind; `value_minor`: of what is too much, at the sales price."""

    id: int
    kind: str
    site_id: str
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    currency: str
    number: int | None
    quantity: int
    value_minor: int
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


_ALERT = (
    "SELECT a.id, a.kind, a.site_id, k.code AS sku, k.name_en, k.name_zh, k.base_unit, k.currency, a.number, a.quantity, "
    "a.value_minor, a.opened_at, a.acknowledged_at, a.acknowledged_by FROM stock_alert a JOIN sku k ON k.id = a.sku_id "
)


async def alerts(
    *, after: int = 0, limit: int = 50, kind: str = "", site: str = "", sites: Collection[str] | None = None
) -> list[AlertRow]:
    """Open ones, in order of id."""
    where: list[tuple[str, object]] = [("a.id > ?", after)]
    where += [(f"{column} = ?", value) for column, value in (("a.kind", kind), ("a.site_id", site)) if value]
    if sites is not None:
        where.append((db.among("a.site_id"), db.listing(sorted(sites))))
    text = " AND ".join(condition for condition, _ in where)
    rows = await db.fetch(
        f"{_ALERT} WHERE a.closed_at IS NULL AND {text} ORDER BY a.id LIMIT ?", *(value for _, value in where), limit
    )
    return [AlertRow(**row) for row in rows]


async def alert(alert_id: int, sites: Collection[str] | None = None) -> AlertRow:
    """Raises NotFound."""
    rows = await db.fetch(f"{_ALERT} WHERE a.id = ?", alert_id)
    if not rows or (sites is not None and rows[0]["site_id"] not in sites):
        raise NotFound("stock alert", alert_id)
    return AlertRow(**rows[0])


async def alert_counts(site: str = "", sites: Collection[str] | None = None) -> dict[str, int]:
    """How many are open, by kind."""
    here, values = ("", []) if sites is None else (f"AND {db.among('site_id')}", [db.listing(sorted(sites))])
    one, site_values = ("AND site_id = ?", [site]) if site else ("", [])
    rows = await db.fetch(
        f"SELECT kind, COUNT(*) AS open FROM stock_alert WHERE closed_at IS NULL {one} {here} GROUP BY kind", *site_values, *values
    )
    return {row["kind"]: int(row["open"]) for row in rows}
