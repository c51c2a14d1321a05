"""Orders of three lines through the API of one process, 64 buyers for 100 units, and lists over a million orders.

The limit beside the first is what the same statements take on bare asyncpg, with as many clients and no program around them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter

import asyncpg
from aiohttp import ClientSession, TCPConnector

from controller import db, events
from controller.catalog.operations import NewSku, create_sku
from controller.http.auth import create_token
from controller.http.routing import Permission
from controller.orders import queries
from controller.orders.flags import FlagKind
from controller.orders.listing import Wanted, count
from controller.orders.states import OrderState
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import special
from controller.stock.operations import Move, Reason, move
from tests.bench import chain
from tests.bench.report import Row, percentile, row
from tests.servers import running_postgres
from tests.shopday.programs import Program, free_port, toml

CLIENTS, SECONDS, SKUS = 8, 6.0, 200
BUYERS, UNITS = 64, 100
PLACED, PLACED_MS = 180, 100.0
ORDERS, SITES, LOOKS = 1_000_000, 20, 40
PAGE_MS, DETAIL_MS = 150.0, 60.0
READS = 5
"""What an order's tax, its review and the answer read, a statement each."""
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Placed:
    """Orders per second, milliseconds at p99, statements on bare asyncpg per second, units sold of the last ones."""

    rate: float
    p99: float
    bare: float
    sold: int


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, running_postgres() as cluster:
        with cluster.fresh_database() as url:
            yield from _placed(asyncio.run(_place(folder, url)))
        with cluster.fresh_database() as postgres:
            for engine, url in (("PostgreSQL", postgres), ("SQLite", f"sqlite://{folder}/orders.db")):
                yield from _looked(engine, asyncio.run(_look(url)))


def _placed(found: Placed) -> Iterator[Row]:
    name = f"orders of 3 lines, {CLIENTS} clients, one api process, PostgreSQL"
    ok = found.rate >= PLACED and found.rate >= found.bare / 2
    target = f">= {PLACED}/s and 50 % of bare asyncpg"
    yield row(f"{name}: placed and reserved", found.rate, "orders/s", limit=found.bare, target=target, ok=ok)
    yield row(f"{name}: p99", found.p99, "ms", target=f"<= {PLACED_MS:g} ms", ok=found.p99 <= PLACED_MS)
    yield row(f"{BUYERS} buyers for {UNITS} units: sold", found.sold, "units", target=f"{UNITS}", ok=found.sold == UNITS)


def _looked(engine: str, found: Mapping[str, float]) -> Iterator[Row]:
    for what, value in found.items():
        most = DETAIL_MS if what == "one order in detail" else PAGE_MS
        name = f"1,000,000 orders, {engine}: {what} (p95)"
        yield row(name, value, "ms", target=f"<= {most:g} ms", ok=value <= most)


# --- placing --------------------------------------------------------------------------------------------------------------------


async def _place(folder: Path, url: str) -> Placed:
    await db.connect(url)
    try:
        await db.migrate()
        token = await _shop()
    finally:
        await db.close()
    port, config = free_port(), folder / "orders.toml"
    config.write_text(
        toml([("", {"data": folder / "orders"}), ("[http]", {"port": port}), ("[database]", {"url": url})]), encoding="utf-8"
    )
    program = Program("orders", ("controller", "--config", str(config), "serve", "--role", "api"), folder / "orders.log")
    await program.start()
    try:
        headers = {"Authorization": f"Bearer {token}"}
        async with ClientSession(f"http://127.0.0.1:{port}", headers=headers, connector=TCPConnector(limit=BUYERS)) as client:
            await _ready(client, program)
            await _buy(client, 1.0, "warm")
            samples, seconds = await _buy(client, SECONDS, "web")
            sold = await _rush(client)
    finally:
        await program.stop()
    return Placed(len(samples) / seconds, 1000 * percentile(samples, 99), await _bare(url), sold)


