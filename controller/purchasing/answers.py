"""What suppliers answer: as ordered, it holds at once; otherwise a person sees the difference and decides."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from controller import db, events
from controller.errors import NotFound, StaleVersion
from controller.purchasing.errors import BadOrder
from controller.purchasing.events import PurchaseOrderAnswered
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.operations import MOST_PACKS, locked, step
from controller.purchasing.policies import Difference, OrderedLine, differences, units_of
from controller.purchasing.settling import hold_goods, lock_orders, settle
from controller.purchasing.states import ANSWER, AnswerAction, AnswerState, OrderAction, OrderState
from controller.purchasing.suppliers import LARGEST_PRICE
from controller.states import advance
from controller.tasks.operations import close_tasks, open_task

ANSWERABLE = frozenset({OrderState.APPROVED, OrderState.SENT, OrderState.CONFIRMED, OrderState.PARTLY_RECEIVED})
COLUMNS = frozenset({"order", "position", "packs", "price_minor", "expected_on", "reference"})


class AnsweredLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What they say of a line; what is left out is as ordered.  `packs` 0: they do not deliver it."""

    position: Annotated[int, Meta(ge=1, le=10**6)]
    packs: Annotated[int, Meta(ge=0, le=MOST_PACKS)] | None = None
    price_minor: Annotated[int, Meta(ge=0, le=LARGEST_PRICE)] | None = None
    expected_on: date | None = None


