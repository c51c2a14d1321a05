"""The parts of the replica, a line each in `PARTS`: how the rows of each are read from a page and kept in the file.

A part with few rows is `kept`: whole rows by their ids, found again by a `handle` (a badge, a document's number).  For it that line
and its Struct in `wire/replica.py` are all.  Goods and stock have tables of their own (`replica_goods`).  All tables begin with a
column `edition`: a snapshot is collected as another edition beside the one that is served.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from edge_agent.replica_goods import GOODS_TABLES, STOCK_TABLES, forget_goods, forget_stock, put_goods, put_stock
from edge_agent.wire.open_parcels import OpenHandOver, OpenPack
from edge_agent.wire.open_work import OpenCount, OpenLabels, OpenPick, OpenReceipt, OpenTransfer, SiteBin
from edge_agent.wire.order_facts import OrderTemplate
from edge_agent.wire.replica import (
    ReplicaItem,
    ReplicaPerson,
    ReplicaProfile,
    ReplicaRecall,
    ReplicaRows,
    ReplicaSite,
    ReplicaStock,
    ReplicaTemplate,
)
from edge_agent.wire.taxes import SiteTaxes

R = TypeVar("R", bound=Struct)

Write = Callable[[sqlite3.Connection, int], None]
"""Puts into an edition what was read from a page."""

KEPT_TABLE: Final = "kept"
SCHEMA: Final = f"""
{GOODS_TABLES[1]}
{STOCK_TABLES[1]}
CREATE TABLE {KEPT_TABLE} (
    edition INTEGER, part TEXT, id TEXT, handle TEXT, other TEXT, tote TEXT, body BLOB NOT NULL,
    PRIMARY KEY (edition, part, id)) WITHOUT ROWID;
CREATE INDEX kept_handle ON {KEPT_TABLE} (edition, part, handle) WHERE handle IS NOT NULL;
CREATE INDEX kept_other ON {KEPT_TABLE} (edition, part, other) WHERE other IS NOT NULL;
CREATE INDEX kept_tote ON {KEPT_TABLE} (edition, tote) WHERE tote IS NOT NULL;
"""
TABLES: Final = (*GOODS_TABLES[0], *STOCK_TABLES[0], KEPT_TABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[R]):
    """`put` stores rows in an edition, `forget` takes some of its ids out of it, or (None) all."""

    name: str
    row: type[R]
    put: Callable[[sqlite3.Connection, int, Sequence[R]], None]
    forget: Callable[[sqlite3.Connection, int, Sequence[str] | None], None]

    def read(self, piece: ReplicaRows) -> Write:
        """Raises msgspec.DecodeError, UnicodeDecodeError: before anything was written."""
        rows = msgspec.json.decode(piece.rows, type=list[self.row])  # type: ignore[name-defined]  # a type known at run time only

        def write(writer: sqlite3.Connection, edition: int) -> None:
            if piece.anew:
                self.forget(writer, edition, None)
            self.forget(writer, edition, piece.gone)
            self.put(writer, edition, rows)

        return write


def kept(
    name: str,
    row: type[R],
    *,
    key: Callable[[R], str],
    handle: Callable[[R], str | None] = lambda _: None,
    other: Callable[[R], str | None] = lambda _: None,
    tote: Callable[[R], str | None] = lambda _: None,
) -> Part[R]:
    """A part of few rows, stored whole by `key`; `other` is a second handle, `tote` what its goods lie in."""

    def put(writer: sqlite3.Connection, edition: int, rows: Sequence[R]) -> None:
        writer.executemany(
            "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(edition, name, key(each), handle(each), other(each), tote(each), msgspec.json.encode(each)) for each in rows],
        )

    def forget(writer: sqlite3.Connection, edition: int, ids: Sequence[str] | None) -> None:
        if ids is None:
            writer.execute("DELETE FROM kept WHERE edition = ? AND part = ?", (edition, name))
        else:
            writer.executemany(
                "DELETE FROM kept WHERE edition = ? AND part = ? AND id = ?", [(edition, name, each) for each in ids]
            )

    return Part(name=name, row=row, put=put, forget=forget)


PEOPLE: Final = kept("people", ReplicaPerson, key=lambda person: person.id, handle=lambda person: person.badge)
PROFILES: Final = kept("profiles", ReplicaProfile, key=lambda profile: profile.name)
TEMPLATES: Final = kept("templates", ReplicaTemplate, key=lambda template: template.name)
COUNTS: Final = kept("counts", OpenCount, key=lambda count: str(count.id), handle=lambda count: count.number)
RECEIPTS: Final = kept(
    "receipts", OpenReceipt, key=lambda each: str(each.id), handle=lambda each: each.number, other=lambda each: each.other
)
TRANSFERS: Final = kept("transfers", OpenTransfer, key=lambda transfer: str(transfer.id), handle=lambda transfer: transfer.number)
LABEL_BATCHES: Final = kept("label_batches", OpenLabels, key=lambda batch: str(batch.id), handle=lambda batch: batch.number)
PICKS: Final = kept(
    "picks",
    OpenPick,
    key=lambda pick: str(pick.id),
    handle=lambda pick: pick.number,
    other=lambda pick: pick.wave,
    tote=lambda pick: pick.tote,
)
PACKS: Final = kept(
    "packs",
    OpenPack,
    key=lambda pack: str(pack.id),
    handle=lambda pack: pack.number,
    other=lambda pack: pack.tote,
    tote=lambda pack: pack.tote,
)
HAND_OVERS: Final = kept(
    "hand_overs", OpenHandOver, key=lambda each: str(each.id), handle=lambda each: each.number, other=lambda each: each.code
)
RECALLS: Final = kept("recalls", ReplicaRecall, key=lambda recall: recall.id, handle=lambda recall: recall.sku)
SITES: Final = kept("sites", ReplicaSite, key=lambda site: site.id)
BINS: Final = kept("bins", SiteBin, key=lambda each: each.code)
TAXES: Final = kept("taxes", SiteTaxes, key=lambda each: each.since.isoformat() if each.since is not None else "")
ORDER_TEMPLATES: Final = kept("order_templates", OrderTemplate, key=lambda each: each.number, handle=lambda each: each.number)
DOCUMENTS: Final = {part.name: part for part in (COUNTS, RECEIPTS, TRANSFERS, LABEL_BATCHES, PICKS, PACKS, HAND_OVERS)}
"""The parts with open work, which is found by its number."""

PARTS: Final[tuple[Part, ...]] = (  # type: ignore[type-arg]  # each of another row
    Part(name="goods", row=ReplicaItem, put=put_goods, forget=forget_goods),
    Part(name="stock", row=ReplicaStock, put=put_stock, forget=forget_stock),
    PEOPLE,
    PROFILES,
    TEMPLATES,
    COUNTS,
    RECEIPTS,
    TRANSFERS,
    LABEL_BATCHES,
    PICKS,
    PACKS,
    HAND_OVERS,
    BINS,
    RECALLS,
    SITES,
    TAXES,
    ORDER_TEMPLATES,
)
