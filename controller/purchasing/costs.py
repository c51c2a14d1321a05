"""What the goods of receipts cost: the order's price, or the invoice's, with their part of freight and duty."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from controller import db, events
from controller.costing.operations import Cost, set_costs
from controller.costing.policies import half_even, shares
from controller.errors import NotFound
from controller.purchasing.errors import BadCosts
from controller.purchasing.events import ReceiptChanged
from controller.purchasing.numbers import RECEIPTS
from controller.purchasing.policies import Spread, unit_price
from controller.purchasing.suppliers import LARGEST_PRICE

LARGEST_TOTAL = 10**12
_LINES = (
    "SELECT l.id, l.receipt_id, l.sku_id, s.code AS sku, s.weight_grams, l.good + l.damaged AS units, l.price_minor, "
    "l.price_units, l.from_invoice, l.landed_minor, r.site_id, r.spread, r.freight_minor + r.duty_minor + r.other_minor AS landed, "
    "t.currency AS site_currency, o.currency AS order_currency, o.rate_numerator, o.rate_denominator, "
    "ol.price_minor AS order_price, ol.pack_numerator AS order_numerator, ol.pack_denominator AS order_denominator, "
    "p.currency AS their_currency, i.price_minor AS item_price, i.pack_numerator, i.pack_denominator "
    "FROM receipt_line l JOIN receipt r ON r.id = l.receipt_id JOIN sku s ON s.id = l.sku_id JOIN site t ON t.id = r.site_id "
    "LEFT JOIN purchase_order o ON o.id = r.order_id LEFT JOIN purchase_order_line ol ON ol.order_id = o.id "
    "AND ol.sku_id = l.sku_id LEFT JOIN supplier p ON p.id = r.supplier_id "
    "LEFT JOIN supplier_item i ON i.supplier_id = p.id AND i.sku_id = l.sku_id "
)
_TELLING = (
    "(r.order_id IS NOT NULL OR r.supplier_id IS NOT NULL OR l.from_invoice OR l.price_minor IS NOT NULL "
    "OR r.freight_minor + r.duty_minor + r.other_minor > 0)"
)
"""Of the others, nobody knows what they cost: there is nothing to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedCosts:
    """What it cost to get a receipt's goods here, in minor units of the site's currency."""

    freight_minor: int = 0
    duty_minor: int = 0
    other_minor: int = 0
    spread: Spread = Spread.VALUE

    @property
    def total(self) -> int:
        return self.freight_minor + self.duty_minor + self.other_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """A supplier's invoice: so many minor units of the site's currency for so many base units of a SKU."""

    sku: str
    minor: int
    units: int


async def price_receipts(receipt_ids: Collection[int], *, came: Mapping[tuple[int, int], int] | None = None) -> None:
    """Bring the prices, the spread costs and the cost of goods of these receipts to what is known now.

    `came`: by receipt and SKU, the base units that this transaction books; the other lines stay as they are.  None: all are looked
    at.  Where freight is spread, it is spread over all lines.
    """
    if not receipt_ids:
        return
    rows = await db.fetch(
        f"{_LINES} WHERE {db.among('l.receipt_id')} AND {_TELLING} ORDER BY l.receipt_id, l.sku_id", db.listing(receipt_ids)
    )
    by_receipt: dict[int, list[db.Row]] = defaultdict(list)
    for row in rows:
        if came is None or row["landed"] or (row["receipt_id"], row["sku_id"]) in came:
            by_receipt[row["receipt_id"]].append(row)
    new = came or {}
    changed, costs, lots = [], [], []
    for receipt_id, lines in sorted(by_receipt.items()):
        prices = [_price(line) for line in lines]
        landed = _spread(lines, prices)
        for line, price, share in zip(lines, prices, landed, strict=True):
            minor, units = price if price is not None else (None, 1)
            if (line["price_minor"], line["price_units"], line["landed_minor"]) != (minor, units, share):
                changed.append((minor, units, share, line["id"]))
            cost = _cost(RECEIPTS.number(receipt_id), line, price, share)
            if cost.minor is not None:
                costs.append(replace(cost, is_first=new.get((receipt_id, line["sku_id"])) == line["units"]))
                lots.append((cost.minor, cost.units, receipt_id, line["sku_id"]))
    await db.execute_many("UPDATE receipt_line SET price_minor = ?, price_units = ?, landed_minor = ? WHERE id = ?", changed)
    await _tell_lots(lots)
    await set_costs(costs)


async def _tell_lots(rows: Sequence[tuple[int, int, int, int]]) -> None:
    """The unit cost of a receipt stays with its lots: minor units, base units, receipt, SKU."""
    await db.execute_many(
        "UPDATE lot SET cost_minor = ?, cost_quantity = ? WHERE (cost_minor <> ? OR cost_quantity <> ?) AND id IN "
        "(SELECT lot_id FROM receipt_part WHERE receipt_id = ? AND sku_id = ? AND units > 0 AND lot_id > 0)",
        [(minor, units, minor, units, receipt, sku) for minor, units, receipt, sku in rows],
    )


