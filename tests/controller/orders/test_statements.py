"""How many statements an order costs: each is a turn of the server that all other buyers wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from asyncpg.connection import LoggedQuery

from controller import db
from controller.customers.addresses import Address
from controller.database import here
from controller.orders.operations import place
from controller.orders.policies import NewOrder
from controller.orders.seams import seams
from controller.review.judging import judge_placed
from controller.sourcing.deciding import source_order
from tests.controller.customers.keys import open_test_keys
from tests.controller.orders_shop import OrderShop

PLACED = 10
"""Of an order of three lines for a named site, without customer and terms of payment: with its review, and what it comes to."""
SOURCED = 26
"""Of one that is sourced, and goes to an address."""
MANY_LINES = 15
"""Of one of thirty lines; what writes more than a few rows writes them in two statements."""

HOME = Address(name="张三", phone="13812345678", province="广东省", city="深圳市", district="南山区", street="科技园路1号")


@pytest.fixture
async def shop(copied_database: str) -> AsyncIterator[OrderShop]:
    await db.connect(copied_database)
    await open_test_keys()
    seams().judge, seams().source = judge_placed, source_order
    shop = await OrderShop.open()
    for code in ("tea", "milk", "rice"):
        await shop.stock(code, 100)
    for _ in range(2):
        await place(order(shop))  # what is remembered is remembered
        await place(sourced(shop))
    yield shop
    await db.close()


def order(shop: OrderShop) -> NewOrder:
    return shop.order(("tea", 1), ("milk", 2), ("rice", 1))


def sourced(shop: OrderShop) -> NewOrder:
    return replace(order(shop), site=None, region="CN-31", address=HOME)


@asynccontextmanager
async def statements() -> AsyncIterator[list[str]]:
    """Texts of those that run inside, which are one transaction."""
    texts: list[str] = []

    def note(query: LoggedQuery) -> None:
        texts.append(query.query)

    async with db.transaction(), here().context.db("default").acquire_connection() as connection:
        connection.add_query_logger(note)
        yield texts
        await asyncio.sleep(0)  # they are told in the next turn of the loop
        connection.remove_query_logger(note)


async def test_an_order_takes_no_more_statements_than_it_did(shop: OrderShop) -> None:
    async with statements() as texts:
        await place(order(shop))
    assert len(texts) <= PLACED, "\n".join(texts)


async def test_more_lines_take_no_more_statements(shop: OrderShop) -> None:
    async with statements() as texts:
        await place(shop.order(*[(("tea", "milk", "rice")[number % 3], 1) for number in range(30)]))
    assert len(texts) <= MANY_LINES, "\n".join(texts)


async def test_an_order_that_is_sourced_takes_no_more_statements_than_it_did(shop: OrderShop) -> None:
    async with statements() as texts:
        await place(sourced(shop))
    assert len(texts) <= SOURCED, "\n".join(texts)
