"""Files of orders: read and checked before any transaction, looked at, started, handed on piece by piece, whatever crashes.

The bytes are kept nowhere.  What was read of them lies sealed, order by order, until it is a raw order of the channel `file`, or
the file is done with: at most a day.  A piece and how far the file is are one transaction.
"""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import uuid4

from controller import db, events
from controller.customers import sealing
from controller.customers.deriving import of_sent_order
from controller.customers.keyring import Keyring, Place
from controller.errors import NotFound
from controller.intake.known import came_before, known_of
from controller.intake.mapping import FILE
from controller.intake.order_checks import CheckedOrder, Known, check
from controller.intake.order_file import OrderRows, RowError, read_rows
from controller.intake.states import ORDER_FILE, FileAction, FileState
from controller.intake.taking import digest_of, receive
from controller.states import advance

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Orders handed on in one transaction: a quarter of a second of SQLite's one writer."""
IDLE_SECONDS = 1.0
KEPT = timedelta(days=1)
"""How long a file that was checked waits to be started."""
MOST_MISSING = 200
_LONGEST_PAUSE = 30.0
_ORDER_COLUMNS = (
    *("id", "file_id", "number", "row", "row_count", "reference", "state", "units", "total_minor", "currency", "delivery"),
    *("terms", "presale"),
    *("is_unmapped", "sealed", "buyer_hashes", "raw_order_id"),
)


@dataclass(slots=True)
class CheckedFile:
    """A file that was read; `running`: it is that file already, and its orders are being handed on."""

    digest: str
    running: int | None = None
    rows: int = 0
    orders: list[CheckedOrder] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    came: dict[str, int] = field(default_factory=dict)

    def raw_of(self, order: CheckedOrder) -> int | None:
        """The raw order that it is already."""
        return None if order.document is None else self.came.get(digest_of(FILE, order.document))


async def read(body: bytes) -> CheckedFile:
    """Read and check a file, before any transaction; nothing is written.  Raises BadFile, KeysUnavailable."""
    digest = (await sealing.hashes("order file", hashlib.sha256(body).hexdigest()))[0]  # it names people: no plain hash of it
    rows = await db.fetch("SELECT id, state FROM order_file WHERE hash = ?", digest)
    if rows and rows[0]["state"] == FileState.HANDING_ON.value:
        return CheckedFile(digest, running=int(rows[0]["id"]))
    found = await asyncio.to_thread(read_rows, body)
    known = await known_of(found)
    orders = await asyncio.to_thread(_check_all, found, known)
    file = CheckedFile(digest, rows=found.rows, errors=found.errors)
    digests = {digest_of(FILE, order.document): order.reference for order in orders if order.document is not None}
    file.came, taken = await came_before(digests)
    for order in orders:
        is_taken = order.reference in taken and file.raw_of(order) is None and order.document is not None
        file.orders.append(_refused(order) if is_taken else order)
    file.errors += [error for order in file.orders for error in order.errors]
    file.errors.sort(key=lambda error: error.row)
    return file


def _check_all(found: OrderRows, known: Known) -> list[CheckedOrder]:
    """The rows are let go of one by one: each order is there once."""
    return [check(reference, rows, known) for reference, rows in found.groups()]


def _refused(order: CheckedOrder) -> CheckedOrder:
    error = RowError(order.row, "reference", "reference_taken", order.reference)
    return CheckedOrder(reference=order.reference, row=order.row, rows=order.rows, errors=[error])


async def keep(file: CheckedFile, name: str) -> int:
    """Keep what was read, to be looked at; its id.  The same bytes are the same file, as it is checked now.

    Raises KeysUnavailable.
    """
    if file.running is not None:
        return file.running
    ring = await sealing.ring()
    missing = Counter(goods for order in file.orders for goods in order.missing)
    good = [order for order in file.orders if order.document is not None]
    known = sum(file.raw_of(order) is not None for order in good)
    counts = (file.rows, len(good) - known, known, len(file.orders) - len(good), len(file.errors))
    async with db.transaction():
        stored = await db.fetch(
            "INSERT INTO order_file (hash, name, state, row_count, orders, known, bad, errors, handed, missing, checked_at, "
            "checked_by) VALUES (?, ?, 'checked', ?, ?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET "
            "name = excluded.name, state = excluded.state, row_count = excluded.row_count, orders = excluded.orders, "
            "known = excluded.known, bad = excluded.bad, errors = excluded.errors, handed = 0, missing = excluded.missing, "
            "checked_at = excluded.checked_at, checked_by = excluded.checked_by, started_at = NULL, started_by = NULL, "
            "done_at = NULL WHERE order_file.state <> 'handing_on' RETURNING id",
            *(file.digest, name[:200], *counts, json.dumps(missing.most_common(MOST_MISSING)), db.now(), events.actor().actor),
        )
        if not stored:
            return int((await db.fetch("SELECT id FROM order_file WHERE hash = ?", file.digest))[0]["id"])
        file_id = int(stored[0]["id"])
        await db.execute("DELETE FROM order_file_order WHERE file_id = ?", file_id)
        await db.execute("DELETE FROM order_file_error WHERE file_id = ?", file_id)
        await _write(file, file_id, ring)
    return file_id


async def _write(file: CheckedFile, file_id: int, ring: Keyring) -> None:
    for start in range(0, len(file.orders), 1000):
        piece = enumerate(file.orders[start : start + 1000], start + 1)
        await db.insert_many(
            "order_file_order", _ORDER_COLUMNS, [_order_row(file_id, number, order, file, ring) for number, order in piece]
        )
    await db.insert_many(
        "order_file_error",
        ("file_id", "number", "row", "column_name", "code", "told"),
        [(file_id, number, each.row, each.column, each.code, each.told[:64]) for number, each in enumerate(file.errors, 1)],
    )


