"""Serial numbers of a count beside where the books have each piece."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from controller.counts import review_queries
from controller.counts.pieces import Of, Piece, pieces_of
from controller.sites.operations import create_bin
from controller.sites.queries import location
from controller.stock.operations import move
from tests.controller.counts.counting import a_shop, line, part, take


async def test_each_piece_is_where_the_books_have_it_or_is_told(database: str) -> None:
    shop, skus = await a_shop("phone")
    await create_bin("s1", "B-2")
    other = (await location("s1", "B-2")).id
    arrival = replace(shop.arrival(skus["phone"], 1), quantity=1)
    await move([replace(arrival, serial="S1"), replace(arrival, serial="S2"), replace(arrival, serial="S3", to_location_id=other)])
    scans = [msgspec.structs.replace(line("phone", 1, 10), serial=serial) for serial in ("S1 ", "S3", "S9")]
    await take(part(scans, done=11))
    (row,) = await review_queries.rows(1, state="all")
    assert (row.counted, row.expected) == (3, 2)
    assert await pieces_of(row) == [
        Piece(serial="S2", what=Of.MISSING, bin="A-1"),
        Piece(serial="S3", what=Of.ELSEWHERE, bin="B-2"),
        Piece(serial="S9", what=Of.NEW, bin=None),
    ]


async def test_where_no_serial_was_told_there_is_nothing_to_compare(database: str) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 5)])
    await take(part([line("milk", 4, 10)], done=11))
    (row,) = await review_queries.rows(1, state="all")
    assert await pieces_of(row) == []
