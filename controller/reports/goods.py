"""Reports by SKU and site: what sold, how fast, how long it lasts, what it is worth, what was there on a day."""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from controller import db
from controller.reports.model import Asked, Bar, Cell, Column, Fetch, Report, Row, Unit

_IDENTITY = (Column("site", Unit.CODE), Column("sku", Unit.CODE), Column("name_en", Unit.TEXT), Column("name_zh", Unit.TEXT))
_FLOW = (
    "SELECT a.site_id, a.sku_id, s.code, s.name_en, s.name_zh, s.base_unit, s.price_minor, s.currency, a.on_hand, "
    "COALESCE(d.sold, 0) AS sold, COALESCE(d.returned, 0) AS returned, COALESCE(d.days, 0) AS days, d.last_sold, "
    "a.on_hand - COALESCE(d.later, 0) AS closing, COALESCE(d.moment, 0) AS moment "
    "FROM availability a JOIN sku s ON s.id = a.sku_id JOIN product p ON p.id = s.product_id LEFT JOIN ("
    "SELECT site_id, sku_id, SUM(CASE WHEN day <= ? THEN sold ELSE 0 END) AS sold, "
    "SUM(CASE WHEN day <= ? THEN returned ELSE 0 END) AS returned, "
    "SUM(CASE WHEN day <= ? AND sold > 0 THEN 1 ELSE 0 END) AS days, "
    "MAX(CASE WHEN sold > 0 AND day <= ? THEN day ELSE NULL END) AS last_sold, "
    "SUM(CASE WHEN day > ? THEN net ELSE 0 END) AS later, SUM(CASE WHEN day <= ? THEN net * (day - ?) ELSE 0 END) AS moment "
    "FROM demand_day WHERE day >= ? AND (site_id, sku_id) > (?, ?) GROUP BY site_id, sku_id) d "
    "ON d.site_id = a.site_id AND d.sku_id = a.sku_id "
)
"""On hand at the end of day t is `closing` less what changed after t; summed over the period: n * closing - moment."""


def filters(asked: Asked, *, site: str = "a.site_id") -> tuple[str, list[object]]:
    """Conditions of sites and SKUs, with their parameters; `s` is the SKU, `p` its product."""
    found: list[tuple[str, object]] = []
    if asked.site:
        found.append((f"{site} = ?", asked.site))
    if asked.sites is not None:
        found.append((db.among(site), db.listing(sorted(asked.sites))))
    if asked.product:
        found.append(("p.code = ?", asked.product))
    text = "".join(f" AND {condition}" for condition, _ in found)
    values = [value for _, value in found]
    if asked.q:
        like = f"%{asked.q.lower()}%"
        text += " AND (LOWER(s.code) LIKE ? OR LOWER(s.name_en) LIKE ? OR s.name_zh LIKE ?)"
        values += [like, like, like]
    return text, values


def key_of(row: db.Row) -> str:
    return f"{row['site_id']}:{row['sku_id']}"


def place_of(after: str) -> tuple[str, int]:
    """A cursor's site and SKU.  Raises ValueError."""
    if not after:
        return "", 0
    site, _, sku = after.rpartition(":")
    if not (sku.isascii() and sku.isdigit() and len(sku) <= 18):
        raise ValueError(f"{after!r} is no place in this report")
    return site, int(sku)


async def _flow(asked: Asked, after: str, limit: int, more: str = "") -> list[db.Row]:
    first, last = asked.first.toordinal(), asked.last.toordinal()
    text, values = filters(asked)
    return await db.fetch(
        f"{_FLOW} WHERE (a.site_id, a.sku_id) > (?, ?) {text} {more} ORDER BY a.site_id, a.sku_id LIMIT ?",
        *(last, last, last, last, last, last, first, first, *place_of(after), *place_of(after), *values, limit),
    )


Cells = Callable[[Asked, db.Row], Sequence[Cell]]


def _by_sku(cells: Cells, more: str = "") -> Fetch:
    async def rows(asked: Asked, after: str, limit: int) -> list[Row]:
        return [
            Row(
                f"{row['site_id']}:{row['sku_id']}",
                [row["site_id"], row["code"], row["name_en"], row["name_zh"], *cells(asked, row)],
            )
            for row in await _flow(asked, after, limit, more)
        ]

    return rows


