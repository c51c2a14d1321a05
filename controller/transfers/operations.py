"""What the office does with transfers: propose, approve, cancel, decide what became of goods that did not arrive as they left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

from controller import db, events
from controller.catalog.queries import skus_by_code
from controller.errors import NotFound, Rejected
from controller.sites.models import LocationKind
from controller.sites.queries import known_sites, special
from controller.states import advance
from controller.stock.operations import ReserveLine, reserve
from controller.stock.shelves import shelves
from controller.transfers.booking import Booking, book, transit_site
from controller.transfers.events import TransferCreated, TransferSettled
from controller.transfers.numbers import TRANSFERS
from controller.transfers.policies import Kind, Teller
from controller.transfers.records import hold_key, lines_of, lock, refresh
from controller.transfers.states import TRANSFER, TransferAction, TransferState

LARGEST = 10**12
MAX_LINES = 2000


class BadTransfer(Rejected):
    code = "bad_transfer"


class NotSettleable(Rejected):
    """`open_units`: how many base units are open; below zero: so many more came than left."""

    code = "not_settleable"

    def __init__(self, sku: str, decision: str, quantity: int, open_units: int) -> None:
        super().__init__(f"{quantity} of {sku} cannot be settled as {decision}: {open_units} left and did not come")
        self.sku = sku
        self.decision = decision
        self.quantity = quantity
        self.open_units = open_units


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """`quantity` in base units of the SKU with this code."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransfer:
    """`proposal`: what asked for it (a run of replenishment), None: a person."""

    from_site: str
    to_site: str
    lines: Sequence[NewLine]
    note: str | None = None
    proposal: str | None = None


class Decision(StrEnum):
    """What became of goods that left and did not come (`lost`; `kept`: they never left), or came and had not left.

    `found`: nobody knows where from; `sent`: they left the other site, and nobody said so.
    """

    LOST = "lost"
    KEPT = "kept"
    FOUND = "found"
    SENT = "sent"


async def create(new: NewTransfer) -> str:
    """A draft; its number.  Records TransferCreated.  Raises NotFound (site, SKU), BadTransfer."""
    async with db.transaction():
        lines = await _lines(new)
        rows = await db.fetch(
            "INSERT INTO transfer (number, from_site, to_site, from_rank, to_rank, state, is_announced, note, proposal, "
            "created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            *(
                f"new {uuid4()}",
                new.from_site,
                new.to_site,
                Teller.OFFICE.rank,
                Teller.OFFICE.rank,
                TransferState.DRAFT.value,
                True,
            ),
            *(new.note, new.proposal, db.now(), events.actor().actor),
        )
        row_id = rows[0]["id"]
        number = TRANSFERS.number(row_id)
        if await db.fetch("SELECT 1 FROM transfer WHERE number = ?", number):  # a box told of one with this number: take the next
            await db.execute("DELETE FROM transfer WHERE id = ?", row_id)
            return await create(new)
        await db.execute("UPDATE transfer SET number = ? WHERE id = ?", number, row_id)
        await _save_lines(row_id, lines)
        told = TransferCreated(announced=True, from_site=new.from_site, to_site=new.to_site)
        for site in (new.from_site, new.to_site):
            await events.record(told, subject=number, site=site)
    return number


async def change_lines(number: str, lines: Sequence[NewLine]) -> None:
    """Other goods than were planned, while it is a draft.  Raises NotFound, BadTransfer, IllegalTransition."""
    async with db.transaction():
        row = await _known(number)
        advance(TRANSFER, TransferState(row["state"]), TransferAction.APPROVE)  # only a draft can be
        new = NewTransfer(from_site=row["from_site"], to_site=row["to_site"], lines=lines)
        found = await _lines(new)
        await db.execute(
            "DELETE FROM transfer_line WHERE transfer_id = ? AND sent + received + damaged + lost + found = 0", row["id"]
        )
        await _save_lines(row["id"], found)


async def approve(number: str) -> None:
    """Its goods are held where they are, and expected where they go.  Approving it again changes nothing.

    Raises NotFound, IllegalTransition, InsufficientStock (let it end the transaction around).
    """
    async with db.transaction():
        row = await _known(number)
        if row["approved_at"] is not None and row["cancelled_at"] is None:
            return
        advance(TRANSFER, TransferState(row["state"]), TransferAction.APPROVE)
        lines = (await lines_of([row["id"]]))[row["id"]]
        if not any(line.quantity for line in lines):
            raise BadTransfer(f"transfer {number} has no lines: nothing would go")
        wanted = [
            ReserveLine(line_key=hold_key(row["id"], line.sku_id), sku_id=line.sku_id, quantity=line.quantity)
            for line in lines
            if line.quantity
        ]
        await reserve(wanted, site_id=row["from_site"])
        await db.execute(
            "UPDATE transfer SET approved_at = ?, approved_by = ? WHERE id = ?", db.now(), events.actor().actor, row["id"]
        )
        await refresh([row["id"]])


