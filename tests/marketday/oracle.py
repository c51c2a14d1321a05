"""What must hold in the evening, by everybody's books: the plan's, the provider's, the carrier's, the boxes', the controller's."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from controller.orders.numbers import ORDERS
from controller.tracking.nodes import Node
from tests.marketday.office import KINDNESS, Live, Office
from tests.marketday.outside import Bank
from tests.marketday.plan import LETTER, REDUCED, Buy
from tests.marketday.world import RATES, World
from tests.shopday.invariants import (
    Evidence,
    Query,
    Row,
    complete_per_stream,
    kept_by_box,
    ledger_conserves,
    no_oversell,
    none_counted_twice,
    none_lost,
)

SAMPLE = 60
"""Orders whose timeline and nodes are read over the API."""
SUMS = {
    "authorised_minor": "authorised",
    "voided_minor": "voided",
    "captured_minor": "captured",
    "refunded_minor": "refunded",
    "expected_minor": "expected",
}


async def judge(world: World, office: Office, folder: Path) -> list[str]:
    """Everything that is wrong."""
    query = office.query
    kept = {fact for path in sorted(folder.glob("*.db")) if path.name != "controller.db" for fact in kept_by_box(path)}
    evidence = Evidence(kept=kept)
    stock = [
        *await none_lost(query, evidence),
        *await none_counted_twice(query),
        *await complete_per_stream(query, evidence),
        *await ledger_conserves(query),
        *await no_oversell(query),
    ]
    ended = list(office.ended.values())
    return [
        *office.wrong,
        *(str(each) for each in stock),
        *await each_once(query, ended),
        *await nothing_stuck(query),
        *await labels(query, world),
        *await totals(query, ended),
        *await money(query, world.outside.banks),
        *await settled(query),
        *await nobody_waits(query),
        *await explained(world, office),
        *complaints(world.controller.log),
    ]


async def each_once(query: Query, ended: Sequence[Live]) -> list[str]:
    """Each order that a channel sent is one order with its lines, or refused with a task that says so."""
    orders = {(row["channel"], row["reference"]): row for row in await query("SELECT id, channel, reference FROM sales_order")}
    lines: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    for row in await query("SELECT order_id, sku, quantity, unit_price_minor FROM order_line ORDER BY order_id, position"):
        lines[row["order_id"]].append((row["sku"], row["quantity"], row["unit_price_minor"]))
    found = [] if len(orders) <= len(ended) else [f"{len(orders)} orders of {len(ended)} that were sent"]
    for one in ended:
        order = orders.get((one.buy.channel, one.buy.reference))
        if (order is None) != one.end.startswith("refused"):
            found.append(f"{one.buy.reference} {one.end}, and there is {'no' if order is None else 'an'} order")
        elif order is not None and tuple(lines[order["id"]]) != one.buy.lines:
            found.append(f"{one.buy.reference} has the lines {lines[order['id']]}, sent were {one.buy.lines}")
    tasks = {row["key"] for row in await query("SELECT key FROM task WHERE kind = 'raw_order_refused'")}
    for row in await query("SELECT id, channel, reference, state, order_id FROM raw_order"):
        if row["state"] == "refused" and f"raw:{row['id']}" not in tasks:
            found.append(f"raw order {row['id']} is refused, and nobody is told")
        elif row["state"] not in ("refused", "placed", "discarded"):
            found.append(f"raw order {row['id']} ({row['reference']}) is still {row['state']}")
        elif row["state"] == "placed" and orders[row["channel"], row["reference"]]["id"] != row["order_id"]:
            found.append(f"raw order {row['id']} points at another order than {row['reference']}")
    return found


async def nothing_stuck(query: Query) -> list[str]:
    """What is open has a task or a clock that runs; what has ended has no clock that runs, and no flag of what is over."""
    tasks = await query("SELECT key, subject, arguments FROM task WHERE state IN ('open', 'claimed')")
    about = {row["subject"] for row in tasks} | {str(json.loads(row["arguments"]).get("order")) for row in tasks}
    running = {row["order_id"] for row in await query("SELECT order_id FROM order_clock WHERE ended_at IS NULL")}
    found = []
    for row in await query("SELECT id, state FROM sales_order ORDER BY id"):
        number, is_open = ORDERS.number(row["id"]), row["state"] not in ("closed", "cancelled")
        if is_open and row["id"] not in running and number not in about:
            found.append(f"{number} is {row['state']}, without a task and without a clock")
        if not is_open and row["id"] in running:
            found.append(f"{number} is {row['state']}, and a clock of it runs")
    return found


async def labels(query: Query, world: World) -> list[str]:
    """Each key was sold once; what was sold is on a shipment or was given back; nothing stays bought for who gets nothing."""
    carrier = world.outside.carrier
    found = [f"the label {key} was sold {len(numbers)} times" for key, numbers in carrier.sold.items() if len(numbers) > 1]
    ours = {
        row["key"]: row
        for row in await query(
            "SELECT l.key, l.state AS bought, s.state, s.tracking_no, s.order_id, o.state AS stands FROM label_purchase l "
            "JOIN shipment s ON s.id = l.shipment_id JOIN sales_order o ON o.id = s.order_id"
        )
    }
    gone = set(carrier.voided)
    for key, numbers in carrier.sold.items():
        row = ours.get(key)
        if row is None:
            found.append(f"a label was sold under {key}, which nobody asked for")
        elif key not in gone and row["tracking_no"] != numbers[0]:
            found.append(f"{numbers[0]} was sold, the shipment of {ORDERS.number(row['order_id'])} has {row['tracking_no']}")
        elif key not in gone and row["stands"] == "cancelled":
            number = ORDERS.number(row["order_id"])
            found.append(f"{number} is cancelled; its label {numbers[0]} is {row['bought']}, and was not given back")
    for key, row in ours.items():
        is_open = row["bought"] in ("calling", "asked", "uncertain", "voiding")
        if is_open or (row["bought"] == "wanted" and row["stands"] != "closed"):
            found.append(f"the label {key} of {ORDERS.number(row['order_id'])} is still {row['bought']}")
    return found


def payable(buy: Buy, rows: Sequence[tuple[str, int, int]]) -> tuple[int, int]:
    """What an order comes to and the tax in it, worked out anew: gross prices, the discount over all goods, the tax of each."""
    gross = [quantity * price for _, quantity, price in rows]
    off = _off(gross, buy.off_bp)
    left = [amount - part for amount, part in zip(gross, off, strict=True)]
    charged = [*left, buy.freight]
    codes = [*(RATES[LETTER] if _is_reduced(sku) else RATES["standard"] for sku, _, _ in rows), RATES["standard"]]
    taxes = [_half_up(Fraction(amount * int(rate), 100 + int(rate))) for amount, rate in zip(charged, codes, strict=True)]
    return sum(charged), sum(taxes)


def _is_reduced(sku: str) -> bool:
    return sku != "none" and int(sku[1:]) % REDUCED == 0


def _half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def _off(amounts: Sequence[int], basis_points: int) -> list[int]:
    """Rounded once, then spread by what each would have, the largest remainder first, the earlier line of equals."""
    whole = sum(amounts)
    total = _half_up(Fraction(whole * basis_points, 10_000))
    shares = [Fraction(total * amount, whole) for amount in amounts]
    parts = [int(share) for share in shares]
    order = sorted(range(len(amounts)), key=lambda at: (parts[at] - shares[at], at))
    for at in order[: total - sum(parts)]:
        parts[at] += 1
    return parts


async def totals(query: Query, ended: Sequence[Live]) -> list[str]:
    """To the cent, of every order whose lines and goods stayed what they were."""
    orders = {row["reference"]: row for row in await query("SELECT id, reference, total_minor FROM sales_order")}
    latest: dict[int, Row] = {}
    for row in await query("SELECT * FROM order_total ORDER BY order_id, version"):
        latest[row["order_id"]] = row
    changed = {row["order_id"] for row in await query("SELECT DISTINCT order_id FROM order_line WHERE actual IS NOT NULL")}
    short = {row["order_id"] for row in await query("SELECT DISTINCT order_id FROM order_line WHERE is_short")}
    found = []
    for one in ended:
        stored = orders.get(one.buy.reference)
        if stored is None or stored["id"] in changed | short:
            continue
        is_plain = "totals" not in one.done or "totals refused" in one.done
        due, tax = payable(replace(one.buy, off_bp=0, freight=0) if is_plain else one.buy, one.buy.lines)
        kept = latest[stored["id"]]
        if (stored["total_minor"], kept["gross_minor"], kept["tax_minor"]) != (due, due, tax):
            told = f"{stored['total_minor']} with tax {kept['tax_minor']}"
            found.append(f"{ORDERS.number(stored['id'])} comes to {told}, it should be {due} with {tax}")
        if kept["net_minor"] + kept["tax_minor"] != kept["gross_minor"]:
            found.append(f"{ORDERS.number(stored['id'])}: net and tax are not gross")
    return found


async def money(query: Query, banks: Sequence[Bank]) -> list[str]:
    """The ledger says what the providers did, movement by movement; each payment's sums are its ledger's."""
    found = []
    entries = await query("SELECT * FROM payment_entry ORDER BY id")
    payments = {row["id"]: row for row in await query("SELECT * FROM payment")}
    for bank in banks:
        ours = Counter[tuple[str, str]]()
        for row in entries:
            if row["provider"] == bank.name and row["kind"] in ("authorised", "captured", "voided", "refunded"):
                ours[str(payments[row["payment_id"]]["reference"]), row["kind"]] += row["amount_minor"]
        theirs = Counter[tuple[str, str]]()
        for one in bank.movements.values():
            theirs[one.payment, one.kind] += one.amount_minor
        for spot in sorted(set(ours) | set(theirs)):
            if ours[spot] != theirs[spot]:
                found.append(f"{bank.name} {spot[0]}: {spot[1]} {theirs[spot]} there, {ours[spot]} in the ledger")
    sums = Counter[tuple[int, str]]()
    for row in entries:
        sums[row["payment_id"], row["kind"]] += row["amount_minor"]
    for row in payments.values():
        for column, kind in SUMS.items():
            if row[column] != sums[row["id"], kind]:
                found.append(f"payment {row['id']}: {column} is {row[column]}, its entries come to {sums[row['id'], kind]}")
        if row["refunded_minor"] > row["captured_minor"] or row["captured_minor"] + row["voided_minor"] > max(
            row["authorised_minor"], row["captured_minor"]
        ):
            found.append(f"payment {row['id']}: more went than came")
    return found


async def settled(query: Query) -> list[str]:
    """Cancelled: all that was taken went back.  Delivered: what was due is there, but for what was given back out of kindness."""
    found = []
    kind: Counter[str] = Counter()
    for row in await query(
        "SELECT d.order_no, c.amount_minor FROM payment_call c JOIN payment p ON p.id = c.payment_id "
        f"JOIN order_due d ON d.order_id = p.order_id WHERE c.action = 'refund' AND c.state = 'done' AND c.reason = '{KINDNESS}'"
    ):
        kind[row["order_no"]] += row["amount_minor"]
    for row in await query(
        "SELECT d.order_no, d.terms, d.due_minor, o.state, COALESCE(SUM(p.captured_minor), 0) AS taken, "
        "COALESCE(SUM(p.refunded_minor), 0) AS back, COALESCE(SUM(p.authorised_minor - p.voided_minor), 0) AS held, "
        "COALESCE(SUM(CASE WHEN p.authorises_first THEN p.captured_minor ELSE 0 END), 0) AS of_held "
        "FROM order_due d JOIN sales_order o ON o.id = d.order_id LEFT JOIN payment p ON p.order_id = d.order_id "
        "GROUP BY d.order_no, d.terms, d.due_minor, o.state"
    ):
        taken, back = int(row["taken"]), int(row["back"])
        if int(row["held"]) != int(row["of_held"]):
            found.append(f"{row['order_no']} is {row['state']}: {row['held']} are held, {row['of_held']} of them taken")
        if row["state"] == "cancelled" and taken != back:
            found.append(f"{row['order_no']} is cancelled: {taken} were taken, {back} went back")
        if row["state"] == "closed" and taken - back + kind[row["order_no"]] != row["due_minor"]:
            found.append(f"{row['order_no']} is delivered: {row['due_minor']} due, {taken} taken, {back} given back")
    return found


async def nobody_waits(query: Query) -> list[str]:
    """No call to a provider is open, no callback waits, no fact is parked, no list is half picked for a dead order."""
    found = [
        f"payment call {row['id']} ({row['action']}) is {row['state']}: {row['error']}"
        for row in await query("SELECT * FROM payment_call WHERE state NOT IN ('done', 'withdrawn', 'failed')")
    ]
    found += [
        f"callback {row['event_id']} ({row['kind']} {row['amount_minor']}) is {row['state']}: {row['detail']}"
        for row in await query("SELECT * FROM payment_callback WHERE state <> 'applied'")
    ]
    found += [
        f"{row['kind']} is set on {ORDERS.number(row['order_id'])}, which is {row['state']}"
        for row in await query(
            "SELECT f.kind, f.order_id, o.state FROM order_flag f JOIN sales_order o ON o.id = f.order_id "
            "WHERE f.cleared_at IS NULL AND o.state = 'closed'"
        )
    ]
    return found + [
        f"pick list {row['id']} of {ORDERS.number(row['order_id'])}, which is cancelled, is {row['state']}"
        for row in await query(
            "SELECT l.id, l.order_id, l.state FROM pick_list l JOIN sales_order o ON o.id = l.order_id "
            "WHERE o.state = 'cancelled' AND l.state <> 'withdrawn'"
        )
    ]


async def explained(world: World, office: Office) -> list[str]:
    """Of a sample: the projection says what the axes say, and the timeline has a line for each thing that happened."""
    found = []
    ended = [one for one in office.ended.values() if not one.end.startswith("refused")]
    for one in office.random.sample(ended, min(SAMPLE, len(ended))):
        rows = await office.query(f"SELECT id, state, delivery FROM sales_order WHERE reference = '{one.buy.reference}'")
        number = ORDERS.number(rows[0]["id"])
        node = (await world.insist("GET", f"/orders/{number}/nodes"))["node"]
        is_right = {"cancelled": node == "cancelled", "closed": node in ("delivered", "handed_over")}.get(rows[0]["state"], True)
        if not is_right:
            found.append(f"{number} is {rows[0]['state']}, its node {node}")
        entries = (await world.insist("GET", f"/orders/{number}/timeline"))["entries"]
        told = {entry["name"] for entry in entries} | {entry["kind"] for entry in entries}
        wanted = {"order_drafted"} if one.buy.cancel_at is Node.PLACED else {"order_placed"}
        wanted |= {"payment_due"} if one.buy.terms else set()
        if rows[0]["state"] == "cancelled":
            wanted |= {"order_cancelled"}
        else:
            wanted |= {"pick_list_released", "picked", "packed", "handed_over"}
            wanted |= {"label_bought", "carrier"} if rows[0]["delivery"] == "shipping" else set()
        if wanted - told:
            found.append(f"{number}: its timeline says nothing of {', '.join(sorted(wanted - told))}")
        if any(entry["kind"] == "fact" and not entry["box"] for entry in entries):
            found.append(f"{number}: its timeline has a scan of no box")
    return found


def complaints(log: Path) -> list[str]:
    """What the controller says of itself: an error in its log is a finding."""
    return [line[:200] for line in log.read_text(encoding="utf-8").splitlines() if " ERROR " in line]