def _order_row(file_id: int, number: int, order: CheckedOrder, file: CheckedFile, ring: Keyring) -> tuple[object, ...]:
    row_id, raw_id, sealed, hashes = uuid4().hex, file.raw_of(order), "", ""
    state = "bad" if order.document is None else "new" if raw_id is None else "known"
    if order.document is not None and raw_id is None:
        sealed = ring.seal(base64.b64encode(order.document).decode(), _place(row_id))
        hashes = str(of_sent_order(ring, FILE, order.document)["buyer_hashes"])
    said = (order.row, order.rows, order.reference, state, order.units, order.total_minor, order.currency, order.delivery)
    ways = (order.terms, order.presale)
    return (row_id, file_id, number, *said, *ways, bool(order.missing), sealed, hashes, raw_id)


async def start(file_id: int) -> None:
    """Let its good orders be handed on; twice is once.  Raises NotFound, IllegalTransition (it was discarded)."""
    async with db.transaction():
        if await _step(file_id, FileAction.START, {FileState.HANDING_ON, FileState.DONE}):
            await db.execute(
                "UPDATE order_file SET started_at = ?, started_by = ? WHERE id = ?", db.now(), events.actor().actor, file_id
            )


async def discard(file_id: int) -> None:
    """Forget what it says; twice is once.  Raises NotFound, IllegalTransition (it was started)."""
    async with db.transaction():
        if await _step(file_id, FileAction.DISCARD, {FileState.DISCARDED}):
            await _forget(file_id)


async def _step(file_id: int, action: FileAction, after: set[FileState]) -> bool:
    """Whether there was something to do."""
    rows = await db.fetch(f"SELECT state FROM order_file WHERE id = ?{db.for_update()}", file_id)
    if not rows:
        raise NotFound("file of orders", file_id)
    state = FileState(rows[0]["state"])
    if state in after:
        return False
    following = advance(ORDER_FILE, state, action)
    await db.execute("UPDATE order_file SET state = ? WHERE id = ?", following.value, file_id)
    return True


async def _forget(file_id: int) -> None:
    await db.execute("UPDATE order_file_order SET sealed = '', buyer_hashes = '' WHERE file_id = ? AND sealed <> ''", file_id)


async def hand_on(progress: Callable[[int], None] | None = None) -> int:
    """Hand on all that was started; how many orders."""
    handed = 0
    while (count := await db.in_transaction(_piece)) is not None:
        handed += count
        if progress is not None:
            progress(handed)
        await asyncio.sleep(0)
    return handed


async def _piece() -> int | None:
    """None: no file is started.  The file's row is the lock, and says how far it is.  Raises KeysUnavailable."""
    rows = await db.fetch(
        "SELECT id, started_by FROM order_file WHERE state = ? ORDER BY id LIMIT 1" + db.for_update(), FileState.HANDING_ON.value
    )
    if not rows:
        return None
    file_id = int(rows[0]["id"])
    orders = await db.fetch(
        "SELECT id, sealed FROM order_file_order WHERE file_id = ? AND state = 'new' AND raw_order_id IS NULL "
        "ORDER BY number LIMIT ?",
        *(file_id, AT_ONCE),
    )
    await sealing.ring()  # without the keys nothing is handed on, and nothing given up
    with events.acting(rows[0]["started_by"] or "system", f"orders of file {file_id}"):
        for order in orders:
            text = await sealing.unseal_if_can(order["sealed"], _place(order["id"]))
            if text is None:  # one that was tampered with must not stop those behind it
                await db.execute(
                    "UPDATE order_file_order SET sealed = '', buyer_hashes = '', state = 'bad' WHERE id = ?", order["id"]
                )
                continue
            raw_id, _ = await receive(FILE, base64.b64decode(text), source=FILE)
            await db.execute(
                "UPDATE order_file_order SET sealed = '', buyer_hashes = '', raw_order_id = ? WHERE id = ?", raw_id, order["id"]
            )
    await db.execute("UPDATE order_file SET handed = handed + ? WHERE id = ?", len(orders), file_id)
    if len(orders) < AT_ONCE:
        await _step(file_id, FileAction.FINISH, {FileState.DONE})
        await db.execute("UPDATE order_file SET done_at = ? WHERE id = ?", db.now(), file_id)
    return len(orders)


async def forget_old() -> int:
    """Files that were looked at and not started for a day are discarded: what they say of people goes; how many."""
    rows = await db.fetch(
        "SELECT id FROM order_file WHERE state = ? AND checked_at < ? ORDER BY id", FileState.CHECKED.value, db.now() - KEPT
    )
    for row in rows:
        await discard(int(row["id"]))
    return len(rows)


async def run(random: Random) -> None:
    """Hand on what was started, for ever; what was interrupted goes on."""
    failures = 0
    while True:
        try:
            await hand_on()
            await forget_old()
            failures = 0
        except Exception:
            failures += 1
            log.exception("orders of a file could not be handed on; it is tried again")
        pause = random.uniform(0.5, 1.0) * IDLE_SECONDS
        await asyncio.sleep(pause if not failures else random.uniform(0, min(_LONGEST_PAUSE, 2.0**failures)))


def _place(row_id: str) -> Place:
    return Place("order_file_order", "sealed", row_id)
