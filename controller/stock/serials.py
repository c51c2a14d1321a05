"""Pieces by their numbers: where each is, and whether one is in stock twice.  Only `stock.ledger.move` calls `follow`."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller import db, events
from controller.sites.models import PHYSICAL
from controller.sites.queries import Place
from controller.stock.events import SerialTwice
from controller.stock.policies import Move
from controller.tasks.operations import close_tasks, open_task


@dataclass(slots=True)
class _Piece:
    """What some movements say of one piece."""

    net: int = 0
    lot: int = 0
    location: int = 0
    moved_at: datetime | None = None


async def follow(moves: Sequence[Move], places: Mapping[int, Place]) -> None:
    """Keep where each piece is, in whatever order its movements come.  One that came oftener than it left is a person's task.

    Records SerialTwice.
    """
    pieces = _pieces(moves, places)
    rows = [(sku, serial, piece.lot, piece.location, piece.net, piece.moved_at) for (sku, serial), piece in sorted(pieces.items())]
    await db.execute_many(
        "INSERT INTO serial (sku_id, serial, lot_id, location_id, net, moved_at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (sku_id, serial) DO UPDATE SET net = serial.net + excluded.net, "
        "lot_id = CASE WHEN excluded.lot_id > serial.lot_id THEN excluded.lot_id ELSE serial.lot_id END, "
        "location_id = CASE WHEN (excluded.moved_at, excluded.location_id) >= (serial.moved_at, serial.location_id) "
        "THEN excluded.location_id ELSE serial.location_id END, "
        "moved_at = CASE WHEN excluded.moved_at > serial.moved_at THEN excluded.moved_at ELSE serial.moved_at END",
        rows,
    )
    for row in await _told(pieces):
        key = f"serial:{row['sku_id']}:{row['serial']}"
        if row["net"] <= 1:
            if pieces[row["sku_id"], row["serial"]].net < 0:
                await close_tasks(key)
            continue
        site = places[row["location_id"]].site_id if row["location_id"] in places else None
        await events.record(SerialTwice(sku_id=row["sku_id"], net=row["net"]), subject=row["serial"], site=site)
        told = {"sku": row["code"], "serial": row["serial"], "times": row["net"]}
        await open_task("serial_twice", site=site, key=key, subject=row["code"], arguments=told)


def _pieces(moves: Iterable[Move], places: Mapping[int, Place]) -> dict[tuple[int, str], _Piece]:
    pieces: dict[tuple[int, str], _Piece] = {}
    for move in moves:
        if not move.serial:
            continue
        piece = pieces.setdefault((move.sku_id, move.serial), _Piece())
        piece.net += (places[move.to_location_id].kind in PHYSICAL) - (places[move.from_location_id].kind in PHYSICAL)
        piece.lot = max(piece.lot, move.lot_id)
        if piece.moved_at is None or (move.occurred_at, move.to_location_id) >= (piece.moved_at, piece.location):
            piece.moved_at, piece.location = move.occurred_at, move.to_location_id
    return pieces


async def _told(pieces: Iterable[tuple[int, str]]) -> list[db.Row]:
    wanted = set(pieces)
    rows = await db.fetch(
        "SELECT p.sku_id, p.serial, p.net, p.location_id, s.code FROM serial p JOIN sku s ON s.id = p.sku_id "
        f"WHERE {db.among('p.sku_id')} AND {db.among('p.serial')} ORDER BY p.sku_id, p.serial",
        db.listing(sorted({sku for sku, _ in wanted})),
        db.listing(sorted({serial for _, serial in wanted})),
    )
    return [row for row in rows if (row["sku_id"], row["serial"]) in wanted]
