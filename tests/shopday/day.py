"""A shop day at full speed, with faults in between, and what must hold in the evening."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from drivers.symbols.commands import Command
from tests.shopday import stock_day
from tests.shopday.catalogue import CURRENCY, ShopSku, shop_skus
from tests.shopday.devices import LABELS, RECEIPTS, SCANNER
from tests.shopday.invariants import Evidence, check, connected, kept_by_box
from tests.shopday.person import Person, until
from tests.shopday.shop import BOX, SITE, ApiError, Json, Shop
from tests.shopday.summary import Summary

Say = Callable[[str], None]
OPENING_STOCK = 40
ORDERS = 8
RUSH = 30
"""Buyers for the last `LAST_UNITS` of one article."""
LAST_UNITS = 10
NEW_CODE = "9529999999993"


class Day:
    """One day in one shop; `summary` fills up as it goes."""

    def __init__(self, shop: Shop, say: Say) -> None:
        self.shop = shop
        self.say = say
        self.person = Person(shop)
        self.summary = Summary()
        self.goods = [sku for sku in shop_skus() if sku.case_gtin][:12]
        self.pick_lists: list[str] = []

    async def play(self) -> None:
        began = time.monotonic()
        for part in (
            self.opening, self.delivery, self.unknown_code, self.counting, self.stock, self.orders, self.rush, self.picking,
            self.packing,
            self.controller_dies, self.agent_dies, self.handing_over, self.cancelling,
        ):  # fmt: skip
            await part()
        await self.evening()
        self.summary.seconds = time.monotonic() - began

    # --- the morning ---------------------------------------------------------------------------------------------------------

    async def opening(self) -> None:
        self.say("opening stock is booked")
        await asyncio.gather(*(self._book(sku, OPENING_STOCK) for sku in self.goods))

    async def _book(self, sku: ShopSku, quantity: int) -> None:
        body = {"sku": sku.sku, "bin": sku.bin, "change": quantity, "reason": "opening stock"}
        await self.shop.api.post(f"/sites/{SITE}/adjustments", body, key=f"opening-{sku.sku}")

    async def delivery(self) -> None:
        self.say("a delivery is received, case by case and piece by piece")
        before = await self._on_hand(self.goods[0])
        await self.person.command(Command.RECEIVE)
        await self.person.scan("RC-2026-0001")
        for sku in self.goods[:6]:
            await self.person.scan(sku.case_gtin or sku.ean13)
            await self.person.scan(sku.ean13)
        await self.person.command(Command.DONE)
        expected = before + self.goods[0].case_size + 1
        await until("the delivery is on hand", lambda: self._has(self.goods[0], expected))
        self.summary.check("a case counts as its pieces", await self._on_hand(self.goods[0]) == expected)

    async def unknown_code(self) -> None:
        self.say("somebody receives an article that nobody knows; the office links it")
        await self.person.command(Command.RECEIVE)
        await self.person.scan("RC-2026-0002")
        await self.person.scan(NEW_CODE)
        await self.person.command(Command.DONE)
        await until("the unknown code is shown", self._unknown)
        sku = self.goods[1]
        before = await self.on_hand_at_rest(sku)
        unknown = (await self.shop.api.all("/unknown-barcodes"))[0]
        await self.shop.api.post(f"/unknown-barcodes/{unknown['id']}/link", {"sku": sku.sku})
        await until("what was received is booked after all", lambda: self._has(sku, before + 1))
        self.summary.check("an unknown code is kept, shown, linked and then booked", is_so=True)

    async def _unknown(self) -> bool:
        return bool(await self.shop.api.all("/unknown-barcodes"))

    async def counting(self) -> None:
        self.say("a bin is counted, one piece short; the scanner is pulled out in the middle")
        bin_ = self.goods[2].bin
        members = [sku for sku in self.goods if sku.bin == bin_]
        before = {sku.sku: await self._in_bin(sku) for sku in members}
        counted = dict.fromkeys(before, 2)
        await self.person.command(Command.COUNT)
        await self.person.scan(bin_)
        for number, sku in enumerate(members * 2):
            if number == 1:
                await self._pull_the_plug(SCANNER)
            await self.person.scan(sku.ean13)
        await self.person.command(Command.DONE)
        await until("the count waits for a decision", self._count_to_review)
        await self._accept(str((await self._count_to_review())["no"]))
        await until("the count is booked", lambda: self._bin_is(members, counted))
        self.summary.check("a count adjusts its bin, through an unplugged scanner", is_so=True)
        for sku in members:  # the rest had only fallen behind the shelf
            await self._adjust(sku, before[sku.sku] - counted[sku.sku])

    async def _count_to_review(self) -> Json:
        return next(iter(await self.shop.api.all("/counts", site=SITE, state="review")), {})

    async def _accept(self, count: str) -> None:
        """The office looks at what differs too much to be booked by itself."""
        for row in await self.shop.api.all(f"/counts/{count}/rows", state="waiting"):
            decision = {"reason": "count_error", "seen": row["variance"]}
            await self.shop.api.post(f"/counts/{count}/rows/{row['id']}/accept", decision)

    async def stock(self) -> None:
        """Lots, shelves, a count by two, a second site."""
        for part in (stock_day.lots, stock_day.putting_away, stock_day.session, stock_day.transfer):
            await part(self)

    async def _pull_the_plug(self, device: str) -> None:
        self.summary.faults += 1
        await self.person.fault(device, "unplug", on=True)
        await until(f"{device} is absent", lambda: self._device_is(device, "absent"))
        await self.person.fault(device, "unplug", on=False)
        await until(f"{device} is back", lambda: self._device_is(device, "ready"))

    # --- orders --------------------------------------------------------------------------------------------------------------

    async def orders(self) -> None:
        self.say(f"{ORDERS} orders come in at once; one is sent three times")
        bodies = [self._order(f"web-{number}", self.goods[number % 6 : number % 6 + 3]) for number in range(ORDERS)]
        placed = await asyncio.gather(*(self.shop.api.post("/orders", body) for body in [*bodies, bodies[0], bodies[0]]))
        numbers = {order["no"] for order in placed}
        self.summary.check("an order sent three times is one order", len(numbers) == ORDERS, f"{len(numbers)} orders")
        self.summary.orders += len(numbers)
        lists = await asyncio.gather(*(self.shop.api.post(f"/orders/{no}/release") for no in sorted(numbers)))
        self.pick_lists = [one["no"] for each in lists for one in each["pick_lists"]]

    async def rush(self) -> None:
        sku = self.goods[8]
        await self._adjust(sku, LAST_UNITS - await self._in_bin(sku))
        self.say(f"{RUSH} people want the last {LAST_UNITS} of one article")
        bodies = [self._order(f"rush-{number}", [sku]) for number in range(RUSH)]
        answers = await asyncio.gather(*(self.shop.api.post("/orders", body) for body in bodies), return_exceptions=True)
        sold = sum(not isinstance(answer, BaseException) for answer in answers)
        refused = sum(isinstance(answer, ApiError) and answer.problem.get("code") == "insufficient_stock" for answer in answers)
        self.summary.check("the last units are sold once each", (sold, refused) == (LAST_UNITS, RUSH - LAST_UNITS), f"{sold} sold")
        self.summary.orders += sold

    def _order(self, reference: str, skus: list[ShopSku]) -> Json:
        lines = [{"sku": sku.sku, "quantity": 1, "unit_price_minor": sku.price_minor} for sku in skus]
        return {"site": SITE, "channel": "web", "reference": reference, "currency": CURRENCY, "lines": lines}

    # --- picking, packing ----------------------------------------------------------------------------------------------------

    async def picking(self) -> None:
        self.say("the orders are picked by scans; a wrong article is scanned once")
        is_taken = True
        for index, number in enumerate(self.pick_lists):
            await self.person.command(Command.PICK)
            await self.person.scan(number)
            if index == 0:
                is_taken = await self.person.scan(self.goods[11].ean13)
            for line in await self._lines(number):
                await self.person.scan(self._sku(line["sku"]).ean13)
            await self.person.command(Command.DONE)
        await until("all lists are picked", lambda: self._all_lists("picked"))
        wrong = await self.shop.api.all("/facts", outcome="rejected")
        codes = [fact["code"] for fact in wrong]
        # the box refuses it where it knows the list already; else it is booked, and the controller refuses it
        wanted = ["wrong_item"] if is_taken else []
        self.summary.check("a wrong article changes no quantity and is shown", codes == wanted, f"{codes}, good beep: {is_taken}")

    async def packing(self) -> None:
        self.say("parcels are weighed; labels and receipts come out; the label printer runs out of paper")
        for index, number in enumerate(self.pick_lists):
            if index == 2:
                await until("the first labels are out", lambda: self._all_printed(2))
                self.summary.faults += 1
                await self.person.fault(LABELS, "paper_out", on=True)
            if index == 4:
                await until("the first receipts are out", lambda: self._printed(RECEIPTS, 4))
                self.summary.faults += 1
                await self.person.fault(RECEIPTS, "cover_open", on=True)
            await self._pack(number)
        await self._told_what_to_do()
        await self.person.fault(LABELS, "paper_out", on=False)
        await self.person.fault(RECEIPTS, "cover_open", on=False)
        await until("all paper is out", lambda: self._all_printed(len(self.pick_lists)), seconds=60)
        self.summary.parcels = len(await self.shop.api.all("/parcels"))

    async def _pack(self, number: str) -> None:
        grams = sum(self._sku(line["sku"]).weight_grams * line["quantity"] for line in await self._lines(number))
        await self.person.command(Command.BOXUP)
        await self.person.scan(number)
        await self.person.weigh(grams + 40)
        await until(f"{number} is packed", lambda: self._list_is(number, "packed"))
        await self.person.clear_scale()

    async def _told_what_to_do(self) -> None:
        await until("the label printer says that it has no paper", lambda: self._device_is(LABELS, "fault"))
        device = next(each for each in await self.shop.api.all("/devices", box=BOX) if each["id"] == LABELS)
        words = " ".join(fault["message"] for fault in device["faults"])
        self.summary.check(
            "a printer without paper says so in words, and its jobs wait", any(each in words for each in ("paper", "labels")), words
        )

    # --- things break --------------------------------------------------------------------------------------------------------

    async def controller_dies(self) -> None:
        self.say("the controller and its broker are killed; the shop goes on scanning")
        self.summary.faults += 1
        await self.shop.controller.kill()
        await self.person.command(Command.RECEIVE)
        await self.person.scan("RC-2026-0003")
        for sku in self.goods[:10]:
            await self.person.scan(sku.ean13)
        await self.shop.start_controller()
        await self.person.command(Command.DONE)
        await until("the backlog has arrived", self._nothing_waits, seconds=60)
        self.summary.check("scans without a controller arrive later", is_so=True)

    async def agent_dies(self) -> None:
        self.say("the agent is killed in the middle of a delivery")
        self.summary.faults += 1
        await self.person.command(Command.RECEIVE)
        await self.person.scan("RC-2026-0004")
        await self.person.scan(self.goods[0].ean13)
        before = await self.on_hand_at_rest(self.goods[3])
        await self.shop.agent.kill()
        await self.shop.start_agent()
        await self.person.scan(self.goods[3].ean13)
        await self.person.command(Command.DONE)
        await until("the delivery goes on where it was", lambda: self._has(self.goods[3], before + 1))
        self.summary.check("a task survives a killed agent", is_so=True)

    # --- the evening ---------------------------------------------------------------------------------------------------------

    async def handing_over(self) -> None:
        self.say("parcels are handed over")
        await self.person.command(Command.SEND)
        for parcel in await self.shop.api.all("/parcels"):
            await self.person.scan(parcel["no"])
        await self.person.command(Command.DONE)
        await until("all parcels are gone", self._all_handed_over)

    async def cancelling(self) -> None:
        order = next(each for each in await self.shop.api.all("/orders") if each["reference"].startswith("rush-"))
        await self.shop.api.post(f"/orders/{order['no']}/cancel", {"reason": "the customer changed their mind"})
        answer = await self.shop.api.post("/orders", self._order("rush-again", [self.goods[8]]))
        self.summary.orders += 1
        self.summary.check("what a cancelled order held can be sold again", bool(answer["no"]))

    async def evening(self) -> None:
        self.say("the books are checked")
        await until("nothing waits on the box", self._nothing_waits)
        summary, shop = self.summary, self.shop
        papers = {(BOX, id_): shop.devices[id_].copies_printed for id_ in (LABELS, RECEIPTS)}
        summary.papers = sum(papers.values())
        evidence = Evidence(kept=kept_by_box(shop.facts_db), papers=papers)
        async with connected(shop.database_url) as query:
            violations = await check(query, evidence)
            summary.facts = (await query("SELECT count(*) AS n FROM fact"))[0]["n"]
        for name, words in INVARIANTS.items():
            broken = [str(violation) for violation in violations if violation.invariant == name]
            summary.check(f"{name}: {words}", not broken, "; ".join(broken[:3]))
        proofs = {job["proof"] for job in await shop.api.all("/print-jobs")}
        summary.check("each printed sheet has a proof", proofs <= {"confirmed", "status_ok", "written"}, str(proofs))
        summary.latencies = ack_latencies(shop)

    # --- looking -------------------------------------------------------------------------------------------------------------

    def _sku(self, code: str) -> ShopSku:
        return next(sku for sku in self.goods if sku.sku == code)

    async def _lines(self, number: str) -> list[Json]:
        lines: list[Json] = (await self.shop.api.get(f"/pick-lists/{number}"))["lines"]
        return lines

    async def _stock(self, sku: ShopSku) -> Json:
        return await self.shop.api.get(f"/sites/{SITE}/stock/{sku.sku}")

    async def _on_hand(self, sku: ShopSku) -> int:
        return int((await self._stock(sku))["level"]["on_hand"])

    async def on_hand_at_rest(self, sku: ShopSku) -> int:
        await until("nothing waits on the box", self._nothing_waits)
        return await self._on_hand(sku)

    async def _has(self, sku: ShopSku, quantity: int) -> bool:
        return await self._on_hand(sku) == quantity

    async def _in_bin(self, sku: ShopSku) -> int:
        return sum(int(bin_["on_hand"]) for bin_ in (await self._stock(sku))["bins"] if bin_["location"] == sku.bin)

    async def _bin_is(self, skus: list[ShopSku], quantities: dict[str, int]) -> bool:
        return {sku.sku: await self._in_bin(sku) for sku in skus} == quantities

    async def _adjust(self, sku: ShopSku, by: int) -> None:
        if by:
            body = {"sku": sku.sku, "bin": sku.bin, "change": by, "reason": "found or moved"}
            await self.shop.api.post(f"/sites/{SITE}/adjustments", body)

    async def _device_is(self, device: str, state: str) -> bool:
        return any(each["id"] == device and each["state"] == state for each in await self.shop.api.all("/devices", box=BOX))

    async def _list_is(self, number: str, state: str) -> bool:
        return bool((await self.shop.api.get(f"/pick-lists/{number}"))["pick_list"]["state"] == state)

    async def _all_lists(self, state: str) -> bool:
        return all([await self._list_is(number, state) for number in self.pick_lists])

    async def _all_printed(self, parcels: int) -> bool:
        return await self._printed(LABELS, parcels) and await self._printed(RECEIPTS, parcels)

    async def _printed(self, printer: str, jobs: int) -> bool:
        states = [job["state"] for job in await self.shop.api.all("/print-jobs") if job["device"] == printer]
        return states == ["printed"] * jobs

    async def _all_handed_over(self) -> bool:
        return all(parcel["state"] == "handed_over" for parcel in await self.shop.api.all("/parcels"))

    async def _nothing_waits(self) -> bool:
        with closing(sqlite3.connect(f"file:{self.shop.facts_db}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM outbox WHERE state = 'pending'").fetchone()[0]) == 0


INVARIANTS = {
    "I1": "no scan lost",
    "I2": "none counted twice",
    "I3": "complete per stream",
    "I4": "the ledger adds up",
    "I5": "no oversell",
    "I6": "each print job ends once, and the paper agrees",
}


def ack_latencies(shop: Shop) -> list[float]:
    """Seconds from a fact's time to its ack, for what was sent live."""
    with closing(sqlite3.connect(f"file:{shop.facts_db}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT at, acked_at FROM outbox WHERE acked_at IS NOT NULL").fetchall()
    return [acked / 1000 - datetime.fromisoformat(at).timestamp() for at, acked in rows]


async def play_day(shop: Shop, say: Say) -> Summary:
    """Play it all; a thing that did not happen in time is a failed check, and ends the day."""
    day = Day(shop, say)
    await day.play()
    return day.summary
