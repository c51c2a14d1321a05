"""The purchase of a label: what became of the wish for it, and what people decide.  Each step is conditional on where it stands.

A label is bought once: its key is claimed before the carrier is asked, and given free only when the carrier surely did nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller import db, events
from controller.customers.order_addresses import record_given, stored_address
from controller.documents.events import DocumentWanted
from controller.errors import Conflict, Rejected
from controller.orders.flags import FlagKind, clear_flag, set_flag
from controller.shipping.adapters import Bought
from controller.shipping.addressing import ADDRESS, FETCHED
from controller.shipping.choosing import Choice, Judged, Why
from controller.shipping.events import LabelBought, LabelRefusedByCarrier, LabelUncertain, LabelVoided
from controller.shipping.manifests import put_on_manifest
from controller.shipping.numbers import SHIPMENTS
from controller.shipping.shipments import StoredShipment, is_off, locked, set_service
from controller.shipping.states import PURCHASE, SHIPMENT, PurchaseAction, PurchaseState, ShipmentAction, ShipmentState
from controller.sites.queries import site as site_of
from controller.states import advance
from controller.tasks.operations import close_tasks, open_task
from edge_agent.seams import failpoint

MAX_REASON = 200
OFF = "the order is cancelled, or its parcel was withdrawn"
RETRY = timedelta(seconds=30)
SETTLES = timedelta(seconds=60)
"""How long a carrier may still be at it after we stopped waiting: it is asked for our key no sooner."""


class NotSettled(Conflict):
    """Only a label of which nobody knows whether it was bought is settled by a person."""

    code = "label_not_uncertain"

    def __init__(self, shipment: str, state: PurchaseState) -> None:
        super().__init__(f"the label of {shipment} is {state}: there is nothing to decide")
        self.shipment = shipment
        self.state = state.value


class BadShipment(Rejected):
    code = "bad_shipment"


async def step(row: db.Row, action: PurchaseAction, *, error: str = "", next_at: datetime | None = None) -> bool:
    """The purchase goes on from the state it was read in; false: somebody else was there first."""
    now = PurchaseState(row["state"])
    changed = await db.execute(
        "UPDATE label_purchase SET state = ?, error = ?, next_at = ? WHERE id = ? AND state = ?",
        *(advance(PURCHASE, now, action).value, error[:400], next_at or db.now(), row["id"], now.value),
    )
    return changed > 0


async def bought(row: db.Row, label: Bought) -> None:
    """The label is there: the shipment has its number, its place on the carrier's list, and its paper.  Records LabelBought.

    One of an order that was cancelled while nobody knew whether there is one is given back.
    """
    async with db.transaction():
        if not await step(row, PurchaseAction.BUY):
            return
        one = await locked(row["shipment_id"])
        state = advance(SHIPMENT, one.state, ShipmentAction.LABEL)
        await db.execute(
            "UPDATE shipment SET state = ?, tracking_no = ?, price_minor = ?, route = ?, label_copies = 1 WHERE id = ?",
            *(state.value, label.tracking_no, label.price_minor, label.route, one.id),
        )
        await put_on_manifest(one.id, one.carrier, one.site)
        told = LabelBought(
            shipment=one.no,
            carrier=one.carrier,
            tracking_no=label.tracking_no,
            price_minor=label.price_minor,
            currency=one.currency,
        )
        await events.record(told, subject=one.order_no, site=one.site)
        await _certain_again(one)
        failpoint("ctl.label_bought_before_commit")
        if await is_off(one):
            await void(one.no, reason=OFF)
        else:
            await want_paper(await locked(one.id), copy=1)


async def want_paper(one: StoredShipment, *, copy: int) -> None:
    """The label on paper, from the printer of the box that packed it.  Records DocumentWanted, PersonalDataGiven.

    Name and address are on the paper and in nothing else: the box fetches them as it prints.
    """
    shop = await site_of(one.site)
    has_address = await stored_address(one.order_id) is not None
    carrier = " ".join(part for part in (one.carrier, one.service, one.route or one.zone) if part)
    data: dict[str, str | int | list[dict[str, str | int]]] = {
        "from": shop.name,
        "order_word": "订单 Order",
        "order": one.order_no,
        "ship_to_word": f"收件 To · {carrier}" if has_address else "承运 Carrier",
        "ship_to": FETCHED if has_address else carrier.replace(" ", "\n"),
        "weight": f"{one.grams} g",
        "parcel": one.tracking_no or one.no,
    }
    wanted = DocumentWanted(
        key=f"carrier-label:{one.no}:{copy}",
        template="shipping-label",
        box=one.box,
        document=one.order_no,
        data=data,
        copy=copy > 1,
        private=f"{ADDRESS}:{one.order_id}" if has_address else "",
    )
    if has_address:
        await record_given(one.order_id, f"printer:{one.box}", site=one.site)
    await events.record(wanted, subject=one.order_no, site=one.site)


async def print_again(no: str) -> None:
    """The same label once more, marked COPY.  Raises NotFound, BadShipment (it has none)."""
    async with db.transaction():
        one = await locked(SHIPMENTS.row_id(no))
        if one.tracking_no is None or one.state is ShipmentState.VOID:
            raise BadShipment(f"{no} has no label that could be printed")
        await db.execute("UPDATE shipment SET label_copies = label_copies + 1 WHERE id = ?", one.id)
        await want_paper(one, copy=one.label_copies + 1)


async def refused(row: db.Row, error: str) -> None:
    """The carrier said no: a person chooses another one.  Records LabelRefusedByCarrier."""
    async with db.transaction():
        if not await step(row, PurchaseAction.REFUSE, error=error):
            return
        one = await locked(row["shipment_id"])
        told = LabelRefusedByCarrier(shipment=one.no, carrier=one.carrier, error=error[:200])
        await events.record(told, subject=one.order_no, site=one.site)
        arguments = {"shipment": one.no, "order": one.order_no, "carrier": one.carrier, "error": error[:200]}
        await open_task("shipment_refused", site=one.site, key=f"label:{one.no}", subject=one.no, arguments=arguments)


async def uncertain(row: db.Row, error: str) -> None:
    """Nobody knows: the order is flagged, so that nothing more is done to it; the carrier is asked by our key."""
    async with db.transaction():
        if not await step(row, PurchaseAction.LOSE, error=error, next_at=db.now() + SETTLES):
            return
        one = await locked(row["shipment_id"])
        await set_flag(one.order_id, FlagKind.LABEL_UNCERTAIN, f"the label of {one.no} may have been bought")
        told = LabelUncertain(shipment=one.no, carrier=one.carrier, error=error[:200])
        await events.record(told, subject=one.order_no, site=one.site)
        arguments = {"shipment": one.no, "order": one.order_no, "carrier": one.carrier}
        await open_task("label_uncertain", site=one.site, key=f"label:{one.no}", subject=one.no, arguments=arguments)


async def surely_not_bought(row: db.Row) -> None:
    """The carrier (or a person who asked it) knows nothing of our key: it may be asked for the label again, under the same key."""
    async with db.transaction():
        if await step(row, PurchaseAction.WANT_AGAIN):
            await _certain_again(await locked(row["shipment_id"]))


async def settle(no: str, tracking_no: str | None, *, reason: str) -> None:
    """A person says what the carrier did: this number, or (None) nothing.  Raises NotFound, NotSettled, BadShipment (no reason)."""
    _require_reason(reason)
    async with db.transaction():
        one = await locked(SHIPMENTS.row_id(no))
        row = await _purchase(one)
        if PurchaseState(row["state"]) is not PurchaseState.UNCERTAIN:
            raise NotSettled(no, PurchaseState(row["state"]))
        if tracking_no is None:
            await surely_not_bought(row)
        else:
            await bought(row, Bought(_number(tracking_no)))


async def choose_by_hand(no: str, chosen: Judged, *, reason: str) -> None:
    """A person says by whom it goes, while it has no label.  Raises NotFound, BadShipment."""
    _require_reason(reason)
    async with db.transaction():
        one = await locked(SHIPMENTS.row_id(no))
        row = await _purchase(one)
        state = PurchaseState(row["state"])
        if state not in (PurchaseState.WANTED, PurchaseState.REFUSED):
            raise BadShipment(f"the label of {no} is {state}: by whom it goes cannot be changed now")
        await db.execute("UPDATE shipment SET carrier = '', service = '' WHERE id = ?", one.id)
        await set_service(
            one, Choice(Judged(chosen.carrier, chosen.service, chosen.price_minor, chosen.days, Why.PERSON), (), None)
        )
        if state is PurchaseState.REFUSED:
            await step(row, PurchaseAction.WANT_AGAIN)
        else:
            await db.execute("UPDATE label_purchase SET next_at = ? WHERE id = ?", db.now(), row["id"])
        await close_tasks(f"label:{no}")


async def void(no: str, *, reason: str) -> None:
    """It does not go: the label is given back, if there is one.  Doing it twice is once.  Records LabelVoided.

    Raises NotFound, IllegalTransition (the carrier has it), BadShipment (its label is uncertain: settle that first; no reason).
    """
    _require_reason(reason)
    async with db.transaction():
        one = await locked(SHIPMENTS.row_id(no))
        if one.state is ShipmentState.VOID:
            return
        row = await _purchase(one)
        state = PurchaseState(row["state"])
        if state in (PurchaseState.CALLING, PurchaseState.ASKED, PurchaseState.UNCERTAIN):
            raise BadShipment(f"the label of {no} is {state}: it is known first whether there is one")
        after = advance(SHIPMENT, one.state, ShipmentAction.VOID)
        await step(row, PurchaseAction.VOID)
        await db.execute("UPDATE shipment SET state = ?, manifest_id = NULL WHERE id = ?", after.value, one.id)
        told = LabelVoided(shipment=no, carrier=one.carrier, reason=reason.strip())
        await events.record(told, subject=one.order_no, site=one.site)
        await close_tasks(f"label:{no}")


async def _purchase(one: StoredShipment) -> db.Row:
    sql = f"SELECT * FROM label_purchase WHERE shipment_id = ?{db.for_update()}"  # noqa: S608 -- ours
    return (await db.fetch(sql, one.id))[0]


async def _certain_again(one: StoredShipment) -> None:
    await clear_flag(one.order_id, FlagKind.LABEL_UNCERTAIN, f"it is known what became of the label of {one.no}")
    await close_tasks(f"label:{one.no}")


def _require_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= MAX_REASON or not reason.isprintable():
        raise BadShipment(f"a reason of 1 to {MAX_REASON} characters on one line is needed")


def _number(text: str) -> str:
    plain = text.strip()
    if not 3 < len(plain) <= 64 or not all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in plain):
        raise BadShipment("a tracking number is 4 to 64 letters, digits and hyphens")
    return plain


@dataclass(frozen=True, slots=True)
class Stand:
    """How far the purchase of a label is, and what went wrong last."""

    state: PurchaseState
    error: str
    key: str


async def stand_of(one: StoredShipment) -> Stand:
    rows = await db.fetch("SELECT state, error, key FROM label_purchase WHERE shipment_id = ?", one.id)
    return Stand(PurchaseState(rows[0]["state"]), rows[0]["error"], rows[0]["key"])
