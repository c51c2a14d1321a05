"""A catalogue of 100,000 SKUs, their stock, the people of a site: page by page as the controller sends them, or in a box's file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from edge_agent.people import badge_hash
from edge_agent.replica import Replica
from edge_agent.replica_pull import ReplicaKeeper
from edge_agent.seams import SystemClock
from edge_agent.stations import Item
from edge_agent.wire.replica import (
    ITEMS,
    ReplicaBarcode,
    ReplicaItem,
    ReplicaPage,
    ReplicaPerson,
    ReplicaStock,
    ReplicaTemplate,
    rows_of,
)
from tests.bench.agent import TEMPLATES, version

SKUS, PEOPLE_HERE = 100_000, 200
WORDS = ("organic", "fresh", "semi-skimmed", "milk", "chocolate", "bar", "washing", "powder", "shampoo", "noodles", "beef", "rice")
CHARACTERS = "牛奶巧克力酸洗衣粉发水面条方便肉香辣大米优质有机新鲜瓶装袋整箱儿童老年绿色低脂高钙"
PIN = "4711"
VERIFIER = "$argon2id$v=19$m=19456,t=2,p=1$c2hlbGZ3aXJlLWJlbmNo$M2gddZwILIPZbzjJxLsFP7+wg37W7oW63HaPfN5IWYY"
"""Of `PIN`."""


def badge(person: int) -> str:
    return f"badge-{person}"


def symbol(sku: int) -> str:
    return f"C-{sku}"


def page(site: str, number: int) -> ReplicaPage:
    ids, random = range(number * ITEMS, (number + 1) * ITEMS), Random(number)
    people = [] if number else [_person(each) for each in range(PEOPLE_HERE)]
    return ReplicaPage(
        site=site,
        since=f"c{number}" if number else "",
        next=f"c{number + 1}",
        more=ids.stop < SKUS,
        at=datetime.now(UTC),
        parts={
            "goods": rows_of([_item(each, random) for each in ids], anew=not number),
            "stock": rows_of([ReplicaStock(item=each, on_hand=each) for each in ids], anew=not number),
            "people": rows_of(people, anew=not number),
            "templates": rows_of([] if number else _templates(), anew=not number),
        },
    )


def pages(site: str) -> Iterator[ReplicaPage]:
    return (page(site, number) for number in range(SKUS // ITEMS))


async def fill(path: Path, site: str) -> None:
    """A box's `replica.db` as it is after its first snapshot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    left = pages(site)
    keeper = ReplicaKeeper(Replica(path, site, SystemClock()), lambda _: next(left), SystemClock(), Random(1), every=3600)
    running = asyncio.create_task(keeper.run())
    try:
        async with asyncio.timeout(60):
            while not isinstance(await keeper.look_up(symbol(1), None), Item):
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _item(number: int, random: Random) -> ReplicaItem:
    return ReplicaItem(
        id=number,
        sku=f"sku-{number:06}",
        name_en=f"{' '.join(random.choices(WORDS, k=4))} {number} g",
        name_zh=f"{''.join(random.choices(CHARACTERS, k=10))}{number} 克",
        unit="piece",
        price_minor=number,
        currency="CNY",
        barcodes=[ReplicaBarcode(kind="text", symbol=symbol(number))],
    )


def _templates() -> list[ReplicaTemplate]:
    return [ReplicaTemplate(name=name, version=version(name), kind="label") for name in TEMPLATES]


def _person(number: int) -> ReplicaPerson:
    return ReplicaPerson(
        id=f"p-{number:012}",
        name=f"Person {number}",
        language="zh-CN",
        badge=badge_hash(badge(number)),
        pin=VERIFIER,
        roles=["floor"],
    )