def mean_stock(asked: Asked, row: db.Row) -> float:
    """Mean of on hand at the end of each day of the period."""
    return float(max(asked.days * int(row["closing"]) - int(row["moment"]), 0)) / asked.days


def net_sold(row: db.Row) -> int:
    return max(int(row["sold"]) - int(row["returned"]), 0)


def _turnover(asked: Asked, row: db.Row) -> Sequence[Cell]:
    sold, mean = net_sold(row), mean_stock(asked, row)
    turns = sold / mean * 365 / asked.days if mean > 0 else None
    return [sold, round(mean, 1), None if turns is None else round(turns, 2), int(row["closing"])]


def _velocity(asked: Asked, row: db.Row) -> Sequence[Cell]:
    sold = net_sold(row)
    return [sold, round(sold / asked.days, 3), int(row["days"]), _day(row["last_sold"]), int(row["returned"])]


def _supply(asked: Asked, row: db.Row) -> Sequence[Cell]:
    sold, on_hand = net_sold(row), int(row["on_hand"])
    return [on_hand, round(sold / asked.days, 3), round(on_hand * asked.days / sold, 1) if sold else None]


def _slow(_: Asked, row: db.Row) -> Sequence[Cell]:
    value = worth(int(row["on_hand"]), int(row["price_minor"]), str(row["base_unit"]))
    return [int(row["on_hand"]), net_sold(row), _day(row["last_sold"]), value, row["currency"]]


def _as_of(_: Asked, row: db.Row) -> Sequence[Cell]:
    return [int(row["closing"]), worth(int(row["closing"]), int(row["price_minor"]), str(row["base_unit"])), row["currency"]]


def worth(quantity: int, price_minor: int, base_unit: str) -> int:
    """At the sales price, minor units; a price is for one piece, 100 g or 100 ml."""
    return quantity * price_minor if base_unit == "piece" else quantity * price_minor // 100


def _day(ordinal: int | None) -> date | None:
    return None if ordinal is None else date.fromordinal(int(ordinal))


async def sold_by_day(asked: Asked) -> list[Bar]:
    """What was sold on each day of the period; weeks where it is long."""
    text, values = filters(asked, site="d.site_id")
    rows = await db.fetch(
        "SELECT d.day, SUM(d.sold - d.returned) AS sold FROM demand_day d JOIN sku s ON s.id = d.sku_id "
        f"JOIN product p ON p.id = s.product_id WHERE d.day >= ? AND d.day <= ? {text} GROUP BY d.day",
        *(asked.first.toordinal(), asked.last.toordinal(), *values),
    )
    step = 1 if asked.days <= 62 else 7
    found = dict.fromkeys(range(asked.first.toordinal(), asked.last.toordinal() + 1, step), 0)
    for row in rows:
        found[row["day"] - (row["day"] - asked.first.toordinal()) % step] += int(row["sold"])
    return [Bar(date.fromordinal(day).isoformat(), max(value, 0)) for day, value in found.items()]


async def on_hand_by_site(asked: Asked) -> list[Bar]:
    """At the end of the last day."""
    text, values = filters(asked)
    rows = await db.fetch(
        "SELECT a.site_id, SUM(a.on_hand) - SUM(COALESCE((SELECT SUM(d.net) FROM demand_day d WHERE d.site_id = a.site_id "
        "AND d.sku_id = a.sku_id AND d.day > ?), 0)) AS units FROM availability a JOIN sku s ON s.id = a.sku_id "
        f"JOIN product p ON p.id = s.product_id WHERE 1 = 1 {text} GROUP BY a.site_id ORDER BY a.site_id",
        *(asked.last.toordinal(), *values),
    )
    return [Bar(row["site_id"], max(int(row["units"]), 0)) for row in rows]


