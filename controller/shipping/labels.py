"""The worker that buys labels, beside every transaction; it also gives back those that are not wanted any more.

The key of a label is claimed, and that is stored, before its carrier is asked.  A process that ends in between, a time-out, an
answer that cannot be read: nobody knows, the carrier is asked by our key.  Several processes may do this: each claims its rows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from controller import db, events
from controller.customers.errors import KeysUnavailable, SealBroken
from controller.customers.order_addresses import address_of, record_given
from controller.errors import NotFound
from controller.orders.flags import FlagKind, blocking, set_flag
from controller.shipping import carriers, purchases
from controller.shipping.adapters import Bought, CarrierError, LabelWanted, Later, NotAsked, Refused, Uncertain
from controller.shipping.carriers import Apis
from controller.shipping.choosing import Choice, Goods, Service, choose
from controller.shipping.shipments import StoredShipment, goods_of, is_off, set_service, stored
from controller.shipping.states import PurchaseAction, PurchaseState
from controller.tasks.operations import open_task
from edge_agent.seams import failpoint

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Longer than a carrier is ever waited for."""
LOOK_SECONDS = 1.0
LANES = 4
"""Labels that are bought at once by a process."""
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
_DUE = ("wanted", "calling", "asked", "uncertain", "voiding")


async def run(apis: Apis) -> None:
    """Do what is due, for ever: several at once, as a carrier that does not answer must not hold up the labels of others."""
    async with asyncio.TaskGroup() as lanes:
        for _ in range(LANES):
            lanes.create_task(_lane(apis))


async def _lane(apis: Apis) -> None:
    while True:
        try:
            while await work_once(apis):
                pass
        except Exception:  # the worker's outermost loop: the database may be away
            log.exception("labels could not be looked up; it is tried again")
        await asyncio.sleep(LOOK_SECONDS)


async def work_once(apis: Apis) -> bool:
    """The purchase that is due longest goes one step on; whether there was one."""
    row = await db.in_transaction(_claim)
    if row is None:
        return False
    with events.acting("system", row["key"]):
        try:
            await _STEPS[PurchaseState(row["state"])](row, apis)
        except Exception as error:  # one label that breaks our code must not block those behind it
            if db.is_of_the_database(error):
                raise
            log.exception("a label could not be bought", extra={"key": row["key"]})
    return True


async def _claim() -> db.Row | None:
    """Nobody else looks at it before the lease is over."""
    skip = " FOR UPDATE SKIP LOCKED" if db.engine() is db.Engine.POSTGRES else ""
    states = ", ".join(f"'{state}'" for state in _DUE)
    rows = await db.fetch(
        f"SELECT * FROM label_purchase WHERE state IN ({states}) AND next_at <= ? ORDER BY next_at, id LIMIT 1{skip}",  # noqa: S608
        db.now(),
    )
    if not rows:
        return None
    row = rows[0]
    await db.execute("UPDATE label_purchase SET next_at = ?, tries = tries + 1 WHERE id = ?", db.now() + LEASE, row["id"])
    return {**row, "tries": row["tries"] + 1}


async def _later(row: db.Row, error: str, *, pause: timedelta | None = None) -> None:
    """Look again, after a pause that grows."""
    wait = pause or min(FIRST_PAUSE * 2 ** min(row["tries"] - 1, 10), LONGEST_PAUSE)
    await db.execute(
        "UPDATE label_purchase SET next_at = ?, error = ? WHERE id = ? AND state = ?",
        *(db.now() + wait, error[:400], row["id"], row["state"]),
    )


async def _shipment(row: db.Row) -> StoredShipment:
    return stored((await db.fetch("SELECT * FROM shipment WHERE id = ?", row["shipment_id"]))[0])


# --- wanted ---------------------------------------------------------------------------------------------------------------------


async def _buy(row: db.Row, apis: Apis) -> None:
    one = await _shipment(row)
    if await is_off(one):
        await purchases.void(one.no, reason=purchases.OFF)
        return
    if (await blocking([one.order_id])).get(one.order_id):
        await _later(row, "the order is flagged", pause=FIRST_PAUSE)
        return
    goods = await goods_of(one)
    if not one.carrier:
        choice = await _choose(goods, apis)
        if choice.chosen is None:
            await _nobody(row, one)
            return
        await set_service(one, choice)
        one = await _shipment(row)
    wanted = await _wanted(row, one, goods)
    if wanted is not None and await _call(row, one):
        await _ask({**row, "state": PurchaseState.CALLING.value}, one, wanted, apis)


async def _choose(goods: Goods, apis: Apis) -> Choice:
    """By our table, with the prices that carriers quote where they do."""
    services: list[Service] = [offer.service for offer in await carriers.offers(active_only=True)]
    for one in await carriers.carriers():
        if one.is_active and any(service.carrier == one.code for service in services):
            services = await _quoted(services, one, goods, apis)
    return choose(goods, services, await carriers.rules())


