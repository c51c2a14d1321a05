"""Orders of three lines through the API of one process, 64 buyers for 100 units, and lists over a million orders.

The limit beside the first is what the same statements take on bare asyncpg, with as many clients and no program around them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter

from aiohttp import ClientSession, TCPConnector

from controller import db
from controller.catalog.operations import NewSku, create_sku
from controller.http.auth import create_token
from controller.http.routing import Permission
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import special
from controller.stock.operations import Move, Reason, move
from tests.bench import chain, order_lists
from tests.bench.bare_orders import CLIENTS, bare
from tests.bench.report import Row, percentile, row
from tests.servers import running_postgres
from tests.shopday.programs import Program, free_port, toml

SECONDS, SKUS = 6.0, 200
BUYERS, UNITS = 64, 100
PLACED, PLACED_MS = 180, 100.0
PAGE_MS, DETAIL_MS, BOARD_MS = 150.0, 60.0, 500.0
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
                yield from _looked(engine, asyncio.run(order_lists.looked(url)))


def _placed(found: Placed) -> Iterator[Row]:
    name = f"orders of 3 lines, {CLIENTS} clients, one api process, PostgreSQL"
    ok = found.rate >= PLACED and found.rate >= found.bare / 2
    target = f">= {PLACED}/s and 50 % of bare asyncpg"
    yield row(f"{name}: placed and reserved", found.rate, "orders/s", limit=found.bare, target=target, ok=ok)
    yield row(f"{name}: p99", found.p99, "ms", target=f"<= {PLACED_MS:g} ms", ok=found.p99 <= PLACED_MS)
    yield row(f"{BUYERS} buyers for {UNITS} units: sold", found.sold, "units", target=f"{UNITS}", ok=found.sold == UNITS)


def _looked(engine: str, found: Mapping[str, float]) -> Iterator[Row]:
    for what, value in found.items():
        most = {"one order in detail": DETAIL_MS}.get(what, BOARD_MS if what.startswith("the whole board") else PAGE_MS)
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
    return Placed(len(samples) / seconds, 1000 * percentile(samples, 99), await bare(url, SECONDS / 2, SKUS), sold)


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