async def _shop() -> str:
    await create_site("s1", name="Bench")
    bin_id, supplier = await create_bin("s1", "A-1"), await special("s1", LocationKind.SUPPLIER)
    moves = []
    for number in range(SKUS + 1):
        sku = await create_sku(NewSku(code=f"t{number}", name_en=f"Article {number}", name_zh=f"商品 {number}", price_minor=250))
        quantity = UNITS if number == SKUS else 1_000_000
        moves.append(
            Move(
                sku_id=sku,
                from_location_id=supplier,
                to_location_id=bin_id,
                quantity=quantity,
                reason=Reason.RECEIVED,
                occurred_at=FIRST,
            )
        )
    await move(moves)
    return str(await create_token("bench", [Permission.ORDERS_READ, Permission.ORDERS_WRITE]))


async def _ready(client: ClientSession, program: Program) -> None:
    async with asyncio.timeout(30):
        while program.is_running:
            try:
                async with client.get("/readyz") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError("the api process ended")


async def _buy(client: ClientSession, seconds: float, name: str) -> tuple[list[float], float]:
    """Eight clients, one order after the other each; the seconds of each order, and of all of it."""
    samples: list[float] = []
    began = perf_counter()

    async def one(client_number: int) -> None:
        random, number = Random(client_number), 0
        while perf_counter() - began < seconds:
            number += 1
            lines = [{"sku": f"t{sku}", "quantity": 1, "unit_price_minor": 250} for sku in random.sample(range(SKUS), 3)]
            started = perf_counter()
            await _order(client, f"{name}-{client_number}-{number}", lines)
            samples.append(perf_counter() - started)

    await asyncio.gather(*(one(number) for number in range(CLIENTS)))
    return samples, perf_counter() - began


async def _order(client: ClientSession, reference: str, lines: list[dict[str, object]]) -> bool:
    body = {"site": "s1", "channel": "web", "reference": reference, "currency": "CNY", "lines": lines}
    async with client.post("/api/v1/orders", json=body, headers={"Idempotency-Key": reference}) as answer:
        if answer.status not in (201, 409, 422):
            raise AssertionError(f"{answer.status}: {await answer.text()}")
        return answer.status == 201


async def _rush(client: ClientSession) -> int:
    """Everybody wants the same article, two at a time; the units that were sold."""

    async def buy(buyer: int) -> int:
        line: dict[str, object] = {"sku": f"t{SKUS}", "quantity": 2, "unit_price_minor": 250}
        return 2 * await _order(client, f"rush-{buyer}", [line])

    return sum(await asyncio.gather(*(buy(buyer) for buyer in range(BUYERS))))


async def _bare(url: str) -> float:
    """Per second: the statements that make an order, and what the API keeps with it, on connections of their own."""
    began = perf_counter()
    done = await asyncio.gather(*(_bare_client(url, number, began) for number in range(CLIENTS)))
    return sum(done) / (perf_counter() - began)


async def _bare_client(url: str, client: int, began: float) -> int:
    connection = await asyncpg.connect(url)
    random, number = Random(client), 0
    try:
        while perf_counter() - began < SECONDS / 2:
            number += 1
            await _bare_order(connection, f"bare-{client}-{number}", sorted(random.sample(range(1, SKUS + 1), 3)))
    finally:
        await connection.close()
    return number


