"""Reports that read entries: how old stock is, what shrank and why, how long suppliers take."""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from controller import db
from controller.reports.goods import filters, key_of, place_of, worth
from controller.reports.model import Asked, Bar, Column, Report, Row, Unit
from controller.sites.queries import SiteRow, sites

AGES = (30, 60, 90, 180)
"""Days at which an age group ends; the last one has no end."""
GROUPS = ("to_30", "to_60", "to_90", "to_180", "older")
_MAX_SITES = 10_000
_SHOWN = 2000
"""SKUs at sites that the picture of ages is drawn of."""


def aged(on_hand: int, arrivals: Iterable[tuple[int, int]]) -> list[int]:
    """What is on hand by age group: first in, first out, so that the newest arrivals are what is left.

    `arrivals`: (days ago, base units).  What no arrival explains is older.
    """
    found = [0] * len(GROUPS)
    left = max(on_hand, 0)
    for days, quantity in sorted(arrivals):
        taken = min(left, quantity)
        group = next((place for place, end in enumerate(AGES) if days <= end), len(AGES))
        found[group] += taken
        left -= taken
        if not left:
            break
    found[-1] += left
    return found


async def _ages(asked: Asked, after: str, limit: int) -> list[Row]:
    text, values = filters(asked)
    rows = await db.fetch(
        "SELECT a.site_id, a.sku_id, s.code, s.name_en, s.name_zh, a.on_hand FROM availability a JOIN sku s ON s.id = a.sku_id "
        "JOIN product p ON p.id = s.product_id WHERE (a.site_id, a.sku_id) > (?, ?) AND a.on_hand > 0 "
        f"{text} ORDER BY a.site_id, a.sku_id LIMIT ?",
        *(*place_of(after), *values, limit),
    )
    came = await _arrivals({row["sku_id"] for row in rows}, asked)
    return [
        Row(
            key_of(row),
            [
                *(row["site_id"], row["code"], row["name_en"], row["name_zh"], row["on_hand"]),
                *aged(int(row["on_hand"]), came[row["site_id"], row["sku_id"]]),
            ],
        )
        for row in rows
    ]


async def _arrivals(skus: set[int], asked: Asked) -> dict[tuple[str, int], list[tuple[int, int]]]:
    """What came to each site from outside of it."""
    rows = await db.fetch(
        "SELECT t.site_id, m.sku_id, m.occurred_at, m.quantity FROM stock_movement m JOIN location f ON f.id = m.from_location_id "
        "JOIN location t ON t.id = m.to_location_id "
        f"WHERE {db.among('m.sku_id')} AND f.kind IN ('supplier', 'transit') AND t.kind NOT IN ('supplier', 'transit')",
        db.listing(sorted(skus)),
    )
    today = datetime.combine(asked.last, time.max, UTC)
    found: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        found[row["site_id"], row["sku_id"]].append((max((today - row["occurred_at"]).days, 0), int(row["quantity"])))
    return found


async def _age_bars(asked: Asked) -> list[Bar]:
    rows = await _ages(asked, "", _SHOWN)
    sums = [sum(int(str(row.cells[5 + place])) for row in rows) for place in range(len(GROUPS))]
    return [Bar(name, value) for name, value in zip(("0-30", "31-60", "61-90", "91-180", "> 180"), sums, strict=True)]


async def _places(asked: Asked) -> list[SiteRow]:
    only = asked.sites if not asked.site else [asked.site] if asked.sites is None or asked.site in asked.sites else []
    return await sites(limit=_MAX_SITES, only=only)


async def _shrunk(asked: Asked) -> list[db.Row]:
    """By site, reason and SKU: what left for nowhere and what came from there, in the period of each site's own days."""
    text, values = filters(asked, site="x.site_id")
    found: list[db.Row] = []
    for place in await _places(asked):
        zone = ZoneInfo(place.time_zone)
        begin, end = (
            datetime.combine(day, time.min, zone).astimezone(UTC) for day in (asked.first, asked.last + timedelta(days=1))
        )
        found += await db.fetch(
            "SELECT x.site_id, x.reason, x.sku_id, s.code, s.name_en, s.name_zh, s.base_unit, s.price_minor, s.currency, "
            "SUM(x.lost) AS lost, SUM(x.found) AS found FROM ("
            "SELECT l.site_id, m.reason, m.sku_id, m.quantity AS lost, 0 AS found FROM location l "
            "JOIN stock_movement m ON m.to_location_id = l.id WHERE l.site_id = ? AND l.kind IN ('loss', 'discrepancy') "
            "AND m.occurred_at >= ? AND m.occurred_at < ? UNION ALL "
            "SELECT l.site_id, m.reason, m.sku_id, 0, m.quantity FROM location l "
            "JOIN stock_movement m ON m.from_location_id = l.id WHERE l.site_id = ? AND l.kind IN ('loss', 'discrepancy') "
            "AND m.occurred_at >= ? AND m.occurred_at < ?) x JOIN sku s ON s.id = x.sku_id JOIN product p ON p.id = s.product_id "
            f"WHERE 1 = 1 {text} GROUP BY x.site_id, x.reason, x.sku_id, s.code, s.name_en, s.name_zh, s.base_unit, "
            "s.price_minor, s.currency ORDER BY x.site_id, x.reason, x.sku_id",
            *(place.id, begin, end, place.id, begin, end, *values),
        )
    return found


