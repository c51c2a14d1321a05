"""What placing an order of three lines through the API makes PostgreSQL do, on bare asyncpg with no program around it.

The same statements in the same order, with the rows and the reads that the product needs; how many those are is bounded by
`tests/controller/orders/test_statements.py`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random
from time import perf_counter

import asyncpg

from controller.stock.channels import FREE_FOR
from controller.together import in_one, of_rows

CLIENTS = 8
_ANSWER = "x" * 500
_JUDGED = '{"facts":{"amount":750,"currency":"CNY","items":3,"channel":"web","site":"s1"},"matches":[],"findings":{}}'

KEY = (
    "SELECT l.granted, i.route, i.body_hash, i.response FROM (SELECT pg_try_advisory_xact_lock($1) AS granted) l "
    "LEFT JOIN idempotency i ON i.actor = $2 AND i.key = $3"
)
TERMS = (
    "SELECT (SELECT currency FROM site WHERE id = $1) AS currency, "
    "(SELECT when_short FROM order_channel WHERE channel = $2) AS when_short"
)
SKUS = (
    "SELECT s.id, p.code AS product, s.code, s.name_en, s.name_zh, s.base_unit, s.price_minor, s.currency, s.weight_grams, "
    "s.tracking, s.shelf_life_days, s.min_remaining_days, c.code AS category FROM sku s JOIN product p ON p.id = s.product_id "
    "LEFT JOIN category c ON c.id = s.category_id WHERE s.code = ANY($1)"
)
TAXES = "SELECT t.stamp, s.sku_id, s.tax_class FROM tax_stamp t LEFT JOIN sku_tax s ON s.sku_id = ANY($1)"
ORDER = (
    "INSERT INTO sales_order (site, region, channel, reference, pickup_code, currency, total_minor, state, delivery, customer_id, "
    "placed_at, due_at, min_remaining_days) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
    "ON CONFLICT (channel, reference) DO NOTHING RETURNING id"
)
LINE = (
    "INSERT INTO order_line (order_id, position, sku_id, sku, name_zh, name_en, base_unit, quantity, unit_price_minor, price_per, "
    "amount_minor, presale, is_short) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id, position"
)
TOTAL = (
    "INSERT INTO order_total (order_id, order_no, version, site_id, currency, region, is_inclusive, level, mode, step, is_exempt, "
    "certificate, discount_minor, net_minor, tax_minor, gross_minor, exempted_minor, rounding_minor, counted_at, counted_by) "
    "VALUES ($1, $2, (SELECT coalesce(max(version), 0) + 1 FROM order_total WHERE order_id = $3), $4, $5, $6, $7, $8, $9, $10, "
    "$11, $12, $13, $14, $15, $16, $17, $18, $19, $20) RETURNING id, version"
)
HOLD = (
    "INSERT INTO reservation (line_key, sku_id, site_id, quantity, consumed, state, document, channel, expires_at, created_at) "
    "VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?) ON CONFLICT (line_key) DO NOTHING RETURNING line_key"
)
GRANT = (
    "UPDATE availability SET reserved = reserved + s.wanted FROM (SELECT a.id, w.quantity AS wanted "
    "FROM unnest(CAST(? AS bigint[]), CAST(? AS bigint[])) AS w (sku_id, quantity) CROSS JOIN availability a "
    "WHERE a.sku_id = w.sku_id AND a.site_id = ? ORDER BY a.sku_id FOR UPDATE OF a) s "
    f"WHERE availability.id = s.id AND {FREE_FOR} >= s.wanted RETURNING sku_id"
)
JUDGED = (
    "SELECT r.stamp, (SELECT string_agg(f.kind, ' ') FROM order_flag f WHERE f.order_id = $1 AND f.cleared_at IS NULL) AS flags, "
    "(SELECT string_agg(p.means, ' ') FROM payment p WHERE p.order_id = $2) AS means, p.id, p.sku_id, p.scope, p.kind, "
    "p.price_minor, p.currency, p.effective_from, p.until FROM review_stamp r "
    "LEFT JOIN price p ON p.cancelled_at IS NULL AND p.sku_id = ANY($3) WHERE r.id = 1 ORDER BY p.effective_from, p.id"
)
TOTAL_LINE = (
    "INSERT INTO order_total_line (total_id, position, kind, tax_class, amount_minor, discount_minor, net_minor, tax_minor, "
    "gross_minor, exempted_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
ALLOCATION = "INSERT INTO order_allocation (order_id, order_line_id, site, quantity, line_key, is_ended) VALUES (?, ?, ?, ?, ?, ?)"
AT_SITE = "INSERT INTO order_site (site, order_id, channel, state) VALUES (?, ?, ?, ?) ON CONFLICT (site, order_id) DO NOTHING"
EVENT = (
    "INSERT INTO event (name, subject, site, data, actor, cause, recorded_at, transaction_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, pg_current_xact_id()::text::bigint)"
)
CASE = (
    "INSERT INTO review_case (order_id, state, outcome, needs_finance, review_table_id, judgement, asks, placed_by, opened_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (order_id) DO NOTHING"
)
CLOCK = (
    "INSERT INTO order_clock (order_id, site, kind, began_at, near_at, due_at, told, is_void, ended_at, took) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (order_id, kind) WHERE ended_at IS NULL DO NOTHING"
)
KEPT = "INSERT INTO idempotency (actor, key, route, body_hash, response, created_at) VALUES (?, ?, ?, ?, ?, ?)"


def _numbered(sql: str) -> str:
    head, *tails = sql.split("?")
    return head + "".join(f"${number}{tail}" for number, tail in enumerate(tails, 1))


_LINES, _HOLDS, _GRANTS = _numbered(of_rows(LINE, 3)), _numbered(of_rows(HOLD, 3)), _numbered(GRANT)
_ROWS = ((TOTAL_LINE, 3), (ALLOCATION, 3), (AT_SITE, 1), (EVENT, 4), (CASE, 1), (CLOCK, 1), (KEPT, 1))
_REST = _numbered(in_one([(of_rows(sql, rows), ()) for sql, rows in _ROWS])[0])


async def bare(url: str, seconds: float, skus: int) -> float:
    """Orders per second of so many clients, each on a connection of its own; of that many SKUs, `t0`, `t1`, … with ids from 1."""
    began = perf_counter()
    done = await asyncio.gather(*(_client(url, number, began + seconds, skus) for number in range(CLIENTS)))
    return sum(done) / (perf_counter() - began)


async def _client(url: str, client: int, until: float, skus: int) -> int:
    connection = await asyncpg.connect(url)
    random, number = Random(client), 0
    try:
        while perf_counter() < until:
            number += 1
            await order(connection, f"bare-{client}-{number}", sorted(random.sample(range(1, skus + 1), 3)))
    finally:
        await connection.close()
    return number


async def order(connection: asyncpg.Connection, reference: str, skus: list[int]) -> None:
    now = datetime.now(UTC)
    async with connection.transaction(isolation="read_committed"):
        await connection.fetch(KEY, hash(reference), "token:bench", reference)
        await connection.fetch(TERMS, "s1", "web")
        await connection.fetch(SKUS, [f"t{sku - 1}" for sku in skus])
        await connection.fetch(TAXES, skus)
        head = ("s1", None, "web", reference, "AAAAAA", "CNY", 750, "approved", "collection", None, now, None, None)
        made: int = (await connection.fetch(ORDER, *head))[0]["id"]
        no = f"SO-{100_000 + made}"
        texts = ("t", "t", "t", "piece", 1, 250, 1, 250, False, False)
        lines = await connection.fetch(_LINES, *(x for n, sku in enumerate(skus, 1) for x in (made, n, sku, *texts)))
        sums = (
            made,
            no,
            made,
            "s1",
            "CNY",
            None,
            True,
            "line",
            "half_up",
            1,
            False,
            None,
            0,
            750,
            0,
            750,
            0,
            0,
            now,
            "token:bench",
        )
        total: int = (await connection.fetch(TOTAL, *sums))[0]["id"]
        held = ("s1", 1, "reserved", no, "web", None, now)
        await connection.fetch(_HOLDS, *(x for n, sku in enumerate(skus, 1) for x in (f"{no}/{n}", sku, *held)))
        if len(await connection.fetch(_GRANTS, skus, [1, 1, 1], "s1", "web")) != 3:
            raise AssertionError("there was too little")
        await connection.fetch(JUDGED, made, made, skus)
        await connection.execute(_REST, *_rest(made, no, total, [line["id"] for line in lines], now, reference))


def _rest(made: int, no: str, total: int, lines: list[int], now: datetime, reference: str) -> list[object]:
    """The parameters of all that nobody waits for, in the order of `_ROWS`."""
    told = ("token:bench", f"http:{reference}", now)
    found: list[object] = []
    for position in (1, 2, 3):
        found += (total, position, "goods", "standard", 250, 0, 250, 0, 250, 0)
    for position, line in enumerate(lines, 1):
        found += (made, line, "s1", 1, f"{no}/{position}", False)
    found += ("s1", made, "web", "approved")
    for position in (1, 2, 3):
        found += ("stock_reserved", f"{no}/{position}", "s1", '{"sku_id":1,"quantity":1}', *told)
    found += ("order_placed", no, "s1", '{"channel":"web","reference":"x","lines":3,"total_minor":750,"currency":"CNY"}', *told)
    found += (made, "approved", None, False, None, _JUDGED, "[]", "token:bench", now)
    found += (made, "s1", "touch", now, now, now, 0, False, now, 0)
    found += ("token:bench", reference, "POST /api/v1/orders", "0" * 64, _ANSWER, now)
    return found
