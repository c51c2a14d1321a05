"""Two shops with goods, and what their stations tell of transfers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.facts import APPLIED, FactIn, Outcome
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import special
from controller.transfers.facts import apply_transfer_closed, apply_transfer_received, apply_transfer_sent
from edge_agent.wire.facts import Fact
from edge_agent.wire.goods_facts import Condition, TransferClosed, TransferEnd, TransferReceived, TransferSent
from edge_agent.wire.messages import Symbol
from tests.controller.goods import Shop, at


async def open_sites() -> Shop:
    """`s1` with bins A-1 and A-2, `s2` with bin B-1, `s3` with nothing."""
    shop = await Shop.open()
    await create_site("s2", name="Shop 2")
    await create_bin("s2", "B-1")
    await create_site("s3", name="Shop 3")
    return shop


async def stocked(shop: Shop, code: str, quantity: int) -> int:
    """A SKU whose code is printed on it, in bin A-1 of s1."""
    sku = await shop.stock(code, quantity)
    await add_barcode(code, NewBarcode(barcode=code))
    return sku


def fact(data: Fact, site: str, minute: int = 0, key: UUID | None = None) -> FactIn[Fact]:
    return FactIn(id=key or uuid4(), box="b1", site_id=site, device="gun", person="li", data=data, occurred_at=at(minute))


def sent(number: str, code: str, quantity: int = 1, *, to: str | None = None, bin_: str | None = None) -> TransferSent:
    return TransferSent(document=number, symbol=Symbol(text=code), quantity=quantity, to=to, bin=bin_)


def received(number: str, code: str, quantity: int = 1, *, damaged: bool = False) -> TransferReceived:
    condition = Condition.DAMAGED if damaged else Condition.GOOD
    return TransferReceived(document=number, symbol=Symbol(text=code), quantity=quantity, condition=condition)


def closed(number: str, end: TransferEnd) -> TransferClosed:
    return TransferClosed(document=number, end=end)


async def tell(facts: Sequence[FactIn[Fact]]) -> list[Outcome]:
    """Apply facts one at a time, each in a transaction as ingest does."""
    handlers = {
        TransferSent: apply_transfer_sent,
        TransferReceived: apply_transfer_received,
        TransferClosed: apply_transfer_closed,
    }
    outcomes: list[Outcome] = []
    for each in facts:
        async with db.transaction():
            outcomes += await handlers[type(each.data)]([each])  # type: ignore[operator]  # mypy: a handler for each class
    return outcomes


async def applied(*facts: FactIn[Fact]) -> None:
    assert await tell(facts) == [APPLIED] * len(facts)


async def held(sku: int, site: str, kind: LocationKind) -> int:
    """On hand less borrowed of a SKU in a site's one place of a kind."""
    rows = await db.fetch(
        "SELECT COALESCE(SUM(on_hand - borrowed), 0) AS n FROM balance WHERE sku_id = ? AND location_id = ?",
        *(sku, await special(site, kind)),
    )
    return int(rows[0]["n"])


async def numbers_at(sku: int, site: str) -> dict[str, int]:
    rows = await db.fetch(
        "SELECT on_hand, reserved, quarantined, incoming FROM availability WHERE sku_id = ? AND site_id = ?", sku, site
    )
    return dict(rows[0]) if rows else {"on_hand": 0, "reserved": 0, "quarantined": 0, "incoming": 0}
