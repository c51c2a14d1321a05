"""Presets of orders: how one is paid and gets to the customer, said at a counter by one barcode (`OP-…`)."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from controller import db, events
from controller.documents.numbers import Series
from controller.errors import NotFound, StaleVersion
from controller.orders.events import PresetSaved
from controller.orders.templates import check_site, checked_title
from edge_agent.wire.order_facts import Goes, PayBy

PRESETS: Final = Series("OP", "order preset")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPreset:
    """`customer_id`: whose account it goes on.  `site` None: for all."""

    title: str
    pays: PayBy
    goes: Goes
    site: str | None = None
    customer_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPreset:
    """`uses`: orders that were made with it.  `version`: what a change wants back."""

    number: str
    title: str
    pays: PayBy
    goes: Goes
    site: str | None
    customer_id: int | None
    is_active: bool
    uses: int
    version: int


async def save_preset(new: NewPreset, *, number: str | None = None, version: int | None = None) -> str:
    """Make one, or (with its number) change it; its number.  Records PresetSaved.

    Raises BadTemplate, NotFound (it, the site, the customer), StaleVersion (somebody changed it since `version`).
    """
    title = checked_title(new.title)
    async with db.transaction():
        await check_site(new.site)
        if new.customer_id is not None and not await db.fetch("SELECT 1 AS one FROM customer WHERE id = ?", new.customer_id):
            raise NotFound("customer", new.customer_id)
        told = (title, new.site, new.pays.value, new.goes.value, new.customer_id, db.now(), events.actor().actor)
        if number is None:
            rows = await db.fetch(
                "INSERT INTO order_preset (title, site, pays, goes, customer_id, changed_at, changed_by) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                *told,
            )
        else:
            rows = await db.fetch(
                "UPDATE order_preset SET title = ?, site = ?, pays = ?, goes = ?, customer_id = ?, changed_at = ?, changed_by = ?, "
                "version = version + 1 WHERE id = ? AND (CAST(? AS BIGINT) IS NULL OR version = ?) RETURNING id",
                *(*told, PRESETS.row_id(number), version, version),
            )
        if not rows:
            await preset(number or "")
            raise StaleVersion(PRESETS.what, number)
        saved = PRESETS.number(rows[0]["id"])
        await events.record(PresetSaved(title=title, pays=new.pays, goes=new.goes, is_active=True), subject=saved, site=new.site)
    return saved


async def switch_preset(number: str, *, on: bool) -> None:
    """Boxes have it, or do not any more.  Records PresetSaved.  Raises NotFound."""
    async with db.transaction():
        rows = await db.fetch(
            "UPDATE order_preset SET is_active = ?, version = version + 1, changed_at = ?, changed_by = ? WHERE id = ? RETURNING *",
            *(on, db.now(), events.actor().actor, PRESETS.row_id(number)),
        )
        if not rows:
            raise NotFound(PRESETS.what, number)
        row = rows[0]
        told = PresetSaved(title=row["title"], pays=row["pays"], goes=row["goes"], is_active=on)
        await events.record(told, subject=number, site=row["site"])


async def use_preset(number: str | None) -> StoredPreset | None:
    """One more order was made with it; None: it is one of those that every box has, or nobody knows it."""
    if number is None:
        return None
    try:
        found = await preset(number)
    except NotFound:
        return None
    await db.execute("UPDATE order_preset SET uses = uses + 1 WHERE id = ?", PRESETS.row_id(number))
    return found


async def preset(number: str) -> StoredPreset:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM order_preset WHERE id = ?", PRESETS.row_id(number))
    if not rows:
        raise NotFound(PRESETS.what, number)
    return _stored(rows[0])


async def presets(*, sites: Collection[str] | None = None, after: int = 0, limit: int = 50) -> list[StoredPreset]:
    """In order of their numbers; those of `sites` (None: all) and those for all."""
    here, ids = ("", []) if sites is None else (f"AND (site IS NULL OR {db.among('site')}) ", [db.listing(sorted(sites))])
    rows = await db.fetch(f"SELECT * FROM order_preset WHERE id > ? {here}ORDER BY id LIMIT ?", *(after, *ids, limit))
    return [_stored(row) for row in rows]


def _stored(row: db.Row) -> StoredPreset:
    return StoredPreset(
        number=PRESETS.number(row["id"]),
        title=row["title"],
        pays=PayBy(row["pays"]),
        goes=Goes(row["goes"]),
        site=row["site"],
        customer_id=row["customer_id"],
        is_active=bool(row["is_active"]),
        uses=row["uses"],
        version=row["version"],
    )