async def _shrinkage(asked: Asked, after: str, limit: int) -> list[Row]:
    found = []
    for row in await _shrunk(asked):
        key = f"{row['site_id']}:{row['reason']}:{row['sku_id']:018d}"
        if key <= after:
            continue
        lost, back = int(row["lost"]), int(row["found"])
        value = worth(abs(lost - back), int(row["price_minor"]), row["base_unit"]) * (1 if lost >= back else -1)
        cells = [row["site_id"], row["code"], row["name_en"], row["name_zh"], row["reason"], lost, back, lost - back, value]
        found.append(Row(key, [*cells, row["currency"]]))
        if len(found) == limit:
            break
    return found


async def _shrinkage_bars(asked: Asked) -> list[Bar]:
    by_reason: dict[str, int] = defaultdict(int)
    for row in await _shrunk(asked):
        by_reason[row["reason"]] += int(row["lost"]) - int(row["found"])
    return [Bar(reason, max(value, 0)) for reason, value in sorted(by_reason.items(), key=lambda pair: (-pair[1], pair[0]))]


async def _leads(asked: Asked) -> list[db.Row]:
    here, values = ("", []) if asked.sites is None else (f"AND {db.among('o.site_id')}", [db.listing(sorted(asked.sites))])
    one, only = ("AND o.site_id = ?", [asked.site]) if asked.site else ("", [])
    return await db.fetch(
        "SELECT s.code, s.name, s.lead_days, o.id, o.approved_at, r.began_at FROM purchase_order o "
        "JOIN supplier s ON s.id = o.supplier_id JOIN receipt r ON r.order_id = o.id "
        f"WHERE o.approved_at >= ? AND o.approved_at < ? {here} {one} ORDER BY s.code, o.id, r.began_at",
        *(datetime.combine(asked.first, time.min, UTC), datetime.combine(asked.last + timedelta(days=1), time.min, UTC)),
        *(*values, *only),
    )


async def _lead_times(asked: Asked, after: str, limit: int) -> list[Row]:
    by_supplier: dict[str, tuple[db.Row, dict[int, float]]] = {}
    for row in await _leads(asked):
        taken = by_supplier.setdefault(row["code"], (row, {}))[1]
        taken.setdefault(row["id"], max((row["began_at"] - row["approved_at"]).total_seconds() / 86_400, 0.0))
    found = []
    for code, (row, orders) in sorted(by_supplier.items()):
        if code <= after:
            continue
        days = list(orders.values())
        in_time = sum(value <= row["lead_days"] + 1 for value in days)
        mean = round(sum(days) / len(days), 1)
        cells = [code, row["name"], len(days), row["lead_days"], mean, round(min(days), 1), round(max(days), 1)]
        found.append(Row(code, [*cells, round(100 * in_time / len(days), 1)]))
    return found[:limit]


async def _lead_bars(asked: Asked) -> list[Bar]:
    return [Bar(str(row.cells[0]), float(str(row.cells[4]))) for row in await _lead_times(asked, "", 50)]


_NAMED = (Column("site", Unit.CODE), Column("sku", Unit.CODE), Column("name_en", Unit.TEXT), Column("name_zh", Unit.TEXT))
AGEING = Report("ageing", (*_NAMED, Column("on_hand"), *(Column(group) for group in GROUPS)), _ages, _age_bars, uses_period=False)
SHRINKAGE = Report(
    "shrinkage",
    (
        *_NAMED,
        Column("reason", Unit.TEXT),
        Column("lost"),
        Column("found"),
        Column("net"),
        Column("sales_value", Unit.MONEY),
        Column("currency", Unit.CODE),
    ),
    _shrinkage,
    _shrinkage_bars,
)
LEAD_TIMES = Report(
    "lead_times",
    (
        Column("supplier", Unit.CODE),
        Column("name", Unit.TEXT),
        Column("orders"),
        Column("promised_days"),
        Column("mean_days", Unit.NUMBER),
        Column("least_days", Unit.NUMBER),
        Column("most_days", Unit.NUMBER),
        Column("in_time", Unit.PERCENT),
    ),
    _lead_times,
    _lead_bars,
    by_sku=False,
)
