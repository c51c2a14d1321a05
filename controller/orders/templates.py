"""Templates of orders: goods that are often ordered together, read at a counter by one barcode (`OT-…`); also of past orders."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from controller import db, events
from controller.catalog.queries import skus_by_code
from controller.documents.numbers import Series
from controller.errors import NotFound, Rejected, StaleVersion
from controller.orders import queries
from controller.orders.events import TemplateSaved
from controller.sites.queries import known_sites
from edge_agent.wire.order_facts import MOST_LINES

TEMPLATES: Final = Series("OT", "order template")
MOST_TITLE: Final = 80


class BadTemplate(Rejected):
    code = "bad_template"


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """`quantity` base units."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTemplate:
    """`site` None: for all."""

    title: str
    lines: Sequence[TemplateLine]
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTemplate:
    """`uses`: orders that were made with it.  `version`: what a change wants back."""

    number: str
    title: str
    site: str | None
    is_active: bool
    uses: int
    version: int
    lines: tuple[TemplateLine, ...]


async def save_template(new: NewTemplate, *, number: str | None = None, version: int | None = None) -> str:
    """Make one, or (with its number) change it whole; its number.  Records TemplateSaved.

    Raises BadTemplate, NotFound (it, a SKU, the site), StaleVersion (somebody changed it since `version`).
    """
    title = checked_title(new.title)
    _check_lines(new.lines)
    async with db.transaction():
        skus = await skus_by_code([line.sku for line in new.lines])
        missing = next((line.sku for line in new.lines if line.sku not in skus), None)
        if missing is not None:
            raise NotFound("SKU", missing)
        await check_site(new.site)
        row_id = await _write(title, new.site, number, version)
        await db.execute("DELETE FROM order_template_line WHERE template_id = ?", row_id)
        rows = [(row_id, place, skus[line.sku].id, line.quantity) for place, line in enumerate(new.lines, 1)]
        await db.insert_many("order_template_line", ("template_id", "position", "sku_id", "quantity"), rows)
        saved = TEMPLATES.number(row_id)
        await events.record(TemplateSaved(title=title, lines=len(rows), is_active=True), subject=saved, site=new.site)
    return saved


async def switch_template(number: str, *, on: bool) -> None:
    """Boxes have it, or do not any more.  Records TemplateSaved.  Raises NotFound."""
    async with db.transaction():
        rows = await db.fetch(
            "UPDATE order_template SET is_active = ?, version = version + 1, changed_at = ?, changed_by = ? WHERE id = ? "
            "RETURNING title, site",
            *(on, db.now(), events.actor().actor, TEMPLATES.row_id(number)),
        )
        if not rows:
            raise NotFound(TEMPLATES.what, number)
        await events.record(TemplateSaved(title=rows[0]["title"], lines=None, is_active=on), subject=number, site=rows[0]["site"])


async def template_of_order(order_no: str, title: str, *, site: str | None = None) -> str:
    """The same goods again, as a template; its number.  Raises NotFound, BadTemplate (more lines than a counter takes)."""
    found = await queries.order(order_no)
    units: dict[str, int] = {}
    for line in (await queries.lines([found.id]))[found.id]:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    lines = [TemplateLine(sku, quantity) for sku, quantity in units.items()]
    return await save_template(NewTemplate(title=title, lines=lines, site=site))


async def use_templates(numbers: Collection[str]) -> list[str]:
    """One more order was made with each; those that nobody knows.  In the caller's transaction."""
    missing = []
    for number in dict.fromkeys(numbers):
        try:
            row_id = TEMPLATES.row_id(number)
        except NotFound:
            row_id = 0
        if not await db.execute("UPDATE order_template SET uses = uses + 1 WHERE id = ?", row_id):
            missing.append(number)
    return missing


async def template(number: str) -> StoredTemplate:
    """Raises NotFound."""
    found = await _read("WHERE id = ?", TEMPLATES.row_id(number))
    if not found:
        raise NotFound(TEMPLATES.what, number)
    return found[0]


async def templates(*, sites: Collection[str] | None = None, after: int = 0, limit: int = 50, q: str = "") -> list[StoredTemplate]:
    """In order of their numbers; those of `sites` (None: all) and those for all; `q`: a part of the title."""
    where, params = "WHERE id > ?", [after]
    values: list[object] = [*params]
    if sites is not None:
        where, values = f"{where} AND (site IS NULL OR {db.among('site')})", [*values, db.listing(sorted(sites))]
    if q:
        where, values = f"{where} AND LOWER(title) LIKE ? ESCAPE '!'", [*values, f"%{escaped(q.lower())}%"]
    return await _read(f"{where} ORDER BY id LIMIT {int(limit)}", *values)


def escaped(text: str) -> str:
    """What is searched for, as a pattern that means itself."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def checked_title(title: str) -> str:
    """Raises BadTemplate."""
    plain = title.strip()
    if not 0 < len(plain) <= MOST_TITLE or not plain.isprintable():
        raise BadTemplate(f"a title of 1 to {MOST_TITLE} characters on one line is needed")
    return plain


async def check_site(site: str | None) -> None:
    """Raises NotFound."""
    if site is not None and not await known_sites([site]):
        raise NotFound("site", site)


def _check_lines(lines: Sequence[TemplateLine]) -> None:
    if not 1 <= len(lines) <= MOST_LINES:
        raise BadTemplate(f"a template has 1 to {MOST_LINES} lines, not {len(lines)}")
    if any(not 0 < line.quantity <= 2**31 for line in lines):
        raise BadTemplate("each line has a quantity above 0, in base units")
    if len({line.sku for line in lines}) != len(lines):
        raise BadTemplate("each SKU is in a template once")


async def _write(title: str, site: str | None, number: str | None, version: int | None) -> int:
    who = (db.now(), events.actor().actor)
    if number is None:
        rows = await db.fetch(
            "INSERT INTO order_template (title, site, changed_at, changed_by) VALUES (?, ?, ?, ?) RETURNING id",
            *(title, site, *who),
        )
        return int(rows[0]["id"])
    row_id = TEMPLATES.row_id(number)
    changed = await db.execute(
        "UPDATE order_template SET title = ?, site = ?, version = version + 1, changed_at = ?, changed_by = ? "
        "WHERE id = ? AND (CAST(? AS BIGINT) IS NULL OR version = ?)",
        *(title, site, *who, row_id, version, version),
    )
    if not changed:
        now = await template(number)
        raise StaleVersion(TEMPLATES.what, now.number)
    return row_id


async def _read(where: str, *params: object) -> list[StoredTemplate]:
    rows = await db.fetch(f"SELECT id, title, site, is_active, uses, version FROM order_template {where}", *params)
    ids = db.listing([row["id"] for row in rows])
    lines: dict[int, list[TemplateLine]] = {}
    for line in await db.fetch(
        "SELECT l.template_id, k.code, l.quantity FROM order_template_line l JOIN sku k ON k.id = l.sku_id "
        f"WHERE {db.among('l.template_id')} ORDER BY l.template_id, l.position",
        ids,
    ):
        lines.setdefault(line["template_id"], []).append(TemplateLine(line["code"], line["quantity"]))
    return [
        StoredTemplate(
            number=TEMPLATES.number(row["id"]),
            title=row["title"],
            site=row["site"],
            is_active=bool(row["is_active"]),
            uses=row["uses"],
            version=row["version"],
            lines=tuple(lines.get(row["id"], ())),
        )
        for row in rows
    ]
