"""A wave on paper: a sheet per cluster, in walking order, all asked for together from the printer of one box.

As in `fulfilment/papers.py` a template holds no words, and a site has no language: words are given in Chinese and English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from controller import db, events
from controller.documents.events import DocumentWanted
from controller.errors import Conflict, NotFound
from controller.fulfilment.papers import Fields, quantity_text, time_text
from controller.fulfilment.queries import StoredPickLine, lines_of
from controller.fulfilment.states import PickListState
from controller.sites.queries import SiteRow
from controller.sites.queries import site as site_of
from controller.waves.queries import StoredPart, StoredWave, parts, wave

TEMPLATE = "pick-list"
MOST_SHEETS = 500
MOST_PARTS = 5000
_ON_PAPER = frozenset({PickListState.OPEN, PickListState.PICKING})


class NothingToPick(Conflict):
    """None of its lists is to be picked: it is not released, or all of it is fetched."""

    code = "nothing_to_pick"


class TooManySheets(Conflict):
    """More than `most` at once would keep a printer for hours: `sheets` of them."""

    code = "too_many_sheets"

    def __init__(self, sheets: int) -> None:
        super().__init__(f"{sheets} sheets: at most {MOST_SHEETS} are printed at once; make the waves of this rule smaller")
        self.sheets = sheets
        self.most = MOST_SHEETS


async def print_lists(no: str, *, box: str) -> int:
    """Wish for the sheets of all lists that are still to be picked, at a box of the site; how many.

    Asked again they are marked COPY.  Records DocumentWanted.
    Raises NotFound (wave, box of its site), NothingToPick, TooManySheets.
    """
    async with db.transaction():
        found = await wave(no)
        if not await db.fetch("SELECT 1 FROM box WHERE id = ? AND site = ?", box, found.site):
            raise NotFound("box of the site", box)
        to_pick = [part for part in await parts(found.id, limit=MOST_PARTS) if part.list_state in _ON_PAPER]
        if not to_pick:
            raise NothingToPick(f"no list of {no} is to be picked: release it first, or look at how far it has come")
        sheets = [list(members) for _, members in groupby(to_pick, key=lambda part: part.cluster)]
        if len(sheets) > MOST_SHEETS:
            raise TooManySheets(len(sheets))
        copies = await db.fetch("UPDATE wave SET print_copies = print_copies + 1 WHERE id = ? RETURNING print_copies", found.id)
        lines = await lines_of([part.pick_list_id for part in to_pick if part.pick_list_id is not None])
        shop = await site_of(found.site)
        copy = int(copies[0]["print_copies"])
        wishes: list[tuple[events.Event, str]] = []
        for place, sheet in enumerate(sheets, 1):
            # each says which of how many it is: one that is missing is missed
            data = {**_data(found, sheet, lines, shop), "part": f"{place}/{len(sheets)}"}
            key = f"wave:{no}:{copy}:{sheet[0].cluster}"
            wish = DocumentWanted(key=key, template=TEMPLATE, box=box, document=no, data=data, copy=copy > 1)
            wishes.append((wish, no))
        await events.record_many(wishes, site=found.site)
    return len(sheets)


def _data(found: StoredWave, sheet: Sequence[StoredPart], lines: Mapping[int, Sequence[StoredPickLine]], shop: SiteRow) -> Fields:
    slots = {part.pick_list_id: slot_of(place) for place, part in enumerate(sheet)}
    to_fetch = sorted(
        (line.bin, line.sku, slots[list_id], line)
        for list_id in slots
        if list_id is not None
        for line in lines[list_id]
        if not line.is_short and line.picked < line.quantity
    )
    rows: list[dict[str, str | int]] = [
        {
            "bin": line.bin,
            "name": line.name_zh or line.name_en,
            "sku": line.sku if line.lot is None else f"{line.sku}  {line.lot}",
            "quantity": quantity_text(line.quantity - line.picked, line.base_unit),
            "slot": slot,
        }
        for _, _, slot, line in to_fetch
    ]
    data: Fields = {
        "shop": shop.name,
        "title": "拣货单 Pick list",
        "wave": found.no,
        "lines": rows,
        "lists": [{"slot": slots[part.pick_list_id], "order": part.order, "number": part.pick_list or ""} for part in sheet],
    }
    due = _first_due(sheet)
    if due is not None:
        data |= {"due_word": "应于此前 Due by", "due": time_text(due, shop.time_zone)}
    return data


def _first_due(sheet: Sequence[StoredPart]) -> datetime | None:
    return min((part.due_at for part in sheet if part.due_at), default=None)


def slot_of(place: int) -> str:
    """A, B, …, Z, AA: as compartments of a cart are called.  `place` counts from 0.  Pure."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
