"""Whoever works through the day: takes orders in, has them paid, approves, releases, gives up, tells where parcels are.

It looks at the tables and acts over HTTP.  What it wants done at the floor goes to the boxes as what they read over the network.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from controller.fulfilment.states import PickListState
from controller.orders.states import OrderState
from controller.payments.numbers import REFUNDS
from controller.tracking.nodes import Node
from tests.marketday.floor import Floor, Job
from tests.marketday.outside import Bank
from tests.marketday.plan import Buy, Door
from tests.marketday.seen import Seen, SeenList, look
from tests.marketday.world import World
from tests.shopday.invariants import Query

AT_ONCE = 12
KINDNESS = "scratched"
"""Why somebody gets some of their money back and keeps the goods."""
GIVE_UP_AFTER = 40
"""Rounds that an order may wait for goods or money."""
ADDRESS = {"name": "李雷", "province": "上海市", "city": "上海市", "district": "浦东新区", "street": "世纪大道 100 号 5 楼"}
STEPS = ("accepted", "in_transit", "out_for_delivery", "delivered")
OUT = frozenset({Node.HANDED_OVER, Node.IN_TRANSIT, Node.OUT_FOR_DELIVERY, Node.DELIVERED})
"""What is there cannot be cancelled any more."""
SETTLED_BY_REVIEW = frozenset({"price_anomaly", "credit", "duplicate_suspected", "address_changed", "refund_asked"})


@dataclass
class Live:
    """An order that is not at its end: what was done for it already."""

    buy: Buy
    done: set[str] = field(default_factory=set)
    rounds: int = 0
    waited: int = 0
    end: str = ""

    def once(self, what: str) -> bool:
        """Whether it is the first time."""
        is_new = what not in self.done
        self.done.add(what)
        return is_new


@dataclass
class Office:
    """`ended`: orders by reference; `cancelled_at`: at which nodes, with what answer; `wrong`: what must not be."""

    world: World
    floors: dict[str, Floor]
    query: Query
    random: Random
    live: dict[str, Live] = field(default_factory=dict)
    ended: dict[str, Live] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    cancelled_at: Counter[tuple[Node, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    is_late: bool = False
    """The day is over: what waits is given up."""

    # --- orders come in ----------------------------------------------------------------------------------------------------------

    async def take_in(self, buys: list[Buy]) -> None:
        """Through their doors, in any order, some of them more than once."""
        for buy in buys:
            self.live[buy.reference] = Live(buy)
        wishes = [buy for buy in buys for _ in range(1 + buy.again)]
        self.random.shuffle(wishes)
        await self._at_once([self._send(buy, document(buy)) for buy in wishes])
        await self._at_once([self._send(buy, document(buy, more=1)) for buy in buys if buy.twisted])

    async def _send(self, buy: Buy, body: dict[str, object]) -> None:
        self.counts["messages"] += 1
        match buy.door:
            case Door.POLLED:
                self.world.outside.market.orders.append(json.dumps(body).encode())
            case Door.SENT:
                await self.world.send(json.dumps(body).encode())
            case Door.API:
                await self.world.tried("POST", "/orders", body)

    async def _at_once(self, works: list[object]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(work: object) -> None:
            async with gate:
                await work  # type: ignore[misc]  # a coroutine of ours

        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(one(work))

    # --- a round -----------------------------------------------------------------------------------------------------------------

    async def round(self) -> None:
        """Look at everything once, and do what is next."""
        self.seen = await look(self.query, list(self.live)) if self.live else {}
        await self._refused()
        await self._at_once([self._next(self.live[name], one) for name, one in self.seen.items()])
        for bank in self.world.outside.banks:
            self._customers_pay(bank)
            self.counts["callbacks"] += await bank.call_back(self.world.api.url, self.world.api.http)
        await self.refunds()
        for name, one in list(self.live.items()):
            if one.end:
                self.ended[name] = self.live.pop(name)

    async def refunds(self) -> None:
        """What waits for a second person, or for somebody who hands the money out."""
        for row in await self.query("SELECT id, state FROM payment_call WHERE state IN ('proposed', 'by_hand') ORDER BY id"):
            verb = "approve" if row["state"] == "proposed" else "confirm"
            self.counts[f"refunds: {verb}"] += 1
            path = f"/refunds/{REFUNDS.number(row['id'])}/{verb}"
            await self.world.insist("POST", path, {"note": "done"} if verb == "confirm" else None, chief=True)

    async def _refused(self) -> None:
        """What became no order of ours: said on what came."""
        missing = sorted(set(self.live) - set(self.seen))
        for some in (missing[start : start + 500] for start in range(0, len(missing), 500)):
            names = ", ".join(f"'{name}'" for name in some)
            rows = await self.query(f"SELECT reference, code FROM raw_order WHERE state = 'refused' AND reference IN ({names})")
            for row in rows:
                self.live[row["reference"]].end = f"refused: {row['code']}"

    def _customers_pay(self, bank: Bank) -> None:
        """Most soon, some only when their order is cancelled already."""
        for key, wanted in list(bank.pending.items()):
            is_slow = int(wanted["order"][3:]) % 23 == 0
            name = next((name for name, one in self.seen.items() if one.no == wanted["order"]), None) if is_slow else None
            if not is_slow or self.is_late or name is None or self.seen[name].state is OrderState.CANCELLED:
                bank.pay(key)

    # --- one order ---------------------------------------------------------------------------------------------------------------

    async def _next(self, live: Live, seen: Seen) -> None:
        live.rounds += 1
        if seen.state is OrderState.CANCELLED:
            await self._is_cancelled(live, seen)
        elif live.buy.cancel_at is not None and _is_there(live.buy.cancel_at, seen) and live.once("cancelled"):
            await self._cancel(seen, "the customer changed their mind")
        else:
            await self._pay(live, seen)
            await self._go_on(live, seen)

    async def _cancel(self, seen: Seen, reason: str) -> None:
        node = Node((await self.world.insist("GET", f"/orders/{seen.no}/nodes"))["node"])
        answer = await self.world.tried("POST", f"/orders/{seen.no}/cancel", {"reason": reason})
        self.cancelled_at[node, "refused" if answer is None else "cancelled"] += 1
        if answer is not None and node in OUT:
            self.wrong.append(f"{seen.no} was cancelled at {node}")

    async def _is_cancelled(self, live: Live, seen: Seen) -> None:
        if live.buy.cancel_at is Node.CANCELLED and live.once("again"):
            await self._cancel(seen, "once more")
        live.end = "cancelled"

    async def _pay(self, live: Live, seen: Seen) -> None:
        if live.buy.terms != "prepaid" or seen.due is None or seen.due["due_minor"] == 0 or seen.state is OrderState.DRAFT:
            return
        if "totals" not in live.done or not live.once("paid"):
            return
        due = int(seen.due["due_minor"])
        parts = [("online", "acme", due // 2), ("alipay", "ali", due - due // 2)] if live.buy.halves else [("online", "acme", due)]
        if not live.buy.halves and live.buy.number % 2:
            parts = [("wechat", "ali", due)]
        for means, provider, amount in parts:
            body = {"means": means, "provider": provider, "amount_minor": amount}
            await self.world.tried("POST", f"/orders/{seen.no}/payments/start", body)

    async def _go_on(self, live: Live, seen: Seen) -> None:
        if live.once("totals") and (live.buy.off_bp or live.buy.freight):
            await self._set_totals(live.buy, seen)
        await self._move_house(live, seen)
        match seen.state:
            case OrderState.DRAFT:
                await self.world.tried("POST", f"/orders/{seen.no}/submit", {})
            case OrderState.IN_REVIEW if seen.case in ("service", "finance") and not seen.flags - SETTLED_BY_REVIEW:
                clear = sorted(seen.flags & SETTLED_BY_REVIEW)
                await self.world.tried("POST", f"/reviews/{seen.no}/{seen.case}/approve", {"reason": "looked at", "clear": clear})
            case OrderState.ON_HOLD:
                await self.world.tried("POST", f"/reviews/{seen.no}/resume", {"reason": "settled"})
        await self._settle_flags(live, seen)
        if seen.state is OrderState.APPROVED:
            await self._approved(live, seen)
        for one in seen.standing:
            await self._at_the_floor(live, seen, one)
        await self._ends(live, seen)

    async def _set_totals(self, buy: Buy, seen: Seen) -> None:
        charges = [{"kind": "shipping", "amount_minor": buy.freight}] if buy.freight else []
        discounts = [{"basis_points": buy.off_bp, "reason": "a voucher of the day"}] if buy.off_bp else []
        await self.world.tried("PUT", f"/orders/{seen.no}/totals", {"charges": charges, "discounts": discounts})

    async def _move_house(self, live: Live, seen: Seen) -> None:
        when = live.buy.moves
        is_time = bool(seen.lists) if when == "after" else True
        if when and is_time and not (when == "after" and seen.node in OUT) and live.once("moved"):
            await self._address(seen, f"{live.buy.number} 号新居")

    async def _address(self, seen: Seen, street: str) -> None:
        body = {**ADDRESS, "phone": "13800138000", "street": f"世纪大道 {street}", "reason": "the customer wrote"}
        await self.world.tried("PUT", f"/orders/{seen.no}/address", body)

    async def _settle_flags(self, live: Live, seen: Seen) -> None:
        for flag in sorted(seen.flags):
            live.waited += 1
            if flag == "bad_address":
                await self._address(seen, "100 号 5 楼")
            elif flag == "stock_short" and live.buy.cancel_at is Node.APPROVED and seen.state is OrderState.APPROVED:
                await self.world.tried("POST", f"/orders/{seen.no}/flags/{flag}/clear", {"reason": "the customer waits for it"})
            elif flag in SETTLED_BY_REVIEW and seen.state is not OrderState.IN_REVIEW:
                await self.world.tried("POST", f"/orders/{seen.no}/flags/{flag}/clear", {"reason": "asked the customer"})
        if seen.flags & {"stock_short", "unpaid"} and (live.waited > GIVE_UP_AFTER or self.is_late) and seen.node not in OUT:
            await self._cancel(seen, "it cannot be had")

    async def _approved(self, live: Live, seen: Seen) -> None:
        if live.buy.cancel_at is Node.EXCEPTION and live.once("flagged"):
            await self.world.tried("POST", f"/orders/{seen.no}/flags", {"kind": "refund_asked", "reason": "they telephoned"})
        elif not seen.flags and seen.is_allocated and not seen.standing and live.buy.cancel_at is not Node.APPROVED:
            if live.once(f"released {len(seen.lists)}") or live.rounds % 5 == 0:
                await self.world.tried("POST", f"/orders/{seen.no}/release")
        elif not seen.is_allocated and self.is_late and not seen.standing:
            await self._cancel(seen, "the goods did not come")

    async def _at_the_floor(self, live: Live, seen: Seen, one: SeenList) -> None:
        lines, jobs = tuple(one.lines), self.floors[one.site].jobs
        is_half = live.buy.cancel_at is Node.PICKING and len(lines) > 1
        match one.state:
            case PickListState.OPEN if live.once(f"pick {one.id}"):
                what = "part" if is_half else "short" if live.buy.short_pick and len(lines) > 1 else "pick"
                jobs.append(Job(what, one.no, lines))
            case PickListState.PICKED if live.once(f"pack {one.id}"):
                jobs.append(Job("pack", one.no, lines))
            case PickListState.PACKED:
                await self._sent(live, seen, one)

    async def _sent(self, live: Live, seen: Seen, one: SeenList) -> None:
        is_ready = one.shipment is not None and one.shipment["state"] == "labelled"
        if one.parcel_state == "packed" and not seen.flags and (is_ready or not seen.is_sent):
            if live.once(f"go {one.id}"):
                self.floors[one.site].jobs.append(Job("go", one.parcel_no))
        elif one.parcel_state == "handed_over" and one.shipment is not None and one.shipment["handed_over_at"]:
            await self._carrier_tells(live, one)

    async def _carrier_tells(self, live: Live, one: SeenList) -> None:
        """A step a round, now and then twice, or with an old one after it."""
        shipment = one.shipment
        assert shipment is not None
        step = next((number for number in range(len(STEPS)) if f"told {one.id} {number}" not in live.done), None)
        if step is None:
            return
        live.done.add(f"told {one.id} {step}")
        steps = [step, *([self.random.randint(0, step)] if self.random.random() < 0.3 else [])]
        began = datetime.now(UTC) - timedelta(hours=1)
        at = [
            {"tracking_no": shipment["tracking_no"], "code": STEPS[each], "at": (began + timedelta(minutes=10 * each)).isoformat()}
            for each in steps
        ]
        await self.world.tried("POST", "/carriers/fast/events", {"events": at})

    async def _ends(self, live: Live, seen: Seen) -> None:
        if seen.state is not OrderState.CLOSED:
            return
        sent = [one.shipment["state"] if one.shipment else "" for one in seen.standing]
        if seen.is_sent and any(state not in ("delivered", "returned") for state in sent):
            return
        if live.buy.cancel_at in OUT and live.once("cancelled"):
            await self._cancel(seen, "too late")
        if live.buy.refund and seen.captured > 100 and live.once("refund"):
            await self.world.tried("POST", f"/orders/{seen.no}/refunds", {"amount_minor": 100, "reason": KINDNESS})
        live.end = "delivered"


def _is_there(node: Node, seen: Seen) -> bool:
    """A label may be quicker than the one who wants the order cancelled when it is packed."""
    if node is Node.PAID:
        return seen.due is not None and seen.due["paid"] in ("captured", "authorised") and seen.node not in OUT
    return seen.node is node or (node is Node.PACKED and seen.node is Node.LABELLED)


def document(buy: Buy, *, more: int = 0) -> dict[str, object]:
    """An order as its door takes it; `more`: so many pieces more of each, which makes it another one."""
    common: dict[str, object] = {"reference": buy.reference, "currency": "CNY"}
    if buy.collects:
        common |= {"site": buy.site, "delivery": "collection"}
    else:
        common |= {"region": "cn", "delivery": "shipping"}
    if buy.terms is not None:
        common["pay_terms"] = buy.terms
    if buy.door is Door.API:
        lines = [{"sku": sku, "quantity": quantity + more, "unit_price_minor": price} for sku, quantity, price in buy.lines]
        return {**common, "channel": buy.channel, "lines": lines, "draft": buy.cancel_at is Node.PLACED}
    lines = [{"goods": f"item-{sku}", "quantity": quantity + more, "price_minor": price} for sku, quantity, price in buy.lines]
    told = {**common, "lines": lines, "buyer": {"id": buy.buyer, "name": "王小明", "phone": buy.phone}}
    return told if buy.collects or buy.no_address else {**told, "address": {**ADDRESS, "phone": buy.phone}}


def batches(buys: list[Buy], size: int) -> Iterator[list[Buy]]:
    for start in range(0, len(buys), size):
        yield buys[start : start + size]
