"""What the shop day does with its stock: lots at the dock, shelves, a count by two people with a sale in between, a second site."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drivers.symbols.commands import Command
from tests.shopday.catalogue import CURRENCY, check_digit
from tests.shopday.person import until
from tests.shopday.shop import SITE, Json

if TYPE_CHECKING:
    from tests.shopday.day import Day

YOGHURT = "YOGHURT-4"
GTIN = "952900000042" + check_digit("952900000042")
BIN = "Y-01"
OTHER_SITE = "sh-02"
DIGITS = {1: Command.ONE, 2: Command.DUO, 3: Command.THREE, 5: Command.FIVE, 7: Command.SEVEN}


async def lots(day: Day) -> None:
    day.say("a supplier's yoghurt comes with lot and expiry, against its order")
    api = day.shop.api
    await api.import_catalogue(f"sku,name_en,name_zh,barcode,price_minor,tracking\n{YOGHURT},Yoghurt 4,酸奶 4 杯,{GTIN},1590,lot\n")
    await api.post(f"/sites/{SITE}/bins", {"code": BIN})
    await api.put("/suppliers/dairy", {"name": "Dairy"})
    await api.put(f"/suppliers/dairy/items/{YOGHURT}", {"price_minor": 900})
    lines = [{"sku": YOGHURT, "packs": 12}]
    order = (await api.post("/purchase-orders", {"site": SITE, "supplier": "dairy", "lines": lines}))["no"]
    await api.post(f"/purchase-orders/{order}/approve", {})
    await until("the box knows yoghurt and order", lambda: _box_has(day, "receipts", order))
    await day.person.command(Command.RECEIVE)
    await day.person.scan(order)
    await _many(day, 12)
    await day.person.scan(GTIN)
    await day.person.scan("LOT-7")
    await day.person.scan("2027-03-31")
    await day.person.command(Command.DONE)
    await until("the yoghurt is on hand", lambda: _on_hand(day, 12))
    state = (await api.get(f"/purchase-orders/{order}"))["order"]["state"]
    day.summary.check("a delivery with lot and expiry completes its order", state == "received", state)


async def putting_away(day: Day) -> None:
    day.say("it is put away into its bin")
    await day.person.command(Command.STORE)
    await _many(day, 12)
    await day.person.scan(GTIN)
    await day.person.scan(BIN)
    await day.person.command(Command.DONE)
    await until("it lies in its bin", lambda: _in_bin(day, 12))
    day.summary.check("what is put away lies where it was put", is_so=True)


async def session(day: Day) -> None:
    """Seven on the left are counted; two are sold from the right; a second person counts the three that are left there."""
    day.say("two people count a bin, and a till sells from it meanwhile")
    body = {"site": SITE, "kind": "chosen", "bins": [BIN], "counters": 2}
    count = (await day.shop.api.post("/counts", body))["no"]
    await until("the box knows the count", lambda: _box_has(day, "counts", count))
    first, second = day.shop.staff[:2]
    await day.person.scan(first.badge)
    await day.person.command(Command.COUNT)
    await day.person.scan(count)
    await day.person.scan(BIN)
    await _many(day, 7)
    await day.person.scan(GTIN)
    await day.person.command(Command.DONE)
    sold = {"sku": YOGHURT, "quantity": 2, "amount_minor": 3180}
    head = {"site": SITE, "till": "till-9", "number": "1", "occurred_at": datetime.now(UTC).isoformat(), "currency": CURRENCY}
    await day.shop.api.post("/sales", {"receipts": [{**head, "lines": [sold]}]})
    await day.person.scan(second.badge)
    await day.person.scan(BIN)
    await day.person.scan(BIN)  # this station counted it before: once more, to add to it
    await _many(day, 3)
    await day.person.scan(GTIN)
    await day.person.command(Command.DONE)
    await day.person.command(Command.DONE)
    await day.person.scan(second.badge)
    await until("both parts are in", lambda: _is_counted(day, count))
    rows = await day.shop.api.all(f"/counts/{count}/rows", state="all")
    found = [(row["sku"], row["counted"], row["variance"]) for row in rows]
    day.summary.check("a sale between two counters is no variance", found == [(YOGHURT, 10, 0)], str(found))


async def transfer(day: Day) -> None:
    day.say("goods go to a second site")
    api, sku = day.shop.api, day.goods[10]
    await api.post("/sites", {"id": OTHER_SITE, "name": "Shelfwire shop 2", "currency": CURRENCY})
    lines = [{"sku": sku.sku, "quantity": 5}]
    number = (await api.post("/transfers", {"from_site": SITE, "to_site": OTHER_SITE, "lines": lines}))["transfer"]["no"]
    await api.post(f"/transfers/{number}/approve", {})
    await until("the box knows the transfer", lambda: _box_has(day, "transfers", number))
    before = await day.on_hand_at_rest(sku)
    await day.person.command(Command.OUTBOUND)
    await day.person.scan(number)
    await _many(day, 5)
    await day.person.scan(sku.ean13)
    await day.person.command(Command.DONE)
    await until("it is on its way", lambda: _is_on_its_way(day, number))
    left = before - await day.on_hand_at_rest(sku)
    day.summary.check("a transfer leaves the shelf and is on its way", left == 5, f"{left} left")


async def _many(day: Day, number: int) -> None:
    for digit in str(number):
        await day.person.command(DIGITS[int(digit)])


async def _box_has(day: Day, part: str, number: str) -> bool:
    """Asked of the box's own file: what it could do without the controller."""
    with closing(sqlite3.connect(f"file:{day.shop.folder}/box/replica.db?mode=ro", uri=True, timeout=10)) as database:
        sql = "SELECT 1 FROM kept WHERE part = ? AND handle = ? AND edition = (SELECT serving FROM held)"
        return database.execute(sql, (part, number)).fetchone() is not None


async def _stock(day: Day) -> Json:
    return await day.shop.api.get(f"/sites/{SITE}/stock/{YOGHURT}")


async def _on_hand(day: Day, quantity: int) -> bool:
    return int((await _stock(day))["level"]["on_hand"]) == quantity


async def _in_bin(day: Day, quantity: int) -> bool:
    return sum(int(each["on_hand"]) for each in (await _stock(day))["bins"] if each["location"] == BIN) == quantity


async def _is_counted(day: Day, count: str) -> bool:
    return bool((await day.shop.api.get(f"/counts/{count}"))["state"] not in ("planned", "open"))


async def _is_on_its_way(day: Day, number: str) -> bool:
    return bool((await day.shop.api.get(f"/transfers/{number}"))["transfer"]["state"] == "in_transit")
