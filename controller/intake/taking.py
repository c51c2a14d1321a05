"""What channels send becomes orders: kept, read, mapped, placed.  Each in a transaction of its own; none stops the next."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from collections.abc import Sequence
from random import Random

from controller import events
from controller.customers import operations as customers
from controller.customers import sealing
from controller.customers.deriving import of_sent_order
from controller.customers.keyring import Place
from controller.db import Row, execute, execute_many, fetch, for_update, in_transaction, is_of_the_database, now, transaction
from controller.errors import DomainError, NotFound, Rejected
from controller.events import acting
from controller.intake.document import SentOrder, address_of, contact_of, read
from controller.intake.events import RawOrderCame, RawOrderChanged
from controller.intake.mapping import Mapped, mapped
from controller.intake.states import RAW_ORDER, RawAction, RawState
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.orders.states import Delivery
from controller.states import advance
from controller.tasks.operations import close_tasks, open_task
from controller.tasks.states import TaskState

LOOK_SECONDS = 1.0
_AT_ONCE = 50
MAX_REASON = 200

log = logging.getLogger(__name__)


class OddPrice(Rejected):
    """A price of several pieces is no whole price of one."""

    code = "odd_price"


async def receive(channel: str, body: bytes, *, source: str) -> tuple[int, bool]:
    """Keep what came, as it came; its id, and whether it is new.  The same bytes again are the same raw order.

    In the caller's transaction, if there is one.  Records RawOrderCame.  Raises KeysUnavailable.
    """
    digest, ring = digest_of(channel, body), await sealing.ring()
    sealed = ring.seal(base64.b64encode(body).decode(), _place(digest))
    hashes = of_sent_order(ring, channel, body)["buyer_hashes"]
    async with transaction():
        rows = await fetch(
            "INSERT INTO raw_order (channel, digest, sealed, buyer_hashes, source, state, received_at, changed_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING RETURNING id",
            *(channel, digest, sealed, hashes, source, RawState.WAITING.value, now(), now()),
        )
        if rows:
            await events.record(RawOrderCame(channel=channel, source=source), subject=f"raw:{rows[0]['id']}")
            return int(rows[0]["id"]), True
        found = await fetch("SELECT id FROM raw_order WHERE digest = ?", digest)
    return int(found[0]["id"]), False


def digest_of(channel: str, body: bytes) -> str:
    """What names the bytes that a channel sent."""
    return hashlib.sha256(channel.encode() + b"\0" + body).hexdigest()


async def body_of(raw_id: int) -> bytes:
    """What came, as it came.  Raises NotFound (what was forgotten, too), KeysUnavailable."""
    rows = await fetch("SELECT digest, sealed FROM raw_order WHERE id = ? AND sealed <> ''", raw_id)
    if not rows:
        raise NotFound("raw order", raw_id)
    return base64.b64decode(await sealing.unseal(rows[0]["sealed"], _place(rows[0]["digest"])))


async def take_waiting() -> int:
    """Work through what waits, the oldest first; how many were looked at.  What breaks one is said on it, and the next follows."""
    taken, after = 0, 0
    while rows := await fetch(
        "SELECT id FROM raw_order WHERE state = ? AND id > ? ORDER BY id LIMIT ?", RawState.WAITING.value, after, _AT_ONCE
    ):
        for row in rows:
            await _take_one(row["id"])
        taken, after = taken + len(rows), rows[-1]["id"]
    return taken


async def _take_one(raw_id: int) -> None:
    try:
        await in_transaction(lambda: _take(raw_id))
    except DomainError as error:
        await _refuse(raw_id, error.code, str(error))
    except Exception as error:
        if is_of_the_database(error):
            raise
        log.exception("a raw order could not be taken", extra={"raw_order": raw_id})
        await _refuse(raw_id, "broken", f"the controller made a mistake: {type(error).__name__}")


async def _take(raw_id: int) -> None:
    """Raises DomainError; then nothing of it is done."""
    rows = await fetch(f"SELECT * FROM raw_order WHERE id = ? AND state = ?{for_update()}", raw_id, RawState.WAITING.value)
    if not rows:
        return
    row, sent = rows[0], read(await body_of(raw_id))
    goods = await mapped(row["channel"], {line.goods for line in sent.lines})
    missing = sorted({line.goods for line in sent.lines} - set(goods))
    if missing:
        await _wait_for(row, sent.reference, missing)
        return
    with acting(f"channel:{row['channel']}"[:128], f"raw:{raw_id}"):
        known = await customers.recognise(contact_of(sent, row["channel"]))
        number = await place(_order(row["channel"], sent, goods, None if known is None else known.customer_id))
    await _change(row, RawAction.PLACE, reference=sent.reference, order=number)


def _order(channel: str, sent: SentOrder, goods: dict[str, Mapped], customer_id: int | None) -> NewOrder:
    """Raises OddPrice."""
    collects = sent.delivery == "collection"
    return NewOrder(
        channel=channel,
        reference=sent.reference,
        currency=sent.currency,
        lines=[
            NewLine(
                sku=goods[line.goods].sku,
                quantity=line.quantity * goods[line.goods].units,
                unit_price_minor=_price(line.price_minor, goods[line.goods], number),
                presale=line.presale,
            )
            for number, line in enumerate(sent.lines, 1)
        ],
        site=sent.site,
        region=sent.region,
        delivery=Delivery.COLLECTION if collects else Delivery.SHIPPING,
        customer_id=customer_id,
        address=None if collects else address_of(sent),
        due_at=sent.due_at,
        pay_terms=sent.pay_terms,
    )


def _price(price_minor: int, goods: Mapped, line: int) -> int:
    """Of one piece, or of 100 grams or millilitres.  Raises OddPrice: what is charged is never rounded."""
    price, rest = divmod(price_minor * goods.price_per, goods.units * goods.each)
    if rest:
        raise OddPrice(f"line {line}: {price_minor} for {goods.units * goods.each} is no whole price of one")
    return price


async def _wait_for(row: Row, reference: str, missing: Sequence[str]) -> None:
    """It goes on when somebody says what these goods are."""
    await execute_many(
        "INSERT INTO raw_missing (raw_order_id, channel, goods) VALUES (?, ?, ?) ON CONFLICT (raw_order_id, goods) DO NOTHING",
        [(row["id"], row["channel"], goods) for goods in missing],
    )
    for goods in missing:
        arguments = {"channel": row["channel"], "goods": goods}
        await open_task(
            "goods_unmapped",
            site=None,
            key=f"goods:{row['channel']}/{goods}",
            subject=f"{row['channel']}/{goods}",
            arguments=arguments,
        )
    detail = f"nobody mapped {', '.join(missing)}"[:300]
    await _change(row, RawAction.MISS, reference=reference, code="goods_unmapped", detail=detail)


async def _refuse(raw_id: int, code: str, detail: str) -> None:
    async with transaction():
        rows = await fetch(f"SELECT * FROM raw_order WHERE id = ? AND state = ?{for_update()}", raw_id, RawState.WAITING.value)
        if not rows:
            return
        await _change(rows[0], RawAction.REFUSE, reference=rows[0]["reference"], code=code, detail=detail[:300])
        arguments = {"channel": rows[0]["channel"], "raw": raw_id, "code": code}
        await open_task("raw_order_refused", site=None, key=f"raw:{raw_id}", subject=str(raw_id), arguments=arguments)


async def retry(raw_id: int) -> None:
    """Try it again, soon.  What waits or is placed already stays as it is.  Raises NotFound, IllegalTransition (discarded)."""
    async with transaction():
        row = await _locked(raw_id)
        if row["state"] in (RawState.WAITING.value, RawState.PLACED.value):
            return
        await _change(row, RawAction.RETRY, reference=row["reference"])
        await close_tasks(f"raw:{raw_id}")


async def discard(raw_id: int, *, reason: str) -> None:
    """It will be no order; it is kept.  Twice is once.  Raises NotFound, IllegalTransition (it is one), UnreadableOrder."""
    words = reason.strip()
    if not 0 < len(words) <= MAX_REASON or not words.isprintable():
        raise OddReason(f"discarding needs a reason of 1 to {MAX_REASON} characters on one line")
    async with transaction():
        row = await _locked(raw_id)
        if row["state"] == RawState.DISCARDED.value:
            return
        await _change(row, RawAction.DISCARD, reference=row["reference"], detail=words)
        await close_tasks(f"raw:{raw_id}", state=TaskState.DROPPED)


class OddReason(Rejected):
    code = "intake_reason_needed"


async def _locked(raw_id: int) -> Row:
    """Raises NotFound."""
    rows = await fetch(f"SELECT * FROM raw_order WHERE id = ?{for_update()}", raw_id)
    if not rows:
        raise NotFound("raw order", raw_id)
    return rows[0]


async def _change(
    row: Row,
    action: RawAction,
    *,
    reference: str | None,
    order: str | None = None,
    code: str | None = None,
    detail: str | None = None,
) -> None:
    """Raises IllegalTransition."""
    after = advance(RAW_ORDER, RawState(row["state"]), action)
    await execute(
        "UPDATE raw_order SET state = ?, reference = ?, order_id = ?, code = ?, detail = ?, changed_at = ?, "
        "attempts = attempts + 1 WHERE id = ? AND state = ?",
        *(after.value, reference, None if order is None else ORDERS.row_id(order), code, detail, now(), row["id"], row["state"]),
    )
    event = RawOrderChanged(channel=row["channel"], state=after.value, order=order, code=code)
    await events.record(event, subject=f"raw:{row['id']}")


async def run(random: Random) -> None:
    """Take what waits, for ever."""
    while True:
        try:
            await take_waiting()
        except Exception:
            log.exception("taking raw orders failed; it is tried again")
        await asyncio.sleep(random.uniform(0.5, 1.0) * LOOK_SECONDS)


def _place(digest: str) -> Place:
    return Place("raw_order", "sealed", digest)