async def _bare_order(connection: asyncpg.Connection, reference: str, skus: list[int]) -> None:
    async with connection.transaction():
        await connection.fetch("SELECT * FROM site WHERE id = 's1'")
        await connection.fetch("SELECT * FROM sku WHERE id = ANY($1)", skus)
        order = await connection.fetchval(
            "INSERT INTO sales_order (site, channel, reference, pickup_code, currency, total_minor, state, placed_at) "
            "VALUES ('s1', 'web', $1, 'AAAAAA', 'CNY', 750, 'approved', now()) RETURNING id",
            reference,
        )
        lines = await connection.fetch(
            "INSERT INTO order_line (order_id, position, sku_id, sku, name_zh, name_en, base_unit, quantity, unit_price_minor, "
            "price_per, amount_minor, is_short) SELECT $1::bigint, n, s, 't', 't', 't', 'piece', 1, 250, 1, 250, false "
            "FROM unnest($2::bigint[]) WITH ORDINALITY x(s, n) RETURNING id, position",
            *(order, skus),
        )
        keys = [f"SO-{100_000 + order}/{line['position']}" for line in lines]
        await connection.execute(
            "INSERT INTO order_allocation (order_id, order_line_id, site, quantity, line_key) "
            "SELECT $1, l, 's1', 1, k FROM unnest($2::bigint[], $3::text[]) x(l, k)",
            *(order, [line["id"] for line in lines], keys),
        )
        await connection.execute(
            "INSERT INTO order_site (site, order_id, channel, state) VALUES ('s1', $1, 'web', 'approved')", order
        )
        await connection.execute(
            "INSERT INTO reservation (line_key, sku_id, site_id, quantity, consumed, state, document, channel, created_at) "
            "SELECT k, s, 's1', 1, 0, 'reserved', '', 'web', now() FROM unnest($1::text[], $2::bigint[]) x(k, s)",
            *(keys, skus),
        )
        await connection.execute(
            "UPDATE availability SET reserved = reserved + 1 FROM (SELECT id FROM availability WHERE sku_id = ANY($1::bigint[]) "
            "AND site_id = 's1' ORDER BY sku_id FOR UPDATE) s WHERE availability.id = s.id "
            "AND on_hand - reserved - allocated - quarantined >= 1",
            skus,
        )
        total = await connection.fetchval(
            "INSERT INTO order_total (order_id, order_no, version, site_id, currency, is_inclusive, level, mode, step, is_exempt, "
            "discount_minor, net_minor, tax_minor, gross_minor, exempted_minor, rounding_minor, counted_at, counted_by) "
            "VALUES ($1, 'bench', 1, 's1', 'CNY', true, 'line', 'half_up', 1, false, 0, 750, 0, 750, 0, 0, now(), 'bench') "
            "RETURNING id",
            order,
        )
        await connection.executemany(
            "INSERT INTO order_total_line (total_id, position, kind, tax_class, amount_minor, discount_minor, net_minor, "
            "tax_minor, gross_minor, exempted_minor) VALUES ($1, $2, 'goods', 'standard', 250, 0, 250, 0, 250, 0)",
            [(total, line["position"]) for line in lines],
        )
        for _ in range(READS):
            await connection.fetch("SELECT * FROM sales_order WHERE id = ANY($1)", [order])
        await connection.execute(
            "INSERT INTO review_case (order_id, state, outcome, needs_finance, judgement, asks, placed_by, opened_at) "
            "VALUES ($1, 'approved', 'pass', false, '{}', '[]', 'bench', now())",
            order,
        )
        await connection.execute(
            "INSERT INTO order_clock (order_id, site, kind, began_at, near_at, due_at, told, is_void, ended_at, took) "
            "VALUES ($1, 's1', 'touch', now(), now(), now(), 0, false, now(), 0)",
            order,
        )
        for subjects in (keys, [f"SO-{100_000 + order}"]):
            await connection.executemany(
                "INSERT INTO event (name, subject, site, data, actor, recorded_at, transaction_id) "
                "VALUES ('bench', $1, 's1', '{}', 'bench', now(), pg_current_xact_id()::text::bigint)",
                [(subject,) for subject in subjects],
            )
        await connection.execute(
            "INSERT INTO idempotency (actor, key, route, body_hash, response, created_at) "
            "VALUES ('bench', $1, 'POST /api/v1/orders', $2, $3, now())",
            *(reference, "0" * 64, "x" * 500),
        )


# --- looking --------------------------------------------------------------------------------------------------------------------


async def _look(url: str) -> dict[str, float]:
    await db.connect(url, create_schema=True)
    try:
        await _fill()
        random = Random(3)
        return {what: await _timed(work) for what, work in _pages(random).items()}
    finally:
        await db.close()


