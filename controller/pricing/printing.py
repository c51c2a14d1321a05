"""A batch's labels on paper: one wish each, in the order of the bins that they go to."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency

from controller import db, events
from controller.documents.events import DocumentWanted
from controller.errors import NotFound, Rejected
from controller.pricing.batches import refresh
from controller.pricing.queries import StoredLabel, labels

TEMPLATE = "shelf-label"
_DIGITS = 2


class NothingToPrint(Rejected):
    code = "nothing_to_print"


async def print_batch(number: str, *, box: str, again: bool = False) -> int:
    """Wish for the labels of a batch that were not printed yet (with `again`: that are not confirmed), at a box there; how many.

    Records DocumentWanted.  Raises NotFound (batch, box of its site), NothingToPrint.
    """
    async with db.transaction():
        rows = await db.fetch("SELECT id, site_id FROM label_batch WHERE number = ?" + db.for_update(), number)
        if not rows:
            raise NotFound("label batch", number)
        site = rows[0]["site_id"]
        if not await db.fetch("SELECT 1 FROM box WHERE id = ? AND site = ?", box, site):
            raise NotFound("box of the site", box)
        wanted = [one for one in await labels(rows[0]["id"]) if one.confirmed_at is None and (again or not one.prints)]
        if not wanted:
            raise NothingToPrint(f"every label of {number} was printed; say so if they are to be printed again")
        for one in wanted:
            await events.record(_wish(number, one, box), subject=number, site=site)
        await db.execute_many(
            "UPDATE label_line SET prints = prints + 1 WHERE batch_id = ? AND sku_id = ?",
            [(rows[0]["id"], one.sku_id) for one in wanted],
        )
        await refresh(rows[0]["id"])
    return len(wanted)


def _wish(number: str, one: StoredLabel, box: str) -> DocumentWanted:
    """`copy` is not said: a label that is printed again replaces the first."""
    data: dict[str, str | int | list[dict[str, str | int]]] = {
        "name": one.name_zh or one.name_en,
        "price": price_text(one),
        "sku": one.sku,
    }
    if one.base_unit != "piece":
        data["unit"] = "/ 100 g" if one.base_unit == "gram" else "/ 100 ml"
    if one.gtin is not None and one.gtin.startswith("0"):
        data["ean13"] = one.gtin[1:]
    else:
        data["code128"] = data.pop("sku")
    key = f"label:{number}:{one.sku_id}:{one.price_minor}:{one.prints}"
    return DocumentWanted(key=key, template=TEMPLATE, box=box, document=number, data=data)


def price_text(one: StoredLabel) -> str:
    """With the currency's sign, as it stands on a shelf."""
    exponent = {"JPY": 0, "KRW": 0, "VND": 0}.get(one.currency or "", _DIGITS)
    return format_currency(Decimal(one.price_minor or 0).scaleb(-exponent), one.currency or "CNY", locale="zh_CN")
