"""What people do with print jobs: send one to another printer of its box, let it come sooner or later, print one again."""

from __future__ import annotations

import msgspec

from controller.db import Row, execute, fetch, for_update, now, transaction
from controller.errors import IllegalTransition, NotFound, Rejected
from controller.events import actor, record
from controller.fleet.events import PrintJobChanged
from controller.fleet.operations import DECISION_TIME, PrintOrder, request_print, send_command
from controller.fleet.states import PrintState
from edge_agent.wire.messages import Priority

MOVABLE = frozenset({PrintState.REQUESTED, PrintState.ACCEPTED, PrintState.QUEUED})
_PRINTERS = ("label_printer", "receipt_printer")


class NotThatPrinter(Rejected):
    """The job cannot go there: its box has no such printer, or one of another kind."""

    code = "not_that_printer"

    def __init__(self, job: str, printer: str) -> None:
        super().__init__(f"print job {job} cannot go to {printer!r}: its box has no printer of that name and of the same kind")
        self.job = job
        self.printer = printer


class BadPriority(Rejected):
    code = "bad_priority"

    def __init__(self, priority: int) -> None:
        super().__init__(f"priority {priority} is not a number from 0 (first) to {Priority.BULK:d} (bulk)")
        self.priority = priority


async def move_print(job: str, printer: str) -> None:
    """Have a job that waits printed by another printer of its box, for good.  Records PrintJobChanged if it was not sent yet.

    The box refuses it if the document does not fit there.  Raises NotFound, IllegalTransition (it does not wait), NotThatPrinter.
    """
    async with transaction():
        row = await _waiting(job, "move")
        kinds = {each["id"]: each["kind"] for each in await fetch("SELECT id, kind FROM device WHERE box = ?", row["box"])}
        if kinds.get(printer) not in _PRINTERS or kinds.get(printer) != kinds.get(row["device"], kinds.get(printer)):
            raise NotThatPrinter(job, printer)
        if row["sent_at"] is None:  # no box knows it yet: the row alone says where it goes
            await execute("UPDATE print_job SET device = ?, changed_at = ? WHERE id = ?", printer, now(), job)
            await record(_changed(row, printer), subject=job, site=row["site"])
            return
        arguments: dict[str, str | int] = {"job": job, "printer": printer, "person": actor().actor}
        await send_command(row["box"], "move_job", arguments, device=row["printer"] or row["device"], lasts=DECISION_TIME)


async def prioritise_print(job: str, priority: int) -> None:
    """Let a job that waits come sooner or later.  Raises NotFound, IllegalTransition, BadPriority."""
    if not 0 <= priority <= Priority.BULK:
        raise BadPriority(priority)
    async with transaction():
        row = await _waiting(job, "prioritise")
        if row["sent_at"] is None:
            await execute("UPDATE print_job SET priority = ?, changed_at = ? WHERE id = ?", priority, now(), job)
            await record(_changed(row, row["printer"] or row["device"]), subject=job, site=row["site"])
            return
        arguments: dict[str, str | int] = {"job": job, "priority": priority, "person": actor().actor}
        await send_command(row["box"], "prioritise_job", arguments, device=row["printer"] or row["device"], lasts=DECISION_TIME)


async def reprint(job: str, *, key: str | None = None) -> str:
    """Print again what was printed, marked COPY: a job of its own, whose id is returned.  Raises NotFound, IllegalTransition."""
    async with transaction():
        rows = await fetch("SELECT * FROM print_job WHERE id = ?", job)
        if not rows:
            raise NotFound("print job", job)
        row = rows[0]
        if row["state"] != PrintState.PRINTED.value:
            raise IllegalTransition(row["state"], "reprint")
        order = PrintOrder(
            box=row["box"],
            device=row["device"],
            template=row["template"],
            data=msgspec.json.decode(row["data"]),
            document=row["document"],
            key=key,
            copies=row["copies"],
            copy=True,
        )
        return await request_print(order)


async def _waiting(job: str, verb: str) -> Row:
    """Raises NotFound, IllegalTransition."""
    rows = await fetch(f"SELECT * FROM print_job WHERE id = ?{for_update()}", job)  # noqa: S608 -- ours
    if not rows:
        raise NotFound("print job", job)
    if PrintState(rows[0]["state"]) not in MOVABLE:
        raise IllegalTransition(rows[0]["state"], verb)
    site = await fetch("SELECT site FROM box WHERE id = ?", rows[0]["box"])
    return rows[0] | site[0]


def _changed(row: Row, printer: str) -> PrintJobChanged:
    return PrintJobChanged(
        job=row["id"], box=row["box"], printer=printer, template=row["template"], state=row["state"], document=row["document"]
    )
