"""A million orders as they are after some months, and each way of looking at them that the office offers.

Most are over; of some 60,000 that are open, some wait, are picked, are packed, are late, have a flag, are not paid.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count as numbers
from random import Random
from time import perf_counter

from controller import db, events
from controller.orders import listing, queries
from controller.orders.flags import FlagKind
from controller.orders.listing import Wanted
from controller.orders.states import OrderState
from controller.payments.policies import PaymentState
from controller.sites.operations import create_site
from controller.tracking import board
from controller.tracking.board import Stage
from controller.web.order_filters import Due, asked_in
from controller.web.order_list_pages import BUILT_IN
from tests.bench.report import percentile

ORDERS, SITES, LOOKS, FEW_LOOKS = 1_000_000, 20, 40, 15
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
NOW = FIRST + timedelta(seconds=ORDERS)
"""An order a second until now."""
SOME_SITES = ["s01", "s07", "s13"]
Look = Callable[[], Awaitable[object]]


async def looked(url: str) -> dict[str, float]:
    """Milliseconds at p95; of stages, filters and numbers, which are many, the slowest by its name."""
    await db.connect(url, create_schema=True)
    try:
        await fill()
        random = Random(3)
        found = {what: await timed(work) for what, work in _pages(random).items()}
        for of, ways_of in (("pages by stage, due and payment", _stages(random)), ("numbers up to 10,000", _counts())):
            each = {what: await timed(work, FEW_LOOKS) for what, work in ways_of.items()}
            slowest = max(each, key=lambda what: each[what])
            found[f"the slowest of {len(each)} {of}, {slowest}"] = each[slowest]
        return found | {what: await timed(work, FEW_LOOKS) for what, work in _board().items()}
    finally:
        await db.close()


async def timed(work: Look, looks: int = LOOKS) -> float:
    samples = []
    for _ in range(looks):
        began = perf_counter()
        await work()
        samples.append(1000 * (perf_counter() - began))
    return percentile(samples, 95)


def ways(random: Random) -> dict[str, Look]:
    """Each way of looking, at random places of it where it has any."""
    return _pages(random) | _stages(random) | _counts() | _board()


def _pages(random: Random) -> dict[str, Look]:
    def at(wanted: Callable[[], Wanted], sites: list[str] | None = None) -> Look:
        return lambda: queries.orders(before=random.randrange(ORDERS), limit=51, wanted=wanted(), sites=sites)

    def site() -> str:
        return f"s{random.randrange(SITES):02d}"

    return {
        "a page": at(Wanted),
        "a page of what is approved": at(lambda: Wanted(state=OrderState.APPROVED)),
        "a page of what is to be reviewed": at(lambda: Wanted(state=OrderState.IN_REVIEW)),
        "a page of a site": at(lambda: Wanted(site=site())),
        "a page of a site's approved": at(lambda: Wanted(site=site(), state=OrderState.APPROVED)),
        "a page of a site's on hold": at(lambda: Wanted(site=site(), state=OrderState.ON_HOLD)),
        "a page of a channel's closed": at(lambda: Wanted(channel="market", state=OrderState.CLOSED)),
        "a page of a site and a channel": at(lambda: Wanted(site=site(), channel="shop")),
        "a page of flagged ones": at(lambda: Wanted(flag=FlagKind.BAD_ADDRESS)),
        "a page for a manager of three sites": at(Wanted, SOME_SITES),
        "a search by number": at(lambda: Wanted(q=f"SO-{100_001 + random.randrange(ORDERS)}")),
        "a search by reference": at(lambda: Wanted(q=f"R-{random.randrange(ORDERS):07d}")),
        "a search by the beginning of many": at(lambda: Wanted(q="R-0")),
        "one order in detail": lambda: _detail(f"SO-{100_001 + random.randrange(ORDERS)}"),
    }


def _stages(random: Random) -> dict[str, Look]:
    """What an address of the list asks for, the first page of it and one far in; and for a manager of three sites."""
    found: dict[str, Look] = {}
    asked = [f"stage={stage}" for stage in (*Stage, "late")] + [f"due={due}" for due in Due]
    asked += [f"payment={state}" for state in PaymentState] + ["stage=late&state=approved", "stage=pick&payment=pending"]
    for query in asked:
        found[f"a page, {query}"] = _first(query, None)
        found[f"a page far in, {query}"] = _deep(query, random)
        found[f"a page for three sites, {query}"] = _first(query, SOME_SITES)
    for due in (Due.OVER, Due.DAYS_3):
        found[f"a page by when it is due, {due}"] = _first(f"due={due}&sort=due", None)
        found[f"a page by when it is due for three sites, {due}"] = _first(f"due={due}&sort=due", SOME_SITES)
    found["a page by when it is due"] = _first("sort=due", None)
    return found


def _first(query: str, sites: list[str] | None) -> Look:
    asked = asked_in(query)
    return lambda: queries.sorted_orders(asked.sort, after=None, limit=51, wanted=asked.wanted(NOW), sites=sites)


def _deep(query: str, random: Random) -> Look:
    wanted = asked_in(query).wanted(NOW)
    return lambda: queries.orders(before=random.randrange(ORDERS), limit=51, wanted=wanted, sites=None)


def _counts() -> dict[str, Look]:
    """The numbers beside the views, and those of filters."""
    queries_of = dict.fromkeys([query for _, query in BUILT_IN])
    queries_of |= dict.fromkeys(["", "state=closed", "site=s03", "due=over", "due=72h", "payment=pending", "payment=captured"])
    queries_of |= dict.fromkeys(f"stage={stage}" for stage in Stage)
    return {
        f"counting up to 10,000 {whose}, {query or 'all'}": _counted(query, sites)
        for query in queries_of
        for whose, sites in (("of all", None), ("of three sites", SOME_SITES))
    }


def _counted(query: str, sites: list[str] | None) -> Look:
    wanted = asked_in(query).wanted(NOW)
    return lambda: listing.count(wanted, sites)


def _board() -> dict[str, Look]:
    return {
        "the whole board": lambda: board.board(None, NOW),
        "the whole board of three sites": lambda: board.board(SOME_SITES, NOW),
    }


async def _detail(no: str) -> None:
    found = await queries.order(no)
    await queries.lines([found.id])
    await events.history(no)


# --- filling --------------------------------------------------------------------------------------------------------------------

STEP = 50_000
_STATES = ["closed"] * 90 + ["cancelled"] * 4 + ["approved"] * 4 + ["in_review", "on_hold"]
_AT_WORK = [None] * 30 + ["open"] * 30 + ["picking"] * 15 + ["picked"] * 10 + ["packed"] * 15
"""The pick list of what is approved."""
_PAID = ["captured"] * 96 + ["pending", "authorised", "partial", "refunded"]


async def fill() -> None:
    """The rows as the operations would have written them: a line each, at one of 20 sites."""
    random, ids = Random(11), numbers(1)
    for site in range(SITES):
        await create_site(f"s{site:02d}", name=f"s{site:02d}")
    for start in range(1, ORDERS + 1, STEP):
        rows = [_order_row(number, random) for number in range(start, start + STEP)]
        async with db.transaction():
            await db.insert_many("sales_order", _ORDER, rows)
            lines = [(n, n, 1, int(str(n)) % 5000, "t", "t", "t", "piece", 1, 250, 1, 250, False) for n, *_ in rows]
            await db.insert_many("order_line", _LINE, lines)
            at = [(row[1], row[0], row[2], row[7]) for row in rows]
            await db.insert_many("order_site", ("site", "order_id", "channel", "state"), at)
            keys = [(n, n, site, 1, f"SO-{100_000 + int(str(n))}/1") for n, site, *_ in rows]
            await db.insert_many("order_allocation", ("order_id", "order_line_id", "site", "quantity", "line_key"), keys)
            told = [f"SO-{100_000 + n}" for n in range(start, start + STEP, 10)]
            history = [("order_placed", number, "s01", json.dumps({"lines": 1}), "bench", FIRST, 0) for number in told]
            await db.insert_many("event", ("name", "subject", "site", "data", "actor", "recorded_at", "transaction_id"), history)
            await _fill_beside(start, [(row[0], row[1], row[7], row[9]) for row in rows], random)
            await _fill_work([(row[0], row[1], row[7], row[9]) for row in rows], random, ids)
    await db.execute("ANALYZE")


Values = tuple[object, ...]
Known = tuple[object, object, object, object]
"""Of an order: id, site, state, when it was placed."""


async def _fill_beside(start: int, orders: list[Known], random: Random) -> None:
    """Flags, clocks, money."""
    flagged: list[Values] = [(n, "bad_address", "no number", FIRST, "bench", None, None) for n in range(start, start + STEP, 500)]
    flagged += [(n, "credit", "owed", FIRST, "bench", FIRST, "paid") for n in range(start, start + STEP, 50)]
    await db.insert_many("order_flag", _FLAG, flagged)
    clocks: list[Values] = []
    for number, site, state, placed in orders:
        is_open = state not in ("closed", "cancelled")
        due = NOW + timedelta(hours=random.uniform(-4, 44)) if is_open else _instant(placed) + timedelta(hours=20)
        began, ended = (due - timedelta(days=30), None) if is_open else (placed, due)
        clocks.append((number, site, "ship", began, due - timedelta(hours=2), due, 0 if is_open else 1, False, ended, None))
    await db.insert_many("order_clock", _CLOCK, clocks)
    money = [
        (n, f"SO-{100_000 + int(str(n))}", site, "CNY", 250, 250, 0, "before", random.choice(_PAID), placed)
        for n, site, _, placed in orders
    ]
    await db.insert_many("order_due", _DUE, money)


def _instant(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value


async def _fill_work(orders: list[Known], random: Random, ids: numbers[int]) -> None:
    """Pick lists, parcels, shipments; an order in two thousand has trouble on its way."""
    lists, parcels, shipments = list[Values](), list[Values](), list[Values]()
    for number, site, state, placed in orders:
        at_work = random.choice(_AT_WORK) if state == "approved" else "packed" if state == "closed" else None
        if at_work is None:
            continue
        pick_list, packed = next(ids), _instant(placed) + timedelta(hours=2)
        lists.append((pick_list, number, site, at_work, placed))
        if at_work == "packed":
            left = packed if state == "closed" else None
            parcels.append((pick_list, site, "b1", "handed_over" if left else "packed", "500", False, 0, packed, left))
        if state == "closed" and pick_list % 10 == 0:
            trouble = "exception" if pick_list % 2000 == 0 else "delivered"
            shipments.append((f"PC-{pick_list}", number, site, "b1", trouble, 500, 250, "CNY", "{}", packed))
    await db.insert_many("pick_list", ("id", "order_id", "site", "state", "released_at"), lists)
    await db.insert_many("parcel", _PARCEL, parcels)
    await db.insert_many("shipment", _SHIPMENT, shipments)


_ORDER = (
    "id", "site", "channel", "reference", "pickup_code", "currency", "total_minor", "state", "delivery", "placed_at", "due_at",
)  # fmt: skip
_LINE = (
    "id", "order_id", "position", "sku_id", "sku", "name_zh", "name_en", "base_unit", "quantity", "unit_price_minor", "price_per",
    "amount_minor", "is_short",
)  # fmt: skip

_FLAG = ("order_id", "kind", "reason", "set_at", "set_by", "cleared_at", "clear_reason")
_CLOCK = ("order_id", "site", "kind", "began_at", "near_at", "due_at", "told", "is_void", "ended_at", "took")
_DUE = (
    "order_id", "order_no", "site_id", "currency", "due_minor", "estimate_minor", "tolerance_bp", "terms", "paid", "created_at",
)  # fmt: skip
_PARCEL = (
    "pick_list_id", "site", "box", "state", "grams", "weight_mismatch", "label_copies", "packed_at", "handed_over_at",
)  # fmt: skip
_SHIPMENT = (
    "parcel_no", "order_id", "site", "box", "state", "grams", "value_minor", "currency", "why", "created_at",
)  # fmt: skip


def _order_row(number: int, random: Random) -> tuple[object, ...]:
    placed = FIRST + timedelta(seconds=number)
    channel, state = random.choice(("web", "shop", "market", "phone")), random.choice(_STATES)
    due = None
    if number % 3 == 0:
        is_open = state not in ("closed", "cancelled")
        due = NOW + timedelta(hours=random.uniform(-6, 90)) if is_open else placed + timedelta(hours=4)
    place, told = f"s{random.randrange(SITES):02d}", (f"R-{number:07d}", f"{number:06d}", "CNY", 250)
    return (number, place, channel, *told, state, "collection", placed, due)
