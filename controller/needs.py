"""Events that need a person become tasks, and are closed by the events that settle them.

It stands between the features, which need not know each other's tasks.  What a feature asks for by itself it opens by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from controller.catalog.events import BarcodeAdded, CatalogImported, UnknownBarcodeSeen
from controller.catalog.queries import skus_by_id, still_unknown
from controller.counts.events import BinCounted
from controller.errors import NotFound
from controller.events import Recorded
from controller.fleet.events import FactParked, FactRejected, PrintJobChanged
from controller.fleet.states import PrintState
from controller.following import Follower
from controller.fulfilment.events import LabelRefused, OtherLotPicked, PutBackNeeded, ShelfShort
from controller.fulfilment.facts import HELD_CODE
from controller.fulfilment.operations import print_held_labels
from controller.fulfilment.rebinding import bind_anew
from controller.orders.events import OrderCancelled, OrderClosed, OrderFlagCleared
from controller.orders.flags import blocking
from controller.orders.numbers import ORDERS
from controller.printing import DocumentNotPrintable
from controller.recalls.events import LotRecalled
from controller.recalls.operations import look_again
from controller.sites.queries import place
from controller.stock.events import CommitmentWithdrawn, CountNeeded, StockMoved
from controller.stock.promises import document_of
from controller.tasks.operations import close_tasks, open_task
from controller.tasks.queries import waiting_keys

NAMED_SKUS = 20
"""StockMoved names at most so many."""
SCANS_ONLY = frozenset({"scan", "lookup", "pick_claimed", "pick_unclaimed"})
"""Facts that book nothing: a person at the station saw the answer, or sees who else has the list."""


async def _count_needed(recorded: Recorded) -> None:
    found = await place(int(str(recorded.data["location_id"])))
    sku = await _sku(recorded)
    arguments = {"bin": found.code, "sku": sku, "missing": recorded.data["missing"]}
    key = f"count:{recorded.site}/{found.code}"
    await open_task("count_needed", site=recorded.site, key=key, subject=found.code, arguments=arguments)


async def _shelf_short(recorded: Recorded) -> None:
    found = await place(int(str(recorded.data["location_id"])))
    arguments = {"bin": found.code, "sku": await _sku(recorded), "pick_list": recorded.data["pick_list"]}
    key = f"shelf:{recorded.site}/{found.code}"
    await open_task("shelf_short", site=recorded.site, key=key, subject=found.code, arguments=arguments)


async def _other_lot(recorded: Recorded) -> None:
    told = {name: recorded.data[name] for name in ("pick_list", "expected", "picked")}
    sku, order = await _sku(recorded), recorded.subject
    key = f"other_lot:{told['pick_list']}/{sku}"
    await open_task("lot_mismatch", site=recorded.site, key=key, subject=order, arguments={**told, "sku": sku})


async def _label_refused(recorded: Recorded) -> None:
    lots = recorded.data["lots"]
    named = ", ".join(map(str, lots)) if isinstance(lots, list) else ""
    arguments = {"parcel": recorded.data["parcel"], "order": recorded.subject, "lots": named}
    key = f"label_refused:{recorded.data['parcel']}"
    await open_task("label_refused", site=recorded.site, key=key, subject=recorded.subject, arguments=arguments)


async def _moved(recorded: Recorded) -> None:
    """A recalled lot may have come to a site, or be gone from it; an event names the first SKUs of many."""
    skus = [int(str(sku)) for sku in recorded.data["skus"]] if isinstance(recorded.data["skus"], list) else []
    await look_again(None if len(skus) >= NAMED_SKUS else skus)


async def _lot_recalled(recorded: Recorded) -> None:
    """Lists that would fetch it are bound to other goods."""
    await bind_anew(str(recorded.data["sku"]), str(recorded.data["lot"]))


async def _counted(recorded: Recorded) -> None:
    """A bin that was counted whole settles both."""
    for what in ("count", "shelf"):
        await close_tasks(f"{what}:{recorded.site}/{recorded.data['bin']}")


async def _withdrawn(recorded: Recorded) -> None:
    """A promise to a customer was taken back; a cart's holder is told by the shop."""
    order = document_of(recorded.subject)
    if not _is_order(order):
        return
    arguments = {"order": order, "sku": await _sku(recorded), "quantity": recorded.data["quantity"]}
    await open_task("stock_short", site=recorded.site, key=f"stock_short:{order}", subject=order, arguments=arguments)


def _is_order(document: str) -> bool:
    try:
        ORDERS.row_id(document)
    except NotFound:
        return False
    return True