async def _value(asked: Asked, after: str, limit: int) -> list[Row]:
    text, values = filters(asked)
    rows = await db.fetch(
        "SELECT a.site_id, a.sku_id, s.code, s.name_en, s.name_zh, s.base_unit, s.price_minor, s.currency AS sold_in, t.currency, "
        "a.on_hand, c.quantity, c.value_minor, c.unknown FROM availability a JOIN sku s ON s.id = a.sku_id "
        "JOIN product p ON p.id = s.product_id JOIN site t ON t.id = a.site_id "
        "LEFT JOIN sku_cost c ON c.sku_id = a.sku_id AND c.site_id = a.site_id "
        f"WHERE (a.site_id, a.sku_id) > (?, ?) AND (a.on_hand > 0 OR c.value_minor > 0) {text} "
        "ORDER BY a.site_id, a.sku_id LIMIT ?",
        *(*place_of(after), *values, limit),
    )
    found = []
    for row in rows:
        quantity, value = int(row["quantity"] or 0), int(row["value_minor"] or 0)
        unit = round(value / quantity, 2) if quantity else None
        sold_for = worth(int(row["on_hand"]), int(row["price_minor"]), row["base_unit"])
        cells = [row["site_id"], row["code"], row["name_en"], row["name_zh"], row["on_hand"], unit, value, int(row["unknown"] or 0)]
        found.append(Row(key_of(row), [*cells, sold_for, row["currency"]]))
    return found


async def _value_by_site(asked: Asked) -> list[Bar]:
    text, values = filters(asked)
    rows = await db.fetch(
        "SELECT a.site_id, SUM(c.value_minor) AS value FROM availability a JOIN sku s ON s.id = a.sku_id "
        "JOIN product p ON p.id = s.product_id JOIN sku_cost c ON c.sku_id = a.sku_id AND c.site_id = a.site_id "
        f"WHERE 1 = 1 {text} GROUP BY a.site_id ORDER BY a.site_id",
        *values,
    )
    return [Bar(row["site_id"], float(int(row["value"] or 0)) / 100) for row in rows]


_MOVING = " AND (a.on_hand > 0 OR d.sold > 0)"


def _columns(*columns: Column) -> tuple[Column, ...]:
    return (*_IDENTITY, *columns)


TURNOVER = Report(
    "turnover",
    _columns(Column("sold"), Column("mean_stock", Unit.NUMBER), Column("turns_per_year", Unit.NUMBER), Column("on_hand_at_end")),
    _by_sku(_turnover, _MOVING),
    sold_by_day,
)
VELOCITY = Report(
    "velocity",
    _columns(
        Column("sold"),
        Column("per_day", Unit.NUMBER),
        Column("days_with_sales"),
        Column("last_sold", Unit.DATE),
        Column("returned"),
    ),
    _by_sku(_velocity, " AND d.sold > 0"),
    sold_by_day,
)
SUPPLY = Report(
    "days_of_supply",
    _columns(Column("on_hand"), Column("per_day", Unit.NUMBER), Column("days_of_supply", Unit.NUMBER)),
    _by_sku(_supply, " AND a.on_hand > 0"),
    sold_by_day,
)
SLOW = Report(
    "slow_movers",
    _columns(
        Column("on_hand"),
        Column("sold"),
        Column("last_sold", Unit.DATE),
        Column("sales_value", Unit.MONEY),
        Column("currency", Unit.CODE),
    ),
    _by_sku(_slow, " AND a.on_hand > 0 AND COALESCE(d.sold, 0) - COALESCE(d.returned, 0) <= 0"),
    on_hand_by_site,
)
AS_OF = Report(
    "stock_as_of",
    _columns(Column("on_hand"), Column("sales_value", Unit.MONEY), Column("currency", Unit.CODE)),
    _by_sku(_as_of, " AND a.on_hand - COALESCE(d.later, 0) <> 0"),
    on_hand_by_site,
)
VALUE = Report(
    "stock_value",
    _columns(
        Column("on_hand"),
        Column("unit_cost_minor", Unit.NUMBER),
        Column("cost_value", Unit.MONEY),
        Column("units_of_unknown_cost"),
        Column("sales_value", Unit.MONEY),
        Column("currency", Unit.CODE),
    ),
    _value,
    _value_by_site,
    uses_period=False,
)
