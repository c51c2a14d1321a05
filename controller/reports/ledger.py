"""Reports that read entries and receipts: how old stock is, how long suppliers take."""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from controller import db
from controller.reports.goods import filters, key_of, place_of
from controller.reports.model import Asked, Bar, Column, Report, Row, Unit

AGES = (30, 60, 90, 180)
"""Days at which an age group ends; the last one has no end."""
GROUPS = ("to_30", "to_60", "to_90", "to_180", "older")
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
    """What came to each site from outside of it, less what was taken back of it; what is not sent after all never left."""
    come = "{0}.kind IN ('supplier', 'transit') AND {1}.kind NOT IN ('supplier', 'transit')"
    rows = await db.fetch(
        "SELECT t.site_id AS came_to, f.site_id AS went_from, m.sku_id, m.occurred_at, m.quantity, m.reason FROM stock_movement m "
        "JOIN location f ON f.id = m.from_location_id JOIN location t ON t.id = m.to_location_id "
        f"WHERE {db.among('m.sku_id')} AND ((m.reason <> 'retracted' AND {come.format('f', 't')}) "
        f"OR (m.reason = 'retracted' AND {come.format('t', 'f')})) ORDER BY m.id",
        db.listing(sorted(skus)),
    )
    today = datetime.combine(asked.last, time.max, UTC)
    came: dict[tuple[str, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        is_back = row["reason"] == "retracted"
        site, units = (row["went_from"], -int(row["quantity"])) if is_back else (row["came_to"], int(row["quantity"]))
        came[site, row["sku_id"]][max((today - row["occurred_at"]).days, 0)] += units
    found: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    found.update({key: [(days, units) for days, units in each.items() if units > 0] for key, each in came.items()})
    return found


async def _age_bars(asked: Asked) -> list[Bar]:
    rows = await _ages(asked, "", _SHOWN)
    sums = [sum(int(str(row.cells[5 + place])) for row in rows) for place in range(len(GROUPS))]
    return [Bar(name, value) for name, value in zip(("0-30", "31-60", "61-90", "91-180", "> 180"), sums, strict=True)]


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
