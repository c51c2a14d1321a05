"""What proves the ledger, over HTTP: the reconciler's runs, its differences and what a manager does about them, and the seals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller import owed
from controller.http.routing import BadParameter, Call, Page, Permission, Route, number, page
from controller.proofs import reconciler, seals, settling
from controller.proofs.settling import Trust

SHOWN = 200
BLOCKS_AT_ONCE = 20


class RunView(Struct, frozen=True, kw_only=True):
    """A run over all `numbers`; without `finished_at` it goes on, or was ended before it came through."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    numbers: int
    differences: int


class DifferenceView(Struct, frozen=True, kw_only=True):
    """A number that does not follow from the rows behind it: `stored` stands there, `expected` is what the rows say.

    `kind`: balance, borrowed, sum, on_hand, quarantined, reserved, allocated, presold, incoming, serial, pieces (more numbers of
    pieces than goods), or seal (`stored` is the entry that is not what was sealed in block `expected`).
    """

    id: int
    kind: str
    sku: str | None
    site: str | None
    location: str | None
    lot_id: int
    stored: int
    expected: int
    state: str
    found_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    how: str | None


class ReconciliationView(Struct, frozen=True, kw_only=True):
    """The latest run, and the first 200 differences that are open; empty when every number follows from the rows behind it."""

    run: RunView | None
    differences: list[DifferenceView]


class LineView(Struct, frozen=True, kw_only=True):
    """What would be written if `trust` was chosen; nothing is written by looking."""

    trust: Trust
    row: str
    column: str
    before: int
    after: int


class ProposalView(Struct, frozen=True, kw_only=True):
    """`ways` are the values of `trust` with which it can be settled."""

    difference: DifferenceView
    ways: list[Trust]
    diff: list[LineView]


class SettleIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`trust` the rows (the number is put right), the number (the missing entry is booked), or neither (it is noted).

    `stored` and `expected` are those that the diff showed.
    """

    trust: Trust
    stored: Annotated[int, Meta(ge=-(10**18), le=10**18)]
    expected: Annotated[int, Meta(ge=-(10**18), le=10**18)]


class SealView(Struct, frozen=True, kw_only=True):
    """A block of entries: `hash` is SHA-256 over `previous` and the entries."""

    number: int
    first_entry: int
    last_entry: int
    entries: int
    previous: str
    hash: str
    sealed_at: datetime


class VerifiedView(Struct, frozen=True, kw_only=True):
    """`broken` is empty when the block's entries are those that were sealed."""

    number: int
    hash: str
    broken: list[BrokenView]


class BrokenView(Struct, frozen=True, kw_only=True):
    """An entry that was changed, is missing or was added; without `entry`, the seal itself does not fit."""

    entry: int | None
    what: str


async def reconciliation(_call: Call[None]) -> ReconciliationView:
    runs = await reconciler.runs(limit=1)
    found = await settling.differences(limit=SHOWN)
    return ReconciliationView(run=_run(runs[0]) if runs else None, differences=[_difference(each) for each in found])


async def differences(call: Call[None]) -> Page[DifferenceView]:
    state = call.query.get("state", "open")
    if state not in ("open", "settled", "gone"):
        raise BadParameter("state", "open, settled or gone")
    rows = await settling.differences(state=state, after=call.page.number(), limit=call.page.limit)
    return page([_difference(row) for row in rows], call.page, key=lambda view: view.id)


async def show(call: Call[None]) -> ProposalView:
    found = await settling.difference(number(call.path["difference"], "difference"))
    lines = [
        LineView(trust=line.trust, row=line.row, column=line.column, before=line.before, after=line.after)
        for line in settling.proposal(found)
    ]
    return ProposalView(difference=_difference(found), ways=settling.ways(found), diff=lines)


async def settle(call: Call[SettleIn]) -> DifferenceView:
    asked = call.body
    done = await settling.settle(
        number(call.path["difference"], "difference"),
        asked.trust,
        stored=asked.stored,
        expected=asked.expected,
        proofs=owed.ALL_PROOFS,
    )
    return _difference(done)


async def listing(call: Call[None]) -> Page[SealView]:
    rows = await seals.blocks(after=call.page.number(), limit=call.page.limit)
    return page([_seal(row) for row in rows], call.page, key=lambda view: view.number)


async def verify(call: Call[None]) -> Page[VerifiedView]:
    limit = min(call.page.limit, BLOCKS_AT_ONCE + 1)
    blocks, broken = await seals.verify(after=call.page.number(), limit=limit)
    views = [
        VerifiedView(
            number=block.number,
            hash=block.hash,
            broken=[BrokenView(entry=each.entry, what=each.what) for each in broken if each.block == block.number],
        )
        for block in blocks
    ]
    more = len(views) == limit
    shown = views[: limit - 1] if more else views
    return Page(items=shown, next=str(shown[-1].number) if more and shown else None)


def _run(run: reconciler.Run) -> RunView:
    return RunView(
        id=run.id, started_at=run.started_at, finished_at=run.finished_at, numbers=run.numbers, differences=run.differences
    )


def _difference(found: settling.Found) -> DifferenceView:
    return DifferenceView(
        id=found.id,
        kind=found.kind,
        sku=found.sku,
        site=found.site,
        location=found.location,
        lot_id=found.lot_id,
        stored=found.stored,
        expected=found.expected,
        state=found.state,
        found_at=found.found_at,
        settled_at=found.settled_at,
        settled_by=found.settled_by,
        how=found.how,
    )


def _seal(block: seals.Block) -> SealView:
    return SealView(
        number=block.number,
        first_entry=block.first_id,
        last_entry=block.last_id,
        entries=block.entries,
        previous=block.previous,
        hash=block.hash,
        sealed_at=block.sealed_at,
    )


READ, WRITE = Permission.STOCK_READ, Permission.STOCK_WRITE
ROUTES = [
    Route(
        "GET",
        "/api/v1/stock/reconciliation",
        reconciliation,
        permission=READ,
        reply=ReconciliationView,
        summary="Show what the reconciler found: whether every number follows from the rows behind it",
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/stock/differences",
        differences,
        permission=READ,
        reply=Page[DifferenceView],
        summary="List numbers that do not follow from the rows behind them",
        filters={"state": "`open` (default), `settled` or `gone`"},
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/stock/differences/{difference}",
        show,
        permission=READ,
        reply=ProposalView,
        summary="Show a difference, and what would be written to settle it",
        whole_chain=True,
    ),
    Route(
        "POST",
        "/api/v1/stock/differences/{difference}/settle",
        settle,
        permission=WRITE,
        body=SettleIn,
        reply=DifferenceView,
        summary="Settle a difference as its diff showed",
        example=SettleIn(trust=Trust.ROWS, stored=12, expected=9),
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/stock/seals",
        listing,
        permission=READ,
        reply=Page[SealView],
        summary="List the blocks in which entries of the ledger are sealed",
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/stock/seals/verification",
        verify,
        permission=READ,
        reply=Page[VerifiedView],
        summary="Look at the next 20 blocks: whether their entries are those that were sealed",
        whole_chain=True,
    ),
]
