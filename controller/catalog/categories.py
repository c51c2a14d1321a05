"""Categories of goods: a tree that people keep, and which SKUs are in which."""

# ruff: noqa: S608 -- what is put into the texts is column names and queries of ours; values are parameters
from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from controller import db, events
from controller.catalog.events import CategoryRemoved, CategorySaved, SkusCategorised
from controller.errors import Conflict, NotFound, Rejected

DEEPEST = 8
"""Levels of the tree: what is deeper is found by nobody."""
MOST = 2_000
"""Categories; they are shown as one tree."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class BadCategory(Rejected):
    code = "bad_category"


class CategoryInUse(Conflict):
    """It has goods or categories in it."""

    code = "category_in_use"

    def __init__(self, category: str) -> None:
        super().__init__(f"category {category} has goods or categories in it: move them first")
        self.category = category


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow:
    """`level`: 0 at the top; `skus`: how many are in it, not in those below."""

    id: int
    code: str
    name_en: str
    name_zh: str
    parent: str | None
    level: int
    skus: int


async def categories() -> list[CategoryRow]:
    """The whole tree: each before those below it, siblings by code."""
    rows = await db.fetch(
        "SELECT c.id, c.code, c.name_en, c.name_zh, c.parent_id, COALESCE(n.skus, 0) AS skus FROM category c "
        "LEFT JOIN (SELECT category_id, COUNT(*) AS skus FROM sku WHERE category_id IS NOT NULL GROUP BY category_id) n "
        "ON n.category_id = c.id ORDER BY c.code"
    )
    below: dict[int | None, list[db.Row]] = {}
    for row in rows:
        below.setdefault(row["parent_id"], []).append(row)
    found: list[CategoryRow] = []
    waiting = [(row, None, 0) for row in reversed(below.get(None, []))]
    while waiting:
        row, parent, level = waiting.pop()
        told = {name: row[name] for name in ("id", "code", "name_en", "name_zh", "skus")}
        found.append(CategoryRow(**told, parent=parent, level=level))
        waiting += [(each, row["code"], level + 1) for each in reversed(below.get(row["id"], []))]
    return found


async def category(code: str) -> CategoryRow:
    """Raises NotFound."""
    for row in await categories():
        if row.code == code:
            return row
    raise NotFound("category", code)


async def save_category(code: str, *, name_en: str, name_zh: str, parent: str | None = None) -> int:
    """Add a category, or say anew what it is called and where it stands; its id.  Records CategorySaved.

    Raises BadCategory (a code or a name that cannot be, below itself, too deep, too many), NotFound (the parent).
    """
    if not _CODE.fullmatch(code):
        raise BadCategory("a category's code is 1 to 64 letters, digits, dots and dashes")
    if not all(0 < len(name.strip()) <= 200 and name.isprintable() for name in (name_en, name_zh)):
        raise BadCategory("a category has a name of 1 to 200 characters in each language")
    async with db.transaction():
        parents = await _held()
        parent_id = None if parent is None else await _id(parent)
        known = {row["code"]: row["id"] for row in await db.fetch("SELECT id, code FROM category WHERE code = ?", code)}
        if code not in known and len(parents) >= MOST:
            raise BadCategory(f"there are {MOST} categories already")
        _check_place(known.get(code), parent_id, parents)
        rows = await db.fetch(
            "INSERT INTO category (code, name_en, name_zh, parent_id) VALUES (?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET "
            "name_en = excluded.name_en, name_zh = excluded.name_zh, parent_id = excluded.parent_id RETURNING id",
            *(code, name_en.strip(), name_zh.strip(), parent_id),
        )
        told = CategorySaved(name_en=name_en.strip(), name_zh=name_zh.strip(), parent=parent)
        await events.record(told, subject=f"category:{code}")
    return int(rows[0]["id"])


async def _held() -> dict[int, int | None]:
    """The tree, locked, so that two moves at once make no circle: parents by id."""
    await db.fetch("SELECT id FROM catalog_version WHERE id = 1" + db.for_update())
    return {row["id"]: row["parent_id"] for row in await db.fetch("SELECT id, parent_id FROM category")}


def _check_place(own: int | None, parent: int | None, parents: Mapping[int, int | None]) -> None:
    """Raises BadCategory."""
    above, at = 0, parent
    while at is not None:
        if at == own:
            raise BadCategory("a category cannot stand below itself")
        above, at = above + 1, parents[at]
    if above + _height(own, parents) > DEEPEST:
        raise BadCategory(f"the tree would have more than {DEEPEST} levels")


def _height(own: int | None, parents: Mapping[int, int | None]) -> int:
    """How many levels begin with a category: 1 when nothing is below it."""
    height, level = 1, {own} if own is not None else set()
    while level := {each for each, parent in parents.items() if parent is not None and parent in level}:
        height += 1
    return height


async def _id(code: str) -> int:
    rows = await db.fetch("SELECT id FROM category WHERE code = ?", code)
    if not rows:
        raise NotFound("category", code)
    return int(rows[0]["id"])


async def remove_category(code: str) -> None:
    """Records CategoryRemoved.  Raises NotFound, CategoryInUse."""
    async with db.transaction():
        await _held()
        category_id = await _id(code)
        gone = await db.execute(
            "DELETE FROM category WHERE id = ? AND NOT EXISTS (SELECT 1 FROM sku WHERE category_id = ?) "
            "AND NOT EXISTS (SELECT 1 FROM category c WHERE c.parent_id = ?)",
            *(category_id, category_id, category_id),
        )
        if not gone:
            raise CategoryInUse(code)
        await events.record(CategoryRemoved(), subject=f"category:{code}")


async def categorise(skus: Collection[str], category: str | None) -> int:
    """Put SKUs into a category, or None: into none; how many were elsewhere.  Records SkusCategorised.

    Raises NotFound (the category, a SKU; nothing is written).
    """
    async with db.transaction():
        await db.fetch("SELECT id FROM catalog_version WHERE id = 1" + db.for_update())
        category_id = None if category is None else await _id(category)
        wanted = db.listing(sorted(set(skus)))
        there = {row["code"] for row in await db.fetch(f"SELECT code FROM sku WHERE {db.among('code')}", wanted)}
        for code in sorted(set(skus) - there):
            raise NotFound("SKU", code)
        changed = await db.execute(
            f"UPDATE sku SET category_id = ? WHERE {db.among('code')} AND COALESCE(category_id, 0) <> ?",
            *(category_id, wanted, category_id or 0),
        )
        if changed:
            await events.record(SkusCategorised(category=category, skus=sorted(there)[:200], count=changed), subject="catalog")
    return changed
