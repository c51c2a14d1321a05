"""What a site packs next, and what waits to be handed over, as its boxes keep it: each gone when it is done."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from controller import db
from controller.catalog.queries import skus_by_id
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.fulfilment.policies import bounds
from controller.orders.flags import blocking
from controller.orders.numbers import ORDERS
from controller.recalls.queries import recalled_picks
from controller.replica.documents import Article, articles
from controller.replica.parts import MOST_LISTED, Listed
from controller.shipping.numbers import MANIFESTS
from edge_agent.wire.open_parcels import OpenHandOver, OpenPack, PackLine, ParcelLine
from edge_agent.wire.open_work import MOST_LINES, Document


async def _packs(site_id: str) -> list[Document]:
    """Fetched lists, those that are due first."""
    rows = await db.fetch(
        "SELECT l.id, l.order_id, l.tote FROM pick_list l JOIN sales_order o ON o.id = l.order_id WHERE l.site = ? "
        "AND l.state = 'picked' ORDER BY CASE WHEN o.due_at IS NULL THEN 1 ELSE 0 END, o.due_at, l.id LIMIT ?",
        *(site_id, MOST_LISTED),
    )
    picked = await _picked([row["id"] for row in rows])
    sku_ids = {sku_id for inside in picked.values() for sku_id in inside}
    known = await articles(site_id, sku_ids)
    grams = {sku.id: sku.weight_grams for sku in (await skus_by_id(sorted(sku_ids))).values()}
    recalled = await recalled_picks([ORDERS.number(row["order_id"]) for row in rows])
    found: list[Document] = []
    for row in rows:
        inside, lots = picked.get(row["id"], {}), recalled.get(ORDERS.number(row["order_id"]), {})
        least, most = bounds((each, grams.get(sku_id)) for sku_id, each in inside.items())
        found.append(
            OpenPack(
                id=row["id"],
                number=PICK_LISTS.number(row["id"]),
                order=ORDERS.number(row["order_id"]),
                tote=row["tote"],
                least=least,
                most=most,
                recalled=sorted({lot for sku_id in inside for lot in lots.get(sku_id, ())}),
                lines=[_line(known[sku_id], each) for sku_id, each in list(inside.items())[:MOST_LINES] if sku_id in known],
            )
        )
    return found


async def _picked(list_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Base units that were fetched, by list and SKU."""
    rows = await db.fetch(
        f"SELECT pick_list_id, sku_id, picked FROM pick_line WHERE {db.among('pick_list_id')} AND picked > 0 ORDER BY id",
        db.listing(list_ids),
    )
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for row in rows:
        inside = found[row["pick_list_id"]]
        inside[row["sku_id"]] = inside.get(row["sku_id"], 0) + row["picked"]
    return found


def _line(article: Article, quantity: int) -> PackLine:
    return PackLine(
        sku=article.sku,
        name_en=article.name_en,
        name_zh=article.name_zh,
        symbol=article.symbol,
        gtin=article.gtin,
        unit=article.unit,
        quantity=quantity,
    )


async def _hand_overs(site_id: str) -> list[Document]:
    """Open manifests of carriers, then orders that their customers come for; only while a parcel of them is here."""
    rows = await db.fetch(
        "SELECT c.id, l.order_id, o.delivery, o.pickup_code FROM parcel c JOIN pick_list l ON l.id = c.pick_list_id "
        "JOIN sales_order o ON o.id = l.order_id WHERE c.site = ? AND c.state = 'packed' ORDER BY c.id LIMIT ?",
        *(site_id, MOST_LINES),
    )
    shipments = await db.fetch(
        "SELECT s.parcel_no, s.tracking_no, s.manifest_id, m.carrier FROM shipment s "
        f"JOIN carrier_manifest m ON m.id = s.manifest_id WHERE s.state = 'labelled' AND {db.among('s.parcel_no')} ORDER BY s.id",
        db.listing([PARCELS.number(row["id"]) for row in rows]),
    )
    sent = {row["parcel_no"]: row for row in shipments}
    nothing = {"tracking_no": None, "manifest_id": None, "carrier": ""}
    return await _grouped([{**row, **sent.get(PARCELS.number(row["id"]), nothing)} for row in rows])


async def _grouped(rows: Sequence[db.Row]) -> list[Document]:
    recalled = await recalled_picks([ORDERS.number(row["order_id"]) for row in rows])
    held = await blocking([row["order_id"] for row in rows])
    groups: dict[tuple[bool, int], list[db.Row]] = defaultdict(list)
    for row in rows:
        if row["manifest_id"] is not None:
            groups[False, row["manifest_id"]].append(row)
        elif row["delivery"] != "shipping":
            groups[True, row["order_id"]].append(row)
    found: list[Document] = []
    for (is_collected, key), inside in sorted(groups.items())[:MOST_LISTED]:
        first = inside[0]
        found.append(
            OpenHandOver(
                id=2 * key + is_collected,
                number=ORDERS.number(key) if is_collected else MANIFESTS.number(key),
                code=first["pickup_code"] if is_collected else None,
                title="" if is_collected else first["carrier"],
                lines=[_parcel(row, recalled.get(ORDERS.number(row["order_id"]), {}), held) for row in inside],
            )
        )
    return found


def _parcel(row: db.Row, recalled: Mapping[int, Collection[str]], held: Mapping[int, object]) -> ParcelLine:
    return ParcelLine(
        parcel=PARCELS.number(row["id"]),
        order=ORDERS.number(row["order_id"]),
        symbol=row["tracking_no"] or "",
        recalled=sorted({lot for lots in recalled.values() for lot in lots}),
        is_held=bool(held.get(row["order_id"])),
    )


PACKS = Listed(name="packs", read=_packs)
HAND_OVERS = Listed(name="hand_overs", read=_hand_overs)
