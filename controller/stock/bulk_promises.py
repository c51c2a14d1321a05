"""Grants for many orders at once: each all or nothing, in their order.  What is not there any more is the caller's to decide again.

The rows that grant are locked in the order of their keys, so that who gets the last is decided once; the grant itself is the
conditional UPDATE that every grant is.
"""

# ruff: noqa: S608 -- what is put into the texts is expressions of ours; values are parameters
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller import db, events
from controller.db import Engine
from controller.stock.channels import BUFFER, FREE
from controller.stock.events import StockReserved
from controller.stock.policies import Granting
from controller.stock.promises import document_of
from controller.stock.states import Hold

_PAIRS = {
    Engine.POSTGRES: "unnest(CAST(? AS BIGINT[]), CAST(? AS VARCHAR[]))",
    Engine.SQLITE: "(SELECT k.value, v.value FROM json_each(?) k JOIN json_each(?) v ON v.key = k.key)",
}


class GrantLost(RuntimeError):
    """A row that was locked gave less than it had: our arithmetic is wrong."""


@dataclass(frozen=True, slots=True)
class Wish:
    """So many base units of a SKU at a site."""

    sku_id: int
    site_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class NewHold:
    """What a granted wish is held for: `line_key` is the order line's own, for ever."""

    line_key: str
    sku_id: int
    site_id: str
    quantity: int
    channel: str


async def grant(groups: Sequence[tuple[str, Sequence[Wish]]]) -> list[bool]:
    """Which of these (channel and wishes of an order) are granted; in the caller's transaction, which holds them too."""
    pairs = sorted({(wish.sku_id, wish.site_id) for _, wishes in groups for wish in wishes})
    if not pairs:
        return [False] * len(groups)
    free = await _locked(pairs)
    buffers = {channel: await _buffers(channel, pairs) for channel in sorted({channel for channel, _ in groups})}
    granted: list[bool] = []
    sums: dict[Granting, int] = {}
    for channel, wishes in groups:
        wanted = _sum(wishes)
        fits = all(free.get(pair, 0) - buffers[channel].get(pair, 0) >= quantity for pair, quantity in wanted.items())
        granted.append(fits and bool(wanted))
        for pair, quantity in wanted.items() if fits else ():
            free[pair] -= quantity
            sums[pair] = sums.get(pair, 0) + quantity
    if sums and await _take(sums) != len(sums):
        raise GrantLost(sums)
    return granted


def _sum(wishes: Sequence[Wish]) -> dict[Granting, int]:
    found: dict[Granting, int] = {}
    for wish in wishes:
        found[wish.sku_id, wish.site_id] = found.get((wish.sku_id, wish.site_id), 0) + wish.quantity
    return found


def _columns(pairs: Sequence[Granting]) -> tuple[object, object]:
    """For `_PAIRS`."""
    skus, sites = [sku for sku, _ in pairs], [site for _, site in pairs]
    return (skus, sites) if db.engine() is Engine.POSTGRES else (json.dumps(skus), json.dumps(sites))


async def _locked(pairs: Sequence[Granting]) -> dict[Granting, int]:
    rows = await db.fetch(
        "SELECT sku_id, site_id, on_hand - reserved - allocated - quarantined AS free FROM availability "
        f"WHERE (sku_id, site_id) IN (SELECT * FROM {_PAIRS[db.engine()]}) ORDER BY sku_id, site_id" + db.for_update(),
        *_columns(pairs),
    )
    return {(row["sku_id"], row["site_id"]): row["free"] for row in rows}


async def _buffers(channel: str, pairs: Sequence[Granting]) -> dict[Granting, int]:
    """What the channel leaves to the others."""
    if not channel or not await db.fetch("SELECT 1 AS one FROM channel_buffer WHERE channel_id = ? LIMIT 1", channel):
        return {}
    rows = await db.fetch(
        f"SELECT a.sku_id, a.site_id, {BUFFER.format(channel='?', row='a')} AS buffer FROM availability a "
        f"WHERE (a.sku_id, a.site_id) IN (SELECT * FROM {_PAIRS[db.engine()]})",
        *(channel, *_columns(pairs)),
    )
    return {(row["sku_id"], row["site_id"]): row["buffer"] for row in rows}


async def _take(wanted: Mapping[Granting, int]) -> int:
    """How many rows gave what was wanted of them."""
    if db.engine() is Engine.POSTGRES:
        source = "unnest(CAST(? AS BIGINT[]), CAST(? AS VARCHAR[]), CAST(? AS BIGINT[])) AS w (sku, site, n)"
        columns: tuple[object, ...] = (*_columns(list(wanted)), list(wanted.values()))
    else:
        source = (
            "(SELECT json_extract(value, '$[0]') AS sku, json_extract(value, '$[1]') AS site, json_extract(value, '$[2]') AS n "
            "FROM json_each(?)) AS w"
        )
        columns = (json.dumps([[*pair, quantity] for pair, quantity in wanted.items()]),)
    return await db.execute(
        f"UPDATE availability SET reserved = reserved + w.n FROM {source} "
        f"WHERE sku_id = w.sku AND site_id = w.site AND {FREE} >= w.n",
        *columns,
    )


async def hold(holds: Sequence[NewHold]) -> None:
    """Write down what was granted, line by line.  Records StockReserved.  Raises ConstraintViolated (a line has a hold)."""
    instant = db.now()
    await db.insert_many(
        "reservation",
        ("line_key", "sku_id", "site_id", "quantity", "consumed", "state", "document", "channel", "created_at"),
        [
            (
                *(one.line_key, one.sku_id, one.site_id, one.quantity, 0, Hold.RESERVED.value),
                *(document_of(one.line_key), one.channel, instant),
            )
            for one in holds
        ],
    )
    await events.record_all([(StockReserved(sku_id=one.sku_id, quantity=one.quantity), one.line_key, one.site_id) for one in holds])
