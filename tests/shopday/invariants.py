"""The oracle: what must hold of a controller's database after anything (I1 to I6).

Written from the tables alone, apart from the code that fills them: it reads rows and says what is wrong, and never uses a query of
the controller.  It works on a live database from outside (`connected`) and inside a process (`controller.db.fetch` is a `Query`).
What only the outside world knows (which facts boxes beeped for, how much paper came out) is given as `Evidence`.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

Row = dict[str, Any]
Query = Callable[[str], Awaitable[list[Row]]]

ON_HAND = frozenset({"bin", "receiving", "packing", "quarantine"})
PHYSICAL = ON_HAND | {"transit"}


@dataclass(frozen=True)
class Violation:
    """`invariant`: `I1` to `I6`; `what` names the row."""

    invariant: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


@dataclass
class Evidence:
    """What the world outside of the database saw.

    `kept`: ids of facts that boxes had on disk when they beeped.  `papers`: copies that came out of a printer, by (box, device).
    `at_rest`: all faults are healed and all outboxes empty, so that nothing may be missing, parked or still printing.
    """

    kept: set[str] = field(default_factory=set)
    papers: Mapping[tuple[str, str], int] = field(default_factory=dict)
    at_rest: bool = True


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Query]:
    """Read a database from outside, `sqlite:///path` or `postgres://…`, without a lock and without the product's code."""
    if url.startswith("sqlite://"):
        with closing(sqlite3.connect(f"file:{url.removeprefix('sqlite://')}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row

            async def read(sql: str) -> list[Row]:
                return [dict(row) for row in database.execute(sql)]

            yield read
        return
    connection = await asyncpg.connect(url)

    async def fetch(sql: str) -> list[Row]:
        return [dict(row) for row in await connection.fetch(sql)]

    try:
        yield fetch
    finally:
        await connection.close()


def kept_by_box(facts_db: Path) -> set[str]:
    """The ids of all facts in a box's outbox, sent or not: what it beeped for."""
    with closing(sqlite3.connect(f"file:{facts_db}?mode=ro", uri=True)) as database:
        return {str(row[0]) for row in database.execute("SELECT id FROM outbox")}


async def check(query: Query, evidence: Evidence) -> list[Violation]:
    """Everything that is wrong; empty when all six hold."""
    return [
        *await none_lost(query, evidence),
        *await none_counted_twice(query),
        *await complete_per_stream(query, evidence),
        *await ledger_conserves(query),
        *await no_oversell(query),
        *await print_jobs_end_once(query, evidence),
    ]


async def none_lost(query: Query, evidence: Evidence) -> list[Violation]:
    """I1: each fact that a box kept is stored here, with an outcome, once all is at rest."""
    if not evidence.at_rest:
        return []
    stored = {str(row["id"]) for row in await query("SELECT id FROM fact")}
    return [Violation("I1", f"fact {fact} was kept by its box and is not here") for fact in sorted(evidence.kept - stored)]


async def none_counted_twice(query: Query) -> list[Violation]:
    """I2: one identity, one fact; a fact's movements say what the fact says, once; no movement of a fact that is not applied."""
    found = [
        Violation("I2", f"{row['box']}/{row['epoch']}/{row['stream']}/{row['seq']} is stored {row['n']} times")
        for row in await query(
            "SELECT box, epoch, stream, seq, COUNT(*) AS n FROM (SELECT box, epoch, stream, seq FROM fact UNION ALL "
            "SELECT box, epoch, stream, seq FROM fact_again) identities GROUP BY box, epoch, stream, seq HAVING COUNT(*) > 1"
        )
    ]
    found += [
        Violation("I2", f"movement {row['id']} comes from fact {row['fact_id']}, which is {row['outcome']}")
        for row in await query(
            "SELECT m.id, m.fact_id, COALESCE(f.outcome, 'not stored') AS outcome FROM stock_movement m "
            "LEFT JOIN fact f ON f.id = m.fact_id WHERE m.fact_id IS NOT NULL AND (f.id IS NULL OR f.outcome <> 'applied')"
        )
    ]
    return found + await _effects(query)


async def _effects(query: Query) -> list[Violation]:
    """Each applied `received` and `picked` moved exactly its quantity, by the barcodes as they are now."""
    packs = {row["symbol"]: row for row in await query("SELECT symbol, numerator, denominator FROM barcode WHERE active")}
    moved: Counter[str] = Counter()
    for row in await query(
        "SELECT fact_id, quantity FROM stock_movement WHERE reason IN ('received', 'picked') AND fact_id IS NOT NULL"
    ):
        moved[str(row["fact_id"])] += row["quantity"]
    found = []
    for row in await query("SELECT id, name, payload FROM fact WHERE name IN ('received', 'picked') AND outcome = 'applied'"):
        said = json.loads(row["payload"])
        pack = packs.get(said.get("gtin") or said["symbol"]["text"])
        if pack is None:
            continue  # a measured code: its quantity is in the symbol
        expected = said["quantity"] * pack["numerator"] // pack["denominator"]
        if moved[str(row["id"])] != expected:
            found.append(Violation("I2", f"{row['name']} {row['id']} says {expected}, {moved[str(row['id'])]} moved"))
    return found


async def complete_per_stream(query: Query, evidence: Evidence) -> list[Violation]:
    """I3: within an epoch of a stream no number is missing, and at rest nothing waits for what will not come."""
    if not evidence.at_rest:
        return []
    found = [
        Violation(
            "I3", f"{row['box']}/{row['epoch']}/{row['stream']}: {row['last'] - row['n']} of {row['last']} numbers are missing"
        )
        for row in await query(
            "SELECT box, epoch, stream, MAX(seq) AS last, COUNT(DISTINCT seq) AS n FROM (SELECT box, epoch, stream, seq FROM fact "
            "UNION ALL SELECT box, epoch, stream, seq FROM fact_again) identities GROUP BY box, epoch, stream"
        )
        if row["last"] != row["n"]
    ]
    return found + [
        Violation("I3", f"{row['name']} {row['id']} still waits for {row['waits_for']}")
        for row in await query("SELECT id, name, waits_for FROM fact WHERE outcome = 'parked'")
        if not str(row["waits_for"]).startswith("barcode:")  # a person links it
    ]


async def ledger_conserves(query: Query) -> list[Violation]:
    """I4: per SKU all locations sum to 0; every balance is its ledger's sum; on hand at a site is the sum of its balances."""
    kinds = {row["id"]: (row["kind"], row["site_id"]) for row in await query("SELECT id, kind, site_id FROM location")}
    net = await _net(query)
    per_sku: Counter[int] = Counter()
    physical: Counter[tuple[int, int]] = Counter()
    on_hand: Counter[tuple[int, str]] = Counter()
    for (sku, location), quantity in net.items():
        kind, site = kinds[location]
        per_sku[sku] += quantity
        if kind in PHYSICAL:
            physical[sku, location] += quantity
        if kind in ON_HAND:
            on_hand[sku, site] += quantity
    balances: Counter[tuple[int, int]] = Counter()
    for row in await query("SELECT * FROM balance"):  # a row for each lot
        balances[row["sku_id"], row["location_id"]] += row["on_hand"]
    levels = Counter({(row["sku_id"], row["site_id"]): row["on_hand"] for row in await query("SELECT * FROM availability")})
    return [
        *(Violation("I4", f"SKU {sku}: all locations sum to {total}") for sku, total in per_sku.items() if total),
        *(Violation("I4", f"SKU {spot[0]} at location {spot[1]}: {left} on hand") for spot, left in physical.items() if left < 0),
        *_differences("location", physical, balances),
        *_differences("site", on_hand, levels),
    ]


async def _net(query: Query) -> Counter[tuple[int, int]]:
    """The ledger replayed from zero: base units by SKU and location."""
    net: Counter[tuple[int, int]] = Counter()
    for row in await query("SELECT sku_id, from_location_id, to_location_id, quantity FROM stock_movement"):
        net[row["sku_id"], row["from_location_id"]] -= row["quantity"]
        net[row["sku_id"], row["to_location_id"]] += row["quantity"]
    return net


def _differences(place: str, expected: Counter[Any], stored: Counter[Any]) -> list[Violation]:
    return [
        Violation("I4", f"SKU {spot[0]} at {place} {spot[1]}: {stored[spot]} on hand, the ledger says {expected[spot]}")
        for spot in sorted(expected.keys() | stored.keys())
        if expected[spot] != stored[spot]
    ]


async def no_oversell(query: Query) -> list[Violation]:
    """I5: promised <= on hand; promises are the sum of open holds; each line of an open order is held, gone, or flagged short."""
    found = []
    held: Counter[tuple[int, str, str]] = Counter()
    holds: dict[str, Row] = {}
    for row in await query("SELECT line_key, sku_id, site_id, quantity, consumed, state FROM reservation"):
        holds[row["line_key"]] = row
        held[row["sku_id"], row["site_id"], row["state"]] += row["quantity"] - row["consumed"]
    for row in await query("SELECT sku_id, site_id, on_hand, reserved, allocated, quarantined FROM availability"):
        where = f"SKU {row['sku_id']} at {row['site_id']}"
        if min(row["reserved"], row["allocated"], row["quarantined"]) < 0:
            found.append(Violation("I5", f"{where}: a promise below zero"))
        if row["reserved"] + row["allocated"] + row["quarantined"] > row["on_hand"]:
            found.append(Violation("I5", f"{where}: more is promised than the {row['on_hand']} on hand"))
        found += [
            Violation("I5", f"{where}: {state} {row[state]}, open holds {held[row['sku_id'], row['site_id'], state]}")
            for state in ("reserved", "allocated")
            if row[state] != held[row["sku_id"], row["site_id"], state]
        ]
    return found + await _lines(query, holds)


async def _lines(query: Query, holds: Mapping[str, Row]) -> list[Violation]:
    """Each line of a placed order is promised whole from its sites, or wanting; each promise is held, gone, or flagged short."""
    out = {
        row["line_key"]: row["gone"]
        for row in await query("SELECT line_key, CAST(SUM(out) AS BIGINT) AS gone FROM pick_line GROUP BY line_key")
    }
    promised: Counter[int] = Counter()
    found = []
    for row in await query(
        "SELECT a.order_line_id, a.line_key, a.quantity, l.is_short, o.state FROM order_allocation a "
        "JOIN order_line l ON l.id = a.order_line_id JOIN sales_order o ON o.id = a.order_id WHERE NOT a.is_ended"
    ):
        promised[row["order_line_id"]] += row["quantity"]
        found += _promise(row, holds.get(row["line_key"]), out.get(row["line_key"], 0))
    for row in await query(
        "SELECT l.id, l.order_id, l.position, l.quantity, l.wanting, l.is_short, o.state FROM order_line l "
        "JOIN sales_order o ON o.id = l.order_id WHERE NOT l.is_removed"
    ):
        line = f"SO-{100_000 + row['order_id']}/{row['position']}"
        expected = 0 if row["state"] == "draft" else row["quantity"] - row["wanting"]
        if row["state"] not in ("cancelled", "closed") and promised[row["id"]] != expected:
            found.append(Violation("I5", f"{line}: {promised[row['id']]} of {expected} are promised from somewhere"))
    return found


def _promise(row: Row, hold: Row | None, gone: int) -> list[Violation]:
    line = row["line_key"]
    covered = bool(row["is_short"]) or (hold is not None and hold["state"] == "withdrawn")
    if hold is None:
        return [Violation("I5", f"{line} was never held")]
    if row["state"] in ("in_review", "on_hold", "approved") and not covered:
        if hold["state"] not in ("reserved", "presold", "allocated", "consumed"):
            return [Violation("I5", f"{line} of an open order is {hold['state']} and not flagged")]
        if hold["quantity"] != row["quantity"]:
            return [Violation("I5", f"{line}: {row['quantity']} are promised, {hold['quantity']} held")]
    if row["state"] == "closed" and not covered and gone != row["quantity"]:
        return [Violation("I5", f"{line} is closed with {gone} of {row['quantity']} handed over and not flagged")]
    if row["state"] == "cancelled" and hold["state"] in ("reserved", "allocated"):
        return [Violation("I5", f"{line} of a cancelled order still holds {hold['quantity'] - hold['consumed']}")]
    return []


# --- print jobs -----------------------------------------------------------------------------------------------------------------

TERMINAL = frozenset({"printed", "failed", "expired", "cancelled"})


@dataclass
class Bounds:
    """How many copies of a job may lie on paper, at least and at most, by the edges that its box told."""

    printer: tuple[str, str]
    least: int = 0
    most: int = 0


async def print_jobs_end_once(query: Query, evidence: Evidence) -> list[Violation]:
    """I6: at rest each job is in one terminal state or with a person; no edge out of one; the paper agrees with the edges."""
    found = []
    told = await _edges(query)
    for row in await query("SELECT id, box, state FROM print_job"):
        if evidence.at_rest and row["state"] not in TERMINAL | {"uncertain"}:
            found.append(Violation("I6", f"job {row['id']} is still {row['state']}"))
    bounds = list((await job_bounds(query)).values())
    for job, edges in told.items():
        ends = [state for state in edges[:-1] if state in TERMINAL]
        if ends:
            found.append(Violation("I6", f"job {job} went on after {ends[0]}"))
    for printer, copies in evidence.papers.items():
        least = sum(bound.least for bound in bounds if bound.printer == printer)
        most = sum(bound.most for bound in bounds if bound.printer == printer)
        if not least <= copies <= most:
            found.append(Violation("I6", f"{copies} copies came out of {printer[0]}/{printer[1]}, its jobs say {least} to {most}"))
    return found


async def job_bounds(query: Query) -> dict[str, Bounds]:
    """The bounds of each job: an attempt proved as printed is one run of its copies, one in doubt is none or one."""
    jobs = {row["id"]: row for row in await query("SELECT id, box, device, printer, copies FROM print_job")}
    bounds: dict[str, Bounds] = {}
    for job, edges in (await _edges(query)).items():
        row = jobs.get(job)
        if row is None:
            continue
        bound = bounds[job] = Bounds((row["box"], row["printer"] or row["device"]))
        doubted = edges.count("uncertain")
        proved = 1 if edges[-1] == "printed" and (len(edges) < 2 or edges[-2] != "uncertain") else 0
        bound.least = proved * row["copies"]
        bound.most = (proved + doubted) * row["copies"]
        if edges[-1] in ("sending", "sent"):  # still on its way
            bound.most += row["copies"]
    return bounds


async def _edges(query: Query) -> dict[str, list[str]]:
    """The states that each job's box told, in the order of their steps."""
    steps: dict[str, dict[int, str]] = defaultdict(dict)
    for row in await query("SELECT payload FROM fact WHERE name = 'job_changed' AND outcome = 'applied'"):
        said = json.loads(row["payload"])
        steps[said["job"]][said["step"]] = said["state"]
    return {job: [of_job[step] for step in sorted(of_job)] for job, of_job in steps.items()}