def _price(line: db.Row) -> tuple[int, int] | None:
    """Minor units of the site's currency for base units: by invoice, order, or the supplier's list; None: nobody knows."""
    if line["from_invoice"]:
        return line["price_minor"], line["price_units"]
    if line["order_price"] is not None:
        rate = (1, 1)
        if line["order_currency"] != line["site_currency"]:
            if line["rate_numerator"] is None:
                return None
            rate = (line["rate_numerator"], line["rate_denominator"])
        return unit_price(line["order_price"], (line["order_numerator"], line["order_denominator"]), rate)
    if line["item_price"] is not None and line["their_currency"] == line["site_currency"]:
        return unit_price(line["item_price"], (line["pack_numerator"], line["pack_denominator"]), (1, 1))
    return None


def _spread(lines: Sequence[db.Row], prices: Sequence[tuple[int, int] | None]) -> list[int]:
    """The part of each line in freight, duty and the rest; the parts sum to it."""
    total = lines[0]["landed"]
    if not total:
        return [0] * len(lines)
    match str(lines[0]["spread"]):
        case Spread.WEIGHT:
            weights = [line["units"] * (line["weight_grams"] or 0) for line in lines]
        case Spread.QUANTITY:
            weights = [line["units"] for line in lines]
        case _:
            weights = [
                half_even(line["units"] * price[0], price[1]) if price else 0 for line, price in zip(lines, prices, strict=True)
            ]
    if not any(weights):
        weights = [line["units"] for line in lines]
    return shares(total, weights)


def _cost(document: str, line: db.Row, price: tuple[int, int] | None, share: int) -> Cost:
    minor, units = price if price is not None else (None, 1)
    if minor is not None and share and line["units"]:
        minor, units = half_even(line["units"] * minor, units) + share, line["units"]
    return Cost(document=document, sku_id=line["sku_id"], site_id=line["site_id"], minor=minor, units=units)


async def set_landed_costs(no: str, costs: LandedCosts) -> None:
    """Say what it cost to get the goods of a receipt here; again, it replaces what was said.

    What is still in stock is put right, the rest is price difference.  Records ReceiptChanged.  Raises NotFound, BadCosts.
    """
    if not all(0 <= each <= LARGEST_TOTAL for each in (costs.freight_minor, costs.duty_minor, costs.other_minor)):
        raise BadCosts(f"costs of a receipt: expected 0 to {LARGEST_TOTAL} minor units each")
    async with db.transaction():
        row = await _held(no)
        lines = await db.fetch("SELECT 1 FROM receipt_line WHERE receipt_id = ? AND good + damaged > 0 LIMIT 1", row["id"])
        if costs.total and not lines:
            raise BadCosts(f"nothing came under {no}: there is nothing to spread costs over")
        await db.execute(
            "UPDATE receipt SET freight_minor = ?, duty_minor = ?, other_minor = ?, spread = ? WHERE id = ?",
            *(costs.freight_minor, costs.duty_minor, costs.other_minor, costs.spread.value, row["id"]),
        )
        await price_receipts([row["id"]])
        await events.record(ReceiptChanged(what="costs", state=row["state"]), subject=no, site=row["site_id"])


async def take_invoice(no: str, lines: Sequence[InvoiceLine]) -> None:
    """The supplier's invoice says what goods of a receipt cost, later than they came.

    What is still in stock is put right, the rest is price difference.  Records ReceiptChanged.
    Raises NotFound (the receipt, or a SKU that is not on it), BadCosts.
    """
    if not all(0 <= line.minor <= LARGEST_TOTAL and 0 < line.units <= LARGEST_PRICE for line in lines):
        raise BadCosts("an invoice's line has an amount not below zero, for a quantity above zero")
    async with db.transaction():
        row = await _held(no)
        for line in sorted(lines, key=lambda each: each.sku):
            changed = await db.execute(
                "UPDATE receipt_line SET price_minor = ?, price_units = ?, from_invoice = ? WHERE receipt_id = ? "
                "AND sku_id = (SELECT id FROM sku WHERE code = ?)",
                *(line.minor, line.units, True, row["id"], line.sku),
            )
            if not changed:
                raise NotFound("SKU", f"{line.sku} on {no}")
        await price_receipts([row["id"]])
        await events.record(ReceiptChanged(what="invoice", state=row["state"]), subject=no, site=row["site_id"])


async def _held(no: str) -> db.Row:
    rows = await db.fetch(f"SELECT * FROM receipt WHERE id = ?{db.for_update()}", RECEIPTS.row_id(no))
    if not rows:
        raise NotFound("receipt", no)
    return rows[0]