async def cancel(number: str) -> None:
    """It will not be; what it held is free.  Raises NotFound, IllegalTransition (goods are on their way already)."""
    async with db.transaction():
        row = await _known(number)
        if row["state"] == TransferState.CANCELLED.value:
            return
        advance(TRANSFER, TransferState(row["state"]), TransferAction.CANCEL)
        await db.execute("UPDATE transfer SET cancelled_at = ? WHERE id = ?", db.now(), row["id"])
        await refresh([row["id"]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """So many base units of a SKU of a transfer, and what became of them, with a reason in a person's words."""

    sku: str
    quantity: int
    decision: Decision
    reason: str


async def settle(number: str, settlement: Settlement) -> None:
    """Book what became of goods that did not arrive as they left, so that transit is empty of them.

    Records TransferSettled.  Raises NotFound (transfer, SKU of it), NotSettleable, BadTransfer.
    """
    if not settlement.reason.strip():
        raise BadTransfer("a decision needs a reason")
    async with db.transaction():
        row = await _known(number)
        sku = (await skus_by_code([settlement.sku])).get(settlement.sku)
        line = next((line for line in (await lines_of([row["id"]]))[row["id"]] if sku is not None and line.sku_id == sku.id), None)
        if sku is None or line is None:
            raise NotFound("line of the transfer", settlement.sku)
        is_short = settlement.decision in (Decision.LOST, Decision.KEPT)
        open_units = line.in_transit if is_short else -line.in_transit
        if not 0 < settlement.quantity <= open_units:
            raise NotSettleable(settlement.sku, settlement.decision.value, settlement.quantity, line.in_transit)
        who = events.actor().actor
        booking = Booking(
            key=f"decision {uuid4()}",
            kind=Kind(settlement.decision.value),
            sku_id=sku.id,
            units=settlement.quantity,
            place=await _other_end(row, settlement.decision, sku.id),
            occurred_at=db.now(),
            person=who,
            reason=settlement.reason.strip(),
        )
        await book(row, [booking])
        await refresh([row["id"]])
        told = TransferSettled(
            sku_id=sku.id, decision=settlement.decision.value, quantity=settlement.quantity, reason=settlement.reason.strip()
        )
        await events.record(told, subject=number, site=transit_site(row))


async def close(number: str, *, sent: bool) -> None:
    """The office says that an end is done, as a station would: of `sent`, all has left; else all has come.  Raises NotFound."""
    column = "sent_closed_at" if sent else "received_closed_at"
    async with db.transaction():
        row = await _known(number)
        await db.execute(f"UPDATE transfer SET {column} = ? WHERE id = ? AND {column} IS NULL", db.now(), row["id"])  # noqa: S608 -- ours
        await refresh([row["id"]])


async def _other_end(row: db.Row, decision: Decision, sku_id: int) -> int:
    """Where goods that are settled come from or go to, outside of transit."""
    if decision in (Decision.KEPT, Decision.SENT):
        site = row["from_site"]
        if site is None:
            raise BadTransfer(f"nobody knows where transfer {row['number']} left: settle it as lost or found")
        return (await shelves([(sku_id, site)]))[sku_id, site]
    return await special(transit_site(row) or "", LocationKind.LOSS)


async def _known(number: str) -> db.Row:
    """A transfer that is there already, locked.  Raises NotFound."""
    if not await db.fetch("SELECT 1 FROM transfer WHERE number = ?", number):
        raise NotFound("transfer", number)
    return (await lock([number]))[number]


async def _lines(new: NewTransfer) -> dict[int, int]:
    """Base units by SKU; a SKU that is named twice is summed.  Raises NotFound, BadTransfer."""
    if new.from_site == new.to_site:
        raise BadTransfer(f"a transfer goes from one site to another: both are {new.from_site}")
    for site in (new.from_site, new.to_site):
        if site not in await known_sites([site]):
            raise NotFound("site", site)
    if not 0 < len(new.lines) <= MAX_LINES:
        raise BadTransfer(f"{len(new.lines)} lines: expected 1 to {MAX_LINES}")
    known = await skus_by_code([line.sku for line in new.lines])
    found: dict[int, int] = {}
    for line in new.lines:
        if line.sku not in known:
            raise NotFound("SKU", line.sku)
        total = found.get(known[line.sku].id, 0) + line.quantity
        if line.quantity <= 0 or total > LARGEST:
            raise BadTransfer(f"{line.quantity} of {line.sku}: expected 1 to {LARGEST} base units")
        found[known[line.sku].id] = total
    return found


async def _save_lines(transfer_id: int, lines: dict[int, int]) -> None:
    await db.execute_many(
        "INSERT INTO transfer_line (transfer_id, sku_id, quantity) VALUES (?, ?, ?) "
        "ON CONFLICT (transfer_id, sku_id) DO UPDATE SET quantity = excluded.quantity",
        [(transfer_id, sku_id, quantity) for sku_id, quantity in sorted(lines.items())],
    )