async def _quoted(services: list[Service], one: carriers.StoredCarrier, goods: Goods, apis: Apis) -> list[Service]:
    try:
        quotes = {quote.service: quote.price_minor for quote in await apis.of(one).quote(goods)}
    except (CarrierError, carriers.BadCarrier) as error:
        log.info("carrier %s gave no prices: %s", one.code, error)
        return services
    return [
        replace(service, quoted_minor=quotes[service.code]) if service.carrier == one.code and service.code in quotes else service
        for service in services
    ]


async def _nobody(row: db.Row, one: StoredShipment) -> None:
    async with db.transaction():
        await _later(row, "no service takes it", pause=LONGEST_PAUSE)
        arguments = {"shipment": one.no, "order": one.order_no, "parcel": one.parcel_no}
        await open_task("shipment_unserved", site=one.site, key=f"label:{one.no}", subject=one.no, arguments=arguments)


async def _wanted(row: db.Row, one: StoredShipment, goods: Goods) -> LabelWanted | None:
    try:
        to = await address_of(one.order_id)
    except NotFound:
        await set_flag(one.order_id, FlagKind.BAD_ADDRESS, "there is no address that a label could be made for")
        await _later(row, "no address", pause=FIRST_PAUSE)
        return None
    except (KeysUnavailable, SealBroken) as error:
        await _later(row, str(error))
        return None
    return LabelWanted(
        key=row["key"], shipment=one.no, order=one.order_no, service=one.service, goods=goods, currency=one.currency, to=to
    )


async def _call(row: db.Row, one: StoredShipment) -> bool:
    """The key is claimed, and stored as claimed, before anything leaves; false: somebody else did."""
    async with db.transaction():
        is_ours = await purchases.step(row, PurchaseAction.CALL, next_at=db.now() + LEASE)
        if is_ours:
            await record_given(one.order_id, f"carrier:{one.carrier}", site=one.site)
    return is_ours


async def _ask(row: db.Row, one: StoredShipment, wanted: LabelWanted, apis: Apis) -> None:
    failpoint("ctl.label_claimed_before_call")
    try:
        label = await apis.of(await carriers.carrier(one.carrier)).buy(wanted)
    except NotAsked as error:
        pause = min(FIRST_PAUSE * 2 ** min(row["tries"] - 1, 10), LONGEST_PAUSE)
        await purchases.step(row, PurchaseAction.NOT_SENT, error=str(error), next_at=db.now() + pause)
    except Later as error:
        await purchases.step(row, PurchaseAction.ANSWER_LATER, error=str(error), next_at=db.now() + FIRST_PAUSE)
    except Refused as error:
        await purchases.refused(row, str(error))
    except Exception as error:
        await purchases.uncertain(row, str(error) if isinstance(error, CarrierError) else type(error).__name__)
        if not isinstance(error, CarrierError):
            raise
    else:
        failpoint("ctl.label_bought_before_store")
        await purchases.bought(row, label)


# --- not sure, not yet, not any more --------------------------------------------------------------------------------------------


async def _lost(row: db.Row, _: Apis) -> None:
    """The process that asked is gone, or was never heard of again."""
    await purchases.uncertain(row, "whoever asked the carrier ended before its answer was stored")


async def _find(row: db.Row, apis: Apis) -> None:
    """Ask the carrier what became of our key."""
    one = await _shipment(row)
    is_asked = PurchaseState(row["state"]) is PurchaseState.ASKED
    label: Bought | None = None
    try:
        label = await apis.of(await carriers.carrier(one.carrier)).find(row["key"])
    except Refused as error:
        await (purchases.refused(row, str(error)) if is_asked else purchases.surely_not_bought(row))
        return
    except (Later, Uncertain, NotAsked) as error:
        await _later(row, str(error))
        return
    if label is not None:
        await purchases.bought(row, label)
    elif is_asked:
        await _later(row, "the carrier knows nothing of it yet")
    else:
        await purchases.surely_not_bought(row)


async def _give_back(row: db.Row, apis: Apis) -> None:
    one = await _shipment(row)
    try:
        await apis.of(await carriers.carrier(one.carrier)).void(row["key"], one.tracking_no or "")
    except CarrierError as error:
        await _later(row, str(error))
        return
    await purchases.step(row, PurchaseAction.GONE)


_STEPS: Mapping[PurchaseState, Callable[[db.Row, Apis], Awaitable[None]]] = {
    PurchaseState.WANTED: _buy,
    PurchaseState.CALLING: _lost,
    PurchaseState.ASKED: _find,
    PurchaseState.UNCERTAIN: _find,
    PurchaseState.VOIDING: _give_back,
}