def _pages(random: Random) -> dict[str, Callable[[], Awaitable[object]]]:
    """Each way of looking that the list offers, at random places of it."""
    late = FIRST + timedelta(seconds=ORDERS - 100)

    def at(wanted: Callable[[], Wanted], sites: list[str] | None = None) -> Callable[[], Awaitable[object]]:
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
        "a page of what is due": at(lambda: Wanted(due_before=late)),
        "a page of flagged ones": at(lambda: Wanted(flag=FlagKind.BAD_ADDRESS)),
        "a page for a manager of three sites": at(Wanted, ["s01", "s07", "s13"]),
        "a search by number": at(lambda: Wanted(q=f"SO-{100_001 + random.randrange(ORDERS)}")),
        "a search by reference": at(lambda: Wanted(q=f"R-{random.randrange(ORDERS):07d}")),
        "a search by the beginning of many": at(lambda: Wanted(q="R-0")),
        "counting up to 10,000": lambda: count(Wanted(state=OrderState.CLOSED), None),
        "one order in detail": lambda: _detail(f"SO-{100_001 + random.randrange(ORDERS)}"),
    }


async def _detail(no: str) -> None:
    found = await queries.order(no)
    await queries.lines([found.id])
    await events.history(no)


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds at p95."""
    samples = []
    for _ in range(LOOKS):
        began = perf_counter()
        await work()
        samples.append(1000 * (perf_counter() - began))
    return percentile(samples, 95)


async def _fill() -> None:
    """The rows as `place` would have written them: a line each, at one of 20 sites; most of them are closed."""
    random, step = Random(11), 50_000
    for site in range(SITES):
        await create_site(f"s{site:02d}", name=f"s{site:02d}")
    for start in range(1, ORDERS + 1, step):
        rows = [_order_row(number, random) for number in range(start, start + step)]
        async with db.transaction():
            await db.insert_many("sales_order", _ORDER, rows)
            lines = [(n, n, 1, int(str(n)) % 5000, "t", "t", "t", "piece", 1, 250, 1, 250, False) for n, *_ in rows]
            await db.insert_many("order_line", _LINE, lines)
            at = [(row[1], row[0], row[2], row[7]) for row in rows]
            await db.insert_many("order_site", ("site", "order_id", "channel", "state"), at)
            keys = [(n, n, site, 1, f"SO-{100_000 + int(str(n))}/1") for n, site, *_ in rows]
            await db.insert_many("order_allocation", ("order_id", "order_line_id", "site", "quantity", "line_key"), keys)
            flagged = [(n, "bad_address", "no number", FIRST, "bench") for n in range(start, start + step, 500)]
            await db.insert_many("order_flag", ("order_id", "kind", "reason", "set_at", "set_by"), flagged)
            numbers = [f"SO-{100_000 + n}" for n in range(start, start + step, 10)]
            told = [("order_placed", number, "s01", json.dumps({"lines": 1}), "bench", FIRST, 0) for number in numbers]
            await db.insert_many("event", ("name", "subject", "site", "data", "actor", "recorded_at", "transaction_id"), told)
    await db.execute("ANALYZE")


_ORDER = (
    "id", "site", "channel", "reference", "pickup_code", "currency", "total_minor", "state", "delivery", "placed_at", "due_at",
)  # fmt: skip
_LINE = (
    "id", "order_id", "position", "sku_id", "sku", "name_zh", "name_en", "base_unit", "quantity", "unit_price_minor", "price_per",
    "amount_minor", "is_short",
)  # fmt: skip


_STATES = ["closed"] * 90 + ["cancelled"] * 4 + ["approved"] * 4 + ["in_review", "on_hold"]


def _order_row(number: int, random: Random) -> tuple[object, ...]:
    placed = FIRST + timedelta(seconds=number)
    channel, state = random.choice(("web", "shop", "market", "phone")), random.choice(_STATES)
    due = placed + timedelta(hours=4) if number % 3 == 0 else None
    place, told = f"s{random.randrange(SITES):02d}", (f"R-{number:07d}", f"{number:06d}", "CNY", 250)
    return (number, place, channel, *told, state, "collection", placed, due)
