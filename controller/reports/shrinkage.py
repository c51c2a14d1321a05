"""What shrank and why: by what the ledger calls it, and by the reason that people gave."""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from controller import db
from controller.counts.numbers import document
from controller.reports.goods import filters, worth
from controller.reports.model import Asked, Bar, Column, Report, Row, Unit
from controller.sites.policies import BusinessDays
from controller.sites.queries import SiteRow, sites
from controller.stock.states import Reason

_MAX_SITES = 10_000
_LONGEST = 60
_OF_COUNTS = frozenset({Reason.COUNTED.value, Reason.COUNT_CORRECTED.value, Reason.COUNT_UNDONE.value})
_ADJUSTMENT = "adjustment: "
"""How documents of adjustments begin (`controller.stock.operations.adjust`); then the reason, and a note in brackets."""
_BY_HAND = frozenset({Reason.ADJUSTED.value, Reason.RETRACTED.value})
Counted = tuple[str, int, int]
"""Document of a count, location, SKU."""


@dataclass(slots=True)
class _Sum:
    """Base units of a SKU that left for nowhere, and that came from there; `sku` has its name and price."""

    sku: db.Row
    lost: int = 0
    found: int = 0


def why_of(reason: str, told: str, counted: str) -> tuple[str, str]:
    """What an entry is called, and why it was booked, as a person said it: of an adjustment, or of a count's row (`counted`).

    An adjustment that was taken back is one still: the two of them are nothing.
    """
    if reason in _OF_COUNTS:
        return reason, counted
    if reason not in _BY_HAND or not told.startswith(_ADJUSTMENT):
        return reason, ""
    code, _, _ = told.removeprefix(_ADJUSTMENT).partition(" (")
    return Reason.ADJUSTED.value, code[:_LONGEST]


async def _places(asked: Asked) -> list[SiteRow]:
    only = asked.sites if not asked.site else [asked.site] if asked.sites is None or asked.site in asked.sites else []
    return await sites(limit=_MAX_SITES, only=only)


async def _entries(asked: Asked, place: SiteRow) -> list[db.Row]:
    """In the business days of the site; lots that were taken for each other are no loss."""
    text, values = filters(asked, site="x.site_id")
    days = BusinessDays(place.time_zone, place.day_starts)
    begin, end = days.begins(asked.first), days.begins(asked.last + timedelta(days=1))
    one = (
        "SELECT l.site_id, m.reason, m.document, m.{other}_location_id AS place, m.sku_id, {sums} FROM location l "
        "JOIN stock_movement m ON m.{end}_location_id = l.id WHERE l.site_id = ? AND l.kind IN ('loss', 'discrepancy') "
        "AND m.reason <> 'lot_corrected' AND m.occurred_at >= ? AND m.occurred_at < ?"
    )
    lost = one.format(other="from", end="to", sums="m.quantity AS lost, 0 AS found")
    found = one.format(other="to", end="from", sums="0, m.quantity")
    return await db.fetch(
        "SELECT x.site_id, x.reason, x.document, x.place, x.sku_id, s.code, s.name_en, s.name_zh, s.base_unit, s.price_minor, "
        f"s.currency, SUM(x.lost) AS lost, SUM(x.found) AS found FROM ({lost} UNION ALL {found}) x JOIN sku s ON s.id = x.sku_id "
        f"JOIN product p ON p.id = s.product_id WHERE 1 = 1 {text} GROUP BY x.site_id, x.reason, x.document, x.place, x.sku_id, "
        "s.code, s.name_en, s.name_zh, s.base_unit, s.price_minor, s.currency",
        *(place.id, begin, end, place.id, begin, end, *values),
    )


async def _counted(entries: Iterable[db.Row]) -> dict[Counted, str]:
    """The reason that was given for what a count found of a SKU in a bin."""
    asked = {row["sku_id"] for row in entries if row["reason"] in _OF_COUNTS}
    rows = await db.fetch(
        "SELECT session_id, round, location_id, sku_id, reason FROM count_row "
        f"WHERE {db.among('sku_id')} AND reason IS NOT NULL ORDER BY id",
        db.listing(sorted(asked)),
    )
    return {(document(row["session_id"], row["round"]), row["location_id"], row["sku_id"]): row["reason"] for row in rows}


async def _shrunk(asked: Asked) -> list[tuple[str, str, _Sum]]:
    """By site, reason and why, and SKU."""
    found: dict[tuple[str, str, str, int], _Sum] = {}
    for place in await _places(asked):
        entries = await _entries(asked, place)
        counted = await _counted(entries)
        for row in entries:
            reason, why = _said(row, counted)
            sums = found.setdefault((place.id, reason, why, row["sku_id"]), _Sum(row))
            sums.lost += int(row["lost"])
            sums.found += int(row["found"])
    return [(reason, why, sums) for (_, reason, why, _), sums in found.items() if sums.lost or sums.found]


def _said(row: db.Row, counted: Mapping[Counted, str]) -> tuple[str, str]:
    told = row["document"] or ""
    return why_of(row["reason"], told, counted.get((told, row["place"], row["sku_id"]), ""))


async def _rows(asked: Asked, after: str, limit: int) -> list[Row]:
    made = {_key(each): each for each in await _shrunk(asked)}
    return [Row(key, _cells(*made[key])) for key in sorted(made) if key > after][:limit]


def _key(each: tuple[str, str, _Sum]) -> str:
    reason, why, sums = each
    return f"{sums.sku['site_id']}:{reason}:{why}:{sums.sku['sku_id']:018d}"


def _cells(reason: str, why: str, sums: _Sum) -> Sequence[str | int]:
    sku, net = sums.sku, sums.lost - sums.found
    value = worth(abs(net), int(sku["price_minor"]), sku["base_unit"]) * (1 if net >= 0 else -1)
    named = (sku["site_id"], sku["code"], sku["name_en"], sku["name_zh"], reason, why)
    return [*named, sums.lost, sums.found, net, value, sku["currency"]]


async def _bars(asked: Asked) -> list[Bar]:
    by_reason: dict[str, int] = defaultdict(int)
    for reason, why, sums in await _shrunk(asked):
        by_reason[why or reason] += sums.lost - sums.found
    return [Bar(reason, max(value, 0)) for reason, value in sorted(by_reason.items(), key=lambda pair: (-pair[1], pair[0]))]


SHRINKAGE = Report(
    "shrinkage",
    (
        *(Column("site", Unit.CODE), Column("sku", Unit.CODE), Column("name_en", Unit.TEXT), Column("name_zh", Unit.TEXT)),
        Column("reason", Unit.TEXT),
        Column("why", Unit.TEXT),
        Column("lost"),
        Column("found"),
        Column("net"),
        Column("sales_value", Unit.MONEY),
        Column("currency", Unit.CODE),
    ),
    _rows,
    _bars,
)
