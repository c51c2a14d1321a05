"""What waits at a site to be released: read in a few statements, however many orders there are."""

# ruff: noqa: S608 -- what is put into the texts is column names and states of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from controller.db import Row, among, fetch, listing
from controller.orders.flags import FlagKind, blocking
from controller.orders.numbers import ORDERS
from controller.orders.states import Delivery
from controller.review.clocks import ClockKind
from controller.shipping import carriers
from controller.shipping.choosing import Goods, choose
from controller.sourcing.settings import settings
from controller.waves.numbers import WAVES
from controller.waves.policies import Out, Terms, Waiting

MOST = 20_000
"""Parts that are looked at at once, the oldest orders first."""

_PARTS = (
    "SELECT s.order_id, o.channel, o.delivery, o.region, o.placed_at, o.due_at, c.due_at AS sent_by, p.wave_id "
    "FROM order_site s JOIN sales_order o ON o.id = s.order_id "
    "LEFT JOIN order_clock c ON c.order_id = s.order_id AND c.kind = ? AND c.ended_at IS NULL "
    "LEFT JOIN wave_part p ON p.order_id = s.order_id AND p.site = s.site AND p.state = 'waiting' "
    "WHERE s.site = ? AND s.state = 'approved' AND EXISTS (SELECT 1 FROM order_allocation a WHERE a.order_id = s.order_id "
    "AND a.site = s.site AND NOT a.is_ended AND NOT a.is_released) ORDER BY s.order_id LIMIT ?"
)
_GOODS = (
    "SELECT a.order_id, a.order_line_id, a.line_key, a.quantity, l.sku_id, l.quantity AS ordered, l.amount_minor "
    "FROM order_allocation a JOIN order_line l ON l.id = a.order_line_id "
    "WHERE a.site = ? AND NOT a.is_ended AND NOT a.is_released AND"
)


@dataclass(slots=True)
class _Promised:
    """What is promised of an order there."""

    line_ids: set[int] = field(default_factory=set)
    sku_ids: set[int] = field(default_factory=set)
    pieces: list[tuple[int, int]] = field(default_factory=list)
    units: int = 0
    value_minor: int = 0
    is_late: bool = False


async def waiting(site: str, rules: Sequence[Terms]) -> list[Waiting]:
    """All parts that wait at a site, with what the rules ask of them; those that cannot be released say why.

    The promised instant is the order's own, else the end of its clock for being sent.
    """
    rows = await fetch(_PARTS, ClockKind.SHIP.value, site, MOST)
    ids = [row["order_id"] for row in rows]
    promised = await _promised(site, ids)
    flags = await blocking(ids)
    zones = await _zones(site) if any(rule.match.zones for rule in rules) else None
    by_whom = await _services(rows, promised) if any(rule.match.carriers or rule.match.services for rule in rules) else {}
    parts = []
    for row in rows:
        order_id = row["order_id"]
        goods = promised[order_id]
        blocked, detail = _blocked(row, goods, flags.get(order_id, ()))
        carrier, service = by_whom.get(order_id, ("", ""))
        sku_ids = tuple(sorted(goods.sku_ids))
        parts.append(
            Waiting(
                order_id=order_id,
                order=ORDERS.number(order_id),
                channel=row["channel"],
                delivery=Delivery(row["delivery"]),
                lines=len(goods.line_ids),
                units=goods.units,
                placed_at=row["placed_at"],
                due_at=row["due_at"] or row["sent_by"],
                goods=sku_ids,
                zones=tuple(frozenset(zones.get(sku_id, ())) for sku_id in sku_ids) if zones is not None else (),
                carrier=carrier,
                service=service,
                blocked=blocked,
                detail=detail,
            )
        )
    return parts


def _blocked(row: Row, goods: _Promised, flags: Collection[FlagKind]) -> tuple[Out | None, str]:
    if row["wave_id"] is not None:
        return Out.IN_WAVE, WAVES.number(row["wave_id"])
    if flags:
        return Out.FLAGGED, " ".join(flags)
    return (Out.NOT_ARRIVED, "") if goods.is_late else (None, "")


async def _promised(site: str, order_ids: Sequence[int]) -> dict[int, _Promised]:
    found: dict[int, _Promised] = defaultdict(_Promised)
    rows = await fetch(f"{_GOODS} {among('a.order_id')} ORDER BY a.id", site, listing(order_ids))
    late = await fetch(
        "SELECT a.order_id FROM reservation r JOIN order_allocation a ON a.line_key = r.line_key "
        f"WHERE r.state = 'presold' AND a.site = ? AND {among('a.order_id')}",
        site,
        listing(order_ids),
    )
    for row in rows:
        one = found[row["order_id"]]
        one.line_ids.add(row["order_line_id"])
        one.sku_ids.add(row["sku_id"])
        one.pieces.append((row["sku_id"], row["quantity"]))
        one.units += row["quantity"]
        one.value_minor += row["amount_minor"] * row["quantity"] // row["ordered"]
    for row in late:
        found[row["order_id"]].is_late = True
    return found


async def _zones(site: str) -> dict[int, set[str]]:
    """Where in the site each SKU lies."""
    rows = await fetch(
        "SELECT DISTINCT b.sku_id, l.zone FROM balance b JOIN location l ON l.id = b.location_id "
        "WHERE l.site_id = ? AND l.kind = 'bin' AND b.on_hand > 0 AND l.zone <> ''",
        site,
    )
    found: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        found[row["sku_id"]].add(row["zone"])
    return found


async def _services(rows: Sequence[Row], promised: dict[int, _Promised]) -> dict[int, tuple[str, str]]:
    """By whom each would be sent, by the company's own table: what carriers quote is known when the label is bought."""
    known, offers, rules = await settings(), await carriers.offers(active_only=True), await carriers.rules()
    services = [offer.service for offer in offers]
    sku_ids = {sku_id for one in promised.values() for sku_id in one.sku_ids}
    grams = {row["id"]: row["weight_grams"] or 0 for row in await _of("sku", "id, weight_grams", "id", sku_ids)}
    traits = {row["sku_id"]: row for row in await _of("shipping_trait", "*", "sku_id", sku_ids)}
    found: dict[int, tuple[str, str]] = {}
    for row in rows:
        if row["delivery"] != Delivery.SHIPPING.value:
            continue
        one = promised[row["order_id"]]
        goods = Goods(
            grams=sum(grams[sku_id] * quantity for sku_id, quantity in one.pieces),
            value_minor=one.value_minor,
            zone=known.destination(row["region"]).zone,
            channel=row["channel"],
            dangerous=any(traits[sku_id]["dangerous"] for sku_id in one.sku_ids if sku_id in traits),
            cold=any(traits[sku_id]["cold"] for sku_id in one.sku_ids if sku_id in traits),
        )
        chosen = choose(goods, services, rules).chosen
        if chosen is not None:
            found[row["order_id"]] = (chosen.carrier, chosen.service)
    return found


async def _of(table: str, columns: str, key: str, ids: Collection[int]) -> list[Row]:
    return await fetch(f"SELECT {columns} FROM {table} WHERE {among(key)}", listing(sorted(ids)))
