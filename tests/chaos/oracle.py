"""What must hold once all is at rest (I1 to I6, I12), by what bystanders saw and what tables hold."""

from __future__ import annotations

import io
import json
from collections import Counter

import zxingcpp
from PIL import Image

from tests.chaos.people import Heard, Office, Person
from tests.chaos.world import BOX, LABELS, PATIENCE, World, until
from tests.shopday.invariants import TERMINAL, Evidence, Query, check, connected, kept_by_box


async def heal(world: World) -> float:
    """Wait until nothing waits any more; how many seconds that took.  I12: not longer than a minute.  Raises NotWithin."""
    began = world.history.note("healing").at
    await until("the outbox is empty", lambda: world.waiting() == 0)
    await until("the agent has the scanner", world.has_agent_the_scanner)
    await until("the print jobs are at rest", lambda: all(state in TERMINAL | {"uncertain"} for state, _ in world.jobs().values()))
    await until("the controller is ready", world.is_controller_ready)
    await until("the box is online and its devices are ready", lambda: _is_well(world))
    await until("the outbox is empty again", lambda: world.waiting() == 0)
    seconds = world.history.note("healed").at - began
    if seconds > PATIENCE:
        raise AssertionError(f"I12: it took {seconds:.1f} s until nothing waited any more")
    return seconds


async def _is_well(world: World) -> bool:
    box = await world.api.get(f"/boxes/{BOX}")
    devices = await world.api.all("/devices", box=BOX)
    return box["link"] == "online" and [device["state"] for device in devices] == ["ready", "ready"]


async def judge(world: World, person: Person, office: Office | None = None) -> None:
    """Raises AssertionError with all that is wrong, the seed, the history and the logs' ends.

    A box makes facts of its own at any time (its clock, its devices): what is on its way as tables are read is looked for twice.
    """
    if wrong := await _wrong(world, person, office):
        await until("the outbox is empty once more", lambda: world.waiting() == 0)
        wrong = await _wrong(world, person, office)
    if wrong:
        world.history.note("wrong", found=wrong)
        raise AssertionError("\n".join(wrong))


async def _wrong(world: World, person: Person, office: Office | None) -> list[str]:
    copies = Counter(document for png, count in world.papers for document in [_document(png)] * count)
    async with connected(world.database_url) as query:
        papers = {(BOX, LABELS): copies.total()}
        wrong = [str(each) for each in await check(query, Evidence(kept=kept_by_box(world.facts_db), papers=papers))]
        wrong += await _scans(query, person)
    return wrong + (_papers(world, office, copies) if office else [])


async def _scans(query: Query, person: Person) -> list[str]:
    """I1: what was beeped for is stored and counted.  I2: each piece once; on hand is what was received."""
    received: Counter[str] = Counter()
    for row in await query("SELECT payload, outcome FROM fact WHERE name = 'received'"):
        if row["outcome"] != "applied":
            return [f"I1: a received fact is {row['outcome']}: {row['payload']}"]
        received[json.loads(row["payload"])["symbol"]["text"]] += 1
    seen = Counter(
        json.loads(row["payload"])["symbol"]["text"] for row in await query("SELECT payload FROM fact WHERE name = 'scan'")
    )
    on_hand = sum(row["on_hand"] for row in await query("SELECT on_hand FROM availability"))
    wrong = [
        f"I1: {code} got the box's beep and was received {received[code]} times, scanned {seen[code]} times"
        for code, heard in person.heard.items()
        if heard is Heard.GOOD and (received[code], seen[code]) != (1, 1)
    ]
    wrong += [f"I2: {code} was pulled once and received {count} times" for code, count in received.items() if count > 1]
    wrong += [f"I2: {code} got the box's refusal and was received" for code in received if person.heard.get(code) is Heard.BAD]
    wrong += [f"I2: {code} was received and never pulled" for code in received if code not in person.heard]
    if on_hand != received.total():
        wrong.append(f"I2: {on_hand} on hand, {received.total()} received")
    if on_hand > person.pulled:
        wrong.append(f"I2: {on_hand} on hand of {person.pulled} pieces")
    return wrong


def _papers(world: World, office: Office, copies: Counter[str]) -> list[str]:
    """I6: proved means one label, ended otherwise means none, and never two: no person asked for a second one."""
    jobs = world.jobs()
    wrong = [f"I6: {document} was taken in by the API and is no job" for document in office.wanted if document not in jobs]
    wrong += [f"I6: {document} came out of the printer and is no job" for document in copies if document not in jobs]
    for document, (state, proof) in jobs.items():
        out = copies[document]
        expected = {"printed": (1,), "uncertain": (0, 1)}.get(state, (0,))
        if out not in expected:
            wrong.append(f"I6: {document} is {state} ({proof}), {out} labels of it came out")
    return wrong


def _document(png: bytes) -> str:
    """What the label says in its barcode."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
    return found[0].text if found else "(no barcode)"