class Answered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A supplier's answer to an order; `reference` is their number of it."""

    reference: Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None
    lines: Annotated[list[AnsweredLine], Meta(max_length=2000)] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An answer with what it changes."""

    id: int
    state: AnswerState
    source: str
    reference: str | None
    differences: list[Difference]


def read_answer(body: bytes) -> Answered | None:
    """An answer in JSON: it has `lines`; fields that are not ours are passed by.  None: it is something else, such as an OK."""
    try:
        told = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        if "lines" not in told:
            return None
        lines = msgspec.json.decode(told["lines"], type=list[dict[str, object]])
        known = [{name: line[name] for name in AnsweredLine.__struct_fields__ if name in line} for line in lines]
        reference = msgspec.json.decode(told["reference"]) if "reference" in told else None
        return msgspec.convert({"reference": reference, "lines": known}, Answered)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None


def read_csv(body: bytes) -> dict[str, Answered]:
    """Answers by order's number, from a CSV with `order`, `position` and what differs.  Raises BadOrder with the line's number."""
    try:
        rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadOrder(f"the file is not CSV in UTF-8: {error}") from error
    if not rows or not {"order", "position"} <= set(rows[0]) <= COLUMNS:
        raise BadOrder(f"expected a head with order and position, and any of {', '.join(sorted(COLUMNS))}, and at least one line")
    found: dict[str, list[AnsweredLine]] = {}
    references: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        try:
            line = msgspec.convert(
                {key: value.strip() for key, value in row.items() if key not in ("order", "reference") and value and value.strip()},
                AnsweredLine,
                strict=False,
            )
        except (msgspec.ValidationError, AttributeError) as error:
            raise BadOrder(f"line {number}: {error}") from error
        no = (row["order"] or "").strip()
        found.setdefault(no, []).append(line)
        if row.get("reference"):
            references[no] = str(row["reference"]).strip()
    return {no: msgspec.convert({"reference": references.get(no), "lines": lines}, Answered) for no, lines in found.items()}


async def take(no: str, told: Answered, *, source: str) -> Stored:
    """Take an answer in.  As ordered, the order is confirmed; otherwise it waits for a person (task `purchase_answer_differs`).

    The same answer again changes nothing; a newer one overtakes what waits.  Records PurchaseOrderAnswered.
    Raises NotFound (the order, a line), BadOrder (a line twice, half a piece), IllegalTransition.
    """
    async with db.transaction():
        await hold_goods(PURCHASE_ORDERS.row_id(no))
        row = await locked(no)
        state = OrderState(row["state"])
        if state not in ANSWERABLE:
            advance({state: {}}, state, OrderAction.CONFIRM)
        rows = await _lines(row["id"])
        found = differences([_ordered(line) for line in rows], _answered(no, told, rows))
        if (same := await _same(row["id"], told)) is not None:
            return Stored(
                id=same["id"], state=AnswerState(same["state"]), source=source, reference=told.reference, differences=found
            )
        answer = AnswerState.WAITING if found else AnswerState.ACCEPTED
        answer_id = await _keep(row, told, source, answer)
        event = PurchaseOrderAnswered(source=source, differences=len(found), state=answer.value)
        await events.record(event, subject=no, site=row["site_id"])
        if found:
            words = {"order": no, "differences": len(found)}
            await open_task("purchase_answer_differs", site=row["site_id"], key=_key(no), subject=no, arguments=words)
        else:
            await close_tasks(_key(no))
            await _confirm(row, told.reference)
    return Stored(id=answer_id, state=answer, source=source, reference=told.reference, differences=found)


async def _keep(row: db.Row, told: Answered, source: str, state: AnswerState) -> int:
    """Store an answer, which overtakes what waits; its id."""
    await db.execute(
        "UPDATE purchase_answer SET state = ?, decided_at = ? WHERE order_id = ? AND state = ?",
        *(AnswerState.OVERTAKEN.value, db.now(), row["id"], AnswerState.WAITING.value),
    )
    stored = await db.fetch(
        "INSERT INTO purchase_answer (order_id, state, source, reference, came_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        *(row["id"], state.value, source, told.reference, db.now()),
    )
    answer_id = int(stored[0]["id"])
    await db.execute_many(
        "INSERT INTO purchase_answer_line (answer_id, position, packs, price_minor, expected_on) VALUES (?, ?, ?, ?, ?)",
        [(answer_id, line.position, line.packs, line.price_minor, line.expected_on) for line in told.lines],
    )
    return answer_id


async def _same(order_id: int, told: Answered) -> db.Row | None:
    """The latest answer, if it says just this."""
    rows = await db.fetch("SELECT * FROM purchase_answer WHERE order_id = ? ORDER BY id DESC LIMIT 1", order_id)
    if not rows or rows[0]["reference"] != told.reference or rows[0]["state"] == AnswerState.REFUSED.value:
        return None
    stored = await db.fetch("SELECT * FROM purchase_answer_line WHERE answer_id = ? ORDER BY position", rows[0]["id"])
    was = [(line["position"], line["packs"], line["price_minor"], line["expected_on"]) for line in stored]
    now = sorted((line.position, line.packs, line.price_minor, line.expected_on) for line in told.lines)
    return rows[0] if was == now else None


async def accept(no: str, answer_id: int) -> None:
    """What the supplier says holds: the order's lines become it.  Records PurchaseOrderAnswered.

    Raises NotFound, IllegalTransition (it was decided, or overtaken).
    """
    async with db.transaction():
        await hold_goods(PURCHASE_ORDERS.row_id(no))
        row = await locked(no)
        answer = await _decide(row, answer_id, AnswerAction.ACCEPT)
        rows = {line["position"]: line for line in await _lines(row["id"])}
        for line in await db.fetch("SELECT * FROM purchase_answer_line WHERE answer_id = ? ORDER BY position", answer_id):
            await _change(rows[line["position"]], line)
        await _confirm(row, answer["reference"])
        await settle(await lock_orders([row["id"]]))


async def refuse(no: str, answer_id: int) -> None:
    """The order stays as it was; what the supplier then answers is another answer.  Raises NotFound, IllegalTransition."""
    async with db.transaction():
        row = await locked(no)
        await _decide(row, answer_id, AnswerAction.REFUSE)


async def _decide(row: db.Row, answer_id: int, action: AnswerAction) -> db.Row:
    no = PURCHASE_ORDERS.number(row["id"])
    found = await db.fetch("SELECT * FROM purchase_answer WHERE id = ? AND order_id = ?", answer_id, row["id"])
    if not found:
        raise NotFound("answer", f"{no}/{answer_id}")
    new = advance(ANSWER, AnswerState(found[0]["state"]), action)
    changed = await db.execute(
        "UPDATE purchase_answer SET state = ?, decided_at = ?, decided_by = ? WHERE id = ? AND state = ?",
        *(new.value, db.now(), events.actor().actor, answer_id, found[0]["state"]),
    )
    if not changed:
        raise StaleVersion("answer", answer_id)
    told = PurchaseOrderAnswered(source=found[0]["source"], differences=0, state=new.value)
    await events.record(told, subject=no, site=row["site_id"])
    await close_tasks(_key(no))
    return found[0]


async def _change(line: db.Row, told: db.Row) -> None:
    """No packs: the line is closed.  Otherwise what they said replaces what was ordered."""
    if told["packs"] == 0:
        await db.execute("UPDATE purchase_order_line SET closed = ? WHERE id = ?", True, line["id"])
        return
    packs = line["packs"] if told["packs"] is None else told["packs"]
    await db.execute(
        "UPDATE purchase_order_line SET packs = ?, units = ?, price_minor = COALESCE(?, price_minor), "
        "expected_on = COALESCE(?, expected_on) WHERE id = ?",
        *(packs, units_of(packs, line["pack_numerator"], line["pack_denominator"])),
        *(told["price_minor"], told["expected_on"], line["id"]),
    )


async def _confirm(row: db.Row, reference: str | None) -> None:
    await db.execute(
        "UPDATE purchase_order SET confirmed_at = ?, reference = COALESCE(?, reference) WHERE id = ?",
        *(db.now(), reference or None, row["id"]),
    )
    if OrderState(row["state"]) in (OrderState.APPROVED, OrderState.SENT):
        await step(row, OrderAction.CONFIRM)


async def _lines(order_id: int) -> Sequence[db.Row]:
    return await db.fetch("SELECT * FROM purchase_order_line WHERE order_id = ? ORDER BY position", order_id)


def _ordered(line: db.Row) -> OrderedLine:
    return OrderedLine(
        position=line["position"], packs=line["packs"], price_minor=line["price_minor"], expected_on=line["expected_on"]
    )


def _answered(no: str, told: Answered, rows: Sequence[db.Row]) -> dict[int, OrderedLine]:
    """Each line as it would be.  Raises NotFound, BadOrder."""
    ordered = {line["position"]: line for line in rows}
    found: dict[int, OrderedLine] = {}
    for line in told.lines:
        if line.position not in ordered:
            raise NotFound("line", f"{no}/{line.position}")
        if line.position in found:
            raise BadOrder(f"line {line.position} is answered twice")
        mine = ordered[line.position]
        packs = mine["packs"] if line.packs is None else line.packs
        if units_of(packs, mine["pack_numerator"], mine["pack_denominator"]) is None:
            raise BadOrder(f"line {line.position}: {packs} packs are no whole number of base units")
        found[line.position] = OrderedLine(
            position=line.position,
            packs=packs,
            price_minor=mine["price_minor"] if line.price_minor is None else line.price_minor,
            expected_on=mine["expected_on"] if line.expected_on is None else line.expected_on,
        )
    return found


def _key(no: str) -> str:
    return f"purchase_answer:{no}"
