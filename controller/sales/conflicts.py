"""What was told under a number that is taken is kept beside it, as it was told, and a person is asked."""

from __future__ import annotations

from controller import db, events
from controller.sales.events import SaleConflicted
from controller.sales.policies import NewReceipt
from controller.tasks.operations import open_task


async def keep_beside(receipt: NewReceipt, code: str, source: str) -> None:
    """Told twice it is kept once.  Records SaleConflicted."""
    made = await db.execute(
        "INSERT INTO sale_conflict (site_id, till, number, code, content, told, source, recorded_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, till, number, content) DO NOTHING",
        *(*receipt.identity, code, receipt.content, receipt.told.decode(), source, db.now()),
    )
    if made:
        await ask_about(receipt.site, receipt.till, receipt.number, code)


async def ask_about(site: str, till: str, number: str, code: str) -> None:
    """Records SaleConflicted, and opens a task."""
    subject = f"{till}/{number}"
    await events.record(SaleConflicted(code=code, till=till, number=number), subject=subject, site=site)
    told = {"till": till, "number": number, "code": code}
    await open_task("sale_conflict", site=site, key=f"sale_conflict:{site}:{till}:{number}", subject=subject, arguments=told)