async def _order_ended(recorded: Recorded) -> None:
    await close_tasks(f"stock_short:{recorded.subject}")


async def _flag_cleared(recorded: Recorded) -> None:
    """The last one lets go what waited: hand-overs by themselves, the label here."""
    if not recorded.data["others"]:
        await close_tasks(f"hand_over:{recorded.subject}")
        await print_held_labels(recorded.subject)


async def _parked(recorded: Recorded) -> None:
    """Somebody scanned a parcel out of the house whose order is flagged."""
    if recorded.data["code"] != HELD_CODE:
        return
    order = str(recorded.data["waits_for"]).partition(":")[2]
    flags = (await blocking([ORDERS.row_id(order)])).get(ORDERS.row_id(order), [])
    arguments = {"order": order, "flags": ", ".join(flags), "box": recorded.data["box"]}
    await open_task("hand_over_held", site=recorded.site, key=f"hand_over:{order}", subject=order, arguments=arguments)


async def _put_back(recorded: Recorded) -> None:
    sku, order = await _sku(recorded), recorded.subject
    arguments = {"order": order, "sku": sku, "quantity": recorded.data["quantity"]}
    await open_task("put_back_needed", site=recorded.site, key=f"put_back:{order}/{sku}", subject=order, arguments=arguments)


async def _unknown(recorded: Recorded) -> None:
    text = str(recorded.data["text"])
    arguments = {"text": text[:80], "box": recorded.data["box"]}
    await open_task("unknown_barcode", site=recorded.site, key=f"barcode:{recorded.subject}", subject=text, arguments=arguments)


async def _linked(_: Recorded) -> None:
    """Barcodes came into the catalogue: what waits and is not unknown any more is done."""
    keys = await waiting_keys("unknown_barcode")
    unknown = await still_unknown(key.removeprefix("barcode:") for key in keys)
    for key in sorted(keys):
        if key.removeprefix("barcode:") not in unknown:
            await close_tasks(key)


async def _print(recorded: Recorded) -> None:
    job, key = str(recorded.data["job"]), f"print:{recorded.data['job']}"
    if recorded.data["state"] != PrintState.UNCERTAIN.value:
        await close_tasks(key)
        return
    about = str(recorded.data["document"] or job)
    arguments = {"template": recorded.data["template"], "printer": recorded.data["printer"] or "", "box": recorded.data["box"]}
    await open_task("print_uncertain", site=recorded.site, key=key, subject=about, arguments={**arguments, "document": about})


async def _not_printable(recorded: Recorded) -> None:
    told = {name: recorded.data[name] for name in ("box", "code", "message")}
    about, key = recorded.subject, f"paper:{recorded.data['key']}"
    await open_task("document_not_printable", site=recorded.site, key=key, subject=about, arguments={**told, "document": about})


async def _rejected(recorded: Recorded) -> None:
    """What a station booked and the books refused: somebody did something, and it counts for nothing."""
    box, fact, code = (str(recorded.data[name]) for name in ("box", "fact_name", "code"))
    if fact in SCANS_ONLY:
        return
    arguments = {"box": box, "fact": fact, "code": code, "detail": recorded.data["detail"]}
    await open_task("fact_rejected", site=recorded.site, key=f"rejected:{box}/{fact}/{code}", subject=box, arguments=arguments)


async def _sku(recorded: Recorded) -> str:
    sku_id = int(str(recorded.data["sku_id"]))
    return (await skus_by_id([sku_id]))[sku_id].code


TAKEN: Mapping[str, Callable[[Recorded], Awaitable[None]]] = {
    CountNeeded.name: _count_needed,
    ShelfShort.name: _shelf_short,
    OtherLotPicked.name: _other_lot,
    LabelRefused.name: _label_refused,
    BinCounted.name: _counted,
    StockMoved.name: _moved,
    LotRecalled.name: _lot_recalled,
    CommitmentWithdrawn.name: _withdrawn,
    OrderCancelled.name: _order_ended,
    OrderClosed.name: _order_ended,
    OrderFlagCleared.name: _flag_cleared,
    FactParked.name: _parked,
    PutBackNeeded.name: _put_back,
    UnknownBarcodeSeen.name: _unknown,
    BarcodeAdded.name: _linked,
    CatalogImported.name: _linked,
    PrintJobChanged.name: _print,
    DocumentNotPrintable.name: _not_printable,
    FactRejected.name: _rejected,
}


async def _take(recorded: Recorded) -> None:
    await TAKEN[recorded.name](recorded)


FOLLOWER = Follower("needs", frozenset(TAKEN), _take)
