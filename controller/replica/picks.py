"""Pick lists with something to fetch, as boxes keep them: the most urgent first, each with where to go and what lies there.

What lies in a bin is told only where the open lists may empty it: else each sale would tell all lists of a bin again.
"""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from controller import db
from controller.fulfilment.numbers import PICK_LISTS
from controller.orders.numbers import ORDERS
from controller.people.queries import names_of
from controller.replica.documents import Article, articles
from controller.replica.parts import MOST_LISTED, Listed
from controller.sites.queries import site
from controller.waves.numbers import WAVES
from edge_agent.wire.open_work import MOST_LINES, Document, OpenPick, OpenPickLine


async def _read(site_id: str) -> list[Document]:
    """Those whose goods are due first; of the same day those that were released first."""
    rows = await db.fetch(
        "SELECT l.id, l.order_id, l.wave_id, l.claimed_by, l.claimed_box, l.claimed_at, l.tote, o.due_at, "
        "COALESCE(w.cluster, 0) AS cluster FROM pick_list l JOIN sales_order o ON o.id = l.order_id "
        "LEFT JOIN wave_part w ON w.pick_list_id = l.id "
        "WHERE l.site = ? AND l.state IN ('open', 'picking') "
        "ORDER BY CASE WHEN o.due_at IS NULL THEN 1 ELSE 0 END, o.due_at, l.id LIMIT ?",
        *(site_id, MOST_LISTED),
    )
    time_zone = (await site(site_id)).time_zone
    lines = await _lines(site_id, [row["id"] for row in rows])
    names = await names_of({_person(row["claimed_by"]) for row in rows})
    return [_document(row, lines.get(row["id"], []), time_zone, names) for row in rows]


def _document(row: db.Row, lines: list[OpenPickLine], time_zone: str, names: Mapping[str, str]) -> OpenPick:
    by, person = row["claimed_by"], _person(row["claimed_by"])
    return OpenPick(
        id=row["id"],
        number=PICK_LISTS.number(row["id"]),
        order=ORDERS.number(row["order_id"]),
        lines=lines,
        due_at=row["due_at"],
        time_zone=time_zone,
        wave=None if row["wave_id"] is None else WAVES.number(row["wave_id"]),
        cluster=row["cluster"],
        claimed_by="" if by is None else names.get(person, row["claimed_box"] or ""),
        claimed_id=person,
        claimed_at=row["claimed_at"],
        tote=row["tote"] if by is not None or any(line.got for line in lines) else None,
    )


def _person(by: str | None) -> str:
    """The id of a person who claimed it; empty: nobody did, or it was at a box where nobody signs in."""
    return by.removeprefix("person:") if by is not None and by.startswith("person:") else ""


async def _lines(site_id: str, list_ids: Sequence[int]) -> dict[int, list[OpenPickLine]]:
    rows = await db.fetch(
        "SELECT p.id, p.pick_list_id, p.sku_id, p.location_id, p.quantity, p.picked, p.is_short, b.code AS bin, "
        "t.code AS lot, t.expiry FROM pick_line p JOIN location b ON b.id = p.location_id LEFT JOIN lot t ON t.id = p.lot_id "
        f"WHERE {db.among('p.pick_list_id')} ORDER BY p.pick_list_id, b.code, p.id",
        db.listing(list_ids),
    )
    known = await articles(site_id, {row["sku_id"] for row in rows})
    left = await _emptied({row["location_id"] for row in rows})
    found: dict[int, list[OpenPickLine]] = defaultdict(list)
    for row in rows:
        if len(found[row["pick_list_id"]]) < MOST_LINES and row["sku_id"] in known:
            found[row["pick_list_id"]].append(_line(row, known[row["sku_id"]], left.get(row["location_id"])))
    return found


def _line(row: db.Row, article: Article, in_bin: int | None) -> OpenPickLine:
    return OpenPickLine(
        id=row["id"],
        sku=article.sku,
        name_en=article.name_en,
        name_zh=article.name_zh,
        symbol=article.symbol,
        gtin=article.gtin,
        unit=article.unit,
        bin=row["bin"],
        wanted=row["quantity"],
        got=row["picked"],
        lot=row["lot"],
        expiry=row["expiry"],
        is_short=bool(row["is_short"]),
        in_bin=in_bin,
    )


async def _emptied(locations: Collection[int]) -> dict[int, int]:
    """Base units of anything in those of some bins that the open lists may empty."""
    ids = db.listing(sorted(locations))
    rows = await db.fetch(
        "SELECT s.location_id, s.units FROM (SELECT b.location_id, CAST(SUM(b.on_hand) AS BIGINT) AS units FROM balance b "
        f"JOIN location l ON l.id = b.location_id WHERE l.kind = 'bin' AND {db.among('b.location_id')} GROUP BY b.location_id) s "
        "JOIN (SELECT p.location_id, CAST(SUM(p.quantity - p.picked) AS BIGINT) AS wanted FROM pick_line p "
        "JOIN pick_list k ON k.id = p.pick_list_id WHERE k.state IN ('open', 'picking') AND NOT p.is_short "
        f"AND {db.among('p.location_id')} GROUP BY p.location_id) w ON w.location_id = s.location_id WHERE s.units <= w.wanted",
        *(ids, ids),
    )
    return {row["location_id"]: int(row["units"]) for row in rows}


PICKS = Listed(name="picks", read=_read)
