"""Sales of other tills as people, reports and forecasts look for them."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from controller import db
from controller.errors import NotFound
from controller.sales.policies import LineState, SaleState


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a SKU sold and got back at a site on a business day, in base units; amounts in minor units of the site's currency."""

    day: date
    sku_id: int
    sold: int
    returned: int
    amount_minor: int
    cost_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSale:
    """See `models.Sale`; `lines` how many, `waiting` how many of them wait."""

    id: int
    site_id: str
    till: str
    number: str
    occurred_at: datetime
    day: date
    currency: str
    total_minor: int
    voids: str | None
    voided_by: str | None
    state: SaleState
    source: str
    recorded_at: datetime
    lines: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSaleLine:
    """See `models.SaleLine`; SKU and names once they are known."""

    position: int
    text: str
    is_sku: bool
    sku: str | None
    name_en: str | None
    name_zh: str | None
    quantity: int
    units: int | None
    amount_minor: int
    tax_minor: int
    discount_minor: int
    cost_minor: int | None
    is_damaged: bool
    state: LineState


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingText:
    """What nobody knows, at a site: how many lines wait for it, since when."""

    text: str
    is_sku: bool
    site_id: str
    lines: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCode:
    """The same in the whole chain; `first_line`: the id of the line that has waited longest."""

    text: str
    is_sku: bool
    sites: int
    lines: int
    since: datetime
    first_line: int

    @property
    def cursor(self) -> str:
        return f"{self.lines}-{self.first_line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConflict:
    id: int
    site_id: str
    till: str
    number: str
    code: str
    told: str
    source: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which receipts: empty is all.  `q`: part of the number; days are business days, both inclusive."""

    site: str = ""
    till: str = ""
    q: str = ""
    state: SaleState | None = None
    first: date | None = None
    last: date | None = None


_SALE = (
    "s.id, s.site_id, s.till, s.number, s.occurred_at, s.day, s.currency, s.total_minor, s.voids, s.voided_by, s.state, s.source, "
    "s.recorded_at, (SELECT COUNT(*) FROM sale_line l WHERE l.sale_id = s.id) AS lines, "
    "(SELECT COUNT(*) FROM sale_line l WHERE l.sale_id = s.id AND l.state = 'waiting') AS waiting"
)


_NOT_SAID = "NOT EXISTS (SELECT 1 FROM sale_no_goods n WHERE n.text = l.text AND n.is_active)"
"""Lines that are only about to be settled are shown as what they become."""


async def demand(site_id: str, first: date, last: date, *, sku_ids: Collection[int] | None = None) -> list[Demand]:
    """What tills sold at a site on business days from `first` to `last`, by day and SKU; a day without sales has no row."""
    some, ids = ("", []) if sku_ids is None else (f"AND {db.among('sku_id')}", [db.listing(sorted(sku_ids))])
    rows = await db.fetch(
        "SELECT day, sku_id, sold, returned, amount_minor, cost_minor FROM daily_sale "
        f"WHERE site_id = ? AND day >= ? AND day <= ? {some} ORDER BY day, sku_id",
        *(site_id, _day(first), _day(last), *ids),
    )
    return [Demand(**{**row, "day": _date(row["day"])}) for row in rows]


def _day(day: date) -> object:
    """As the column holds it on each engine."""
    return day if db.engine() is db.Engine.POSTGRES else day.isoformat()


def _date(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


async def sales(
    asked: Asked, *, before: int | None = None, limit: int = 50, sites: Collection[str] | None = None
) -> list[StoredSale]:
    """Those told last first; those of `sites`, None: of all."""
    conditions: list[str] = ["s.id < ?"]
    params: list[object] = [before if before is not None else 2**62]
    for column, value in (("s.site_id", asked.site), ("s.till", asked.till)):
        if value:
            conditions.append(f"{column} = ?")
            params.append(value)
    if asked.q:
        conditions.append("LOWER(s.number) LIKE ?")
        params.append(f"%{asked.q.lower()}%")
    if asked.state is not None:
        conditions.append(f"s.state = '{asked.state.value}'")
    for mark, day in ((">=", asked.first), ("<=", asked.last)):
        if day is not None:
            conditions.append(f"s.day {mark} ?")
            params.append(_day(day))
    if sites is not None:
        conditions.append(db.among("s.site_id"))
        params.append(db.listing(sorted(sites)))
    rows = await db.fetch(f"SELECT {_SALE} FROM sale s WHERE {' AND '.join(conditions)} ORDER BY s.id DESC LIMIT ?", *params, limit)
    return [_stored(row) for row in rows]


async def sale(sale_id: int, *, sites: Collection[str] | None = None) -> StoredSale:
    """Raises NotFound, for one of another site, too."""
    rows = await db.fetch(f"SELECT {_SALE} FROM sale s WHERE s.id = ?", sale_id)
    if not rows or (sites is not None and rows[0]["site_id"] not in sites):
        raise NotFound("receipt", sale_id)
    return _stored(rows[0])


async def sale_lines(sale_id: int) -> list[StoredSaleLine]:
    rows = await db.fetch(
        "SELECT l.position, l.text, l.is_sku, k.code AS sku, k.name_en, k.name_zh, l.quantity, l.units, l.amount_minor, "
        "l.tax_minor, l.discount_minor, l.cost_minor, l.is_damaged, l.state FROM sale_line l LEFT JOIN sku k ON k.id = l.sku_id "
        "WHERE l.sale_id = ? ORDER BY l.position",
        sale_id,
    )
    flags = ("is_sku", "is_damaged")
    return [
        StoredSaleLine(**{**row, **{name: bool(row[name]) for name in flags}, "state": LineState(row["state"])}) for row in rows
    ]


async def waiting_texts(*, limit: int = 200, sites: Collection[str] | None = None) -> list[WaitingText]:
    """What lines wait for, most lines first; what was said to be no goods waits no more."""
    here, ids = ("", []) if sites is None else (f"AND {db.among('s.site_id')}", [db.listing(sorted(sites))])
    rows = await db.fetch(
        "SELECT l.text, l.is_sku, s.site_id, COUNT(*) AS lines, MIN(s.occurred_at) AS since FROM sale_line l "
        f"JOIN sale s ON s.id = l.sale_id WHERE l.state = 'waiting' AND {_NOT_SAID} {here} GROUP BY l.text, l.is_sku, s.site_id "
        "ORDER BY COUNT(*) DESC, l.text, s.site_id LIMIT ?",
        *(*ids, limit),
    )
    return [WaitingText(**{**row, "is_sku": bool(row["is_sku"]), "since": _instant(row["since"])}) for row in rows]


async def waiting_codes(
    *, q: str = "", after: tuple[int, int] | None = None, limit: int = 50, sites: Collection[str] | None = None
) -> list[WaitingCode]:
    """Codes that nobody knows, in the chain or at `sites`, most lines first; `after`: lines and first line of the one before."""
    conditions: list[str] = ["l.state = 'waiting'", _NOT_SAID]
    params: list[object] = []
    if q:
        conditions.append("LOWER(l.text) LIKE ?")
        params.append(f"%{q.lower()}%")
    if sites is not None:
        conditions.append(db.among("s.site_id"))
        params.append(db.listing(sorted(sites)))
    behind = ""
    if after is not None:
        behind = "HAVING COUNT(*) < ? OR (COUNT(*) = ? AND MIN(l.id) > ?)"
        params += [after[0], after[0], after[1]]
    rows = await db.fetch(
        "SELECT l.text, MAX(CASE WHEN l.is_sku THEN 1 ELSE 0 END) AS is_sku, COUNT(DISTINCT s.site_id) AS sites, "
        "COUNT(*) AS lines, MIN(s.occurred_at) AS since, MIN(l.id) AS first_line FROM sale_line l JOIN sale s ON s.id = l.sale_id "
        f"WHERE {' AND '.join(conditions)} GROUP BY l.text {behind} ORDER BY COUNT(*) DESC, MIN(l.id) LIMIT ?",
        *(*params, limit),
    )
    return [WaitingCode(**{**row, "is_sku": bool(row["is_sku"]), "since": _instant(row["since"])}) for row in rows]


def _instant(value: object) -> datetime:
    """An aggregate loses its column's type on SQLite."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


async def conflicts(*, before: int | None = None, limit: int = 50, sites: Collection[str] | None = None) -> list[StoredConflict]:
    """What was told under numbers that were taken, the newest first."""
    here, ids = ("", []) if sites is None else (f"AND {db.among('site_id')}", [db.listing(sorted(sites))])
    rows = await db.fetch(
        f"SELECT id, site_id, till, number, code, told, source, recorded_at FROM sale_conflict WHERE id < ? {here} "
        "ORDER BY id DESC LIMIT ?",
        *(before if before is not None else 2**62, *ids, limit),
    )
    return [StoredConflict(**row) for row in rows]


def _stored(row: db.Row) -> StoredSale:
    return StoredSale(**{**row, "state": SaleState(row["state"]), "day": _date(row["day"])})


async def codes_of(sku_ids: Collection[int]) -> dict[int, str]:
    """Codes of SKUs by id."""
    rows = await db.fetch(f"SELECT id, code FROM sku WHERE {db.among('id')}", db.listing(sorted(sku_ids)))
    return {row["id"]: row["code"] for row in rows}
