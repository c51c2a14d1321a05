"""What was done on single days, and what people are at when the demo opens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from controller import db
from controller.costing import valuing
from controller.needs import FOLLOWER
from controller.purchasing import answers, costs
from controller.purchasing import operations as buying
from controller.purchasing.notices import NewNotice, NoticedLine, take_notice
from controller.purchasing.operations import NewLine, NewOrder
from controller.purchasing.receipt_operations import settle_receipt
from controller.purchasing.receipt_queries import AskedReceipts, receipts
from controller.recalls.operations import end_recall, recall
from controller.replenishment import night, runs
from controller.replenishment.operations import dismiss
from controller.replenishment.queries import Asked, proposals
from controller.replenishment.rules import Setting, put_rule
from controller.tasks import operations as tasks
from controller.tasks import queries as task_queries
from controller.transfers import operations as transfers
from controller.transfers.operations import NewTransfer
from controller.transfers.overdue import ask_for_overdue
from edge_agent.wire.facts import PutAway, ReceiptClosed, Received, ShortLine
from edge_agent.wire.goods_facts import Condition, TransferClosed, TransferEnd, TransferSent
from tests.shopday import past_counts, past_offers
from tests.shopday.catalogue import ShopSku
from tests.shopday.past import OTHER_SITE, SITE, Past, read
from tests.shopday.past_trade import ELSEWHERE, Agenda, cost_of, on_hand, sold_by, stock_the_rest


async def tell_today(past: Past) -> None:
    await stock_the_rest(past)
    await _open_orders(past)
    await _transfers_today(past)
    await past_offers.new_prices(past)
    await _recall(past)
    await valuing.catch_up()
    await past_counts.sessions(past)
    await _replenishment(past)
    await _tasks(past)


async def _order(supplier: str, goods: Sequence[ShopSku], packs: int = 2, note: str = "") -> str:
    lines = [NewLine(sku=sku.sku, packs=packs) for sku in goods]
    return await buying.draft(NewOrder(site=SITE, supplier=supplier, lines=lines, note=note))


async def _sent(supplier: str, goods: Sequence[ShopSku], packs: int = 2) -> str:
    no = await _order(supplier, goods, packs)
    await buying.approve(no, despite_minimum=True)
    await buying.send(no)
    return no


async def _orders_that_end(past: Past) -> None:
    past.move(24, 9)
    grain, home = sold_by(past, "grain"), sold_by(past, "home")
    past.noted["short"] = await _sent("grain", grain[5:8])
    past.noted["dropped"] = await _order("home", home[:2], note="Asked for the spring campaign")


async def _short_delivery(past: Past) -> None:
    past.move(21, 10)
    grain, no = sold_by(past, "grain"), past.noted["short"]
    count = 2 * grain[5].case_size
    await past.told(
        Received(document=no, **read(grain[5]), quantity=count),
        PutAway(bin=grain[5].bin, **read(grain[5]), quantity=count, document=no),
        ReceiptClosed(document=no, short=[ShortLine(**read(grain[6]), reason="not_delivered"), ShortLine(**read(grain[7]))]),
    )


async def _ends(past: Past) -> None:
    past.move(18, 16)
    await buying.close_rest(past.noted["short"], reason="The supplier has given these articles up")
    await buying.cancel(past.noted["dropped"], reason="The campaign is off")


async def _late_order(past: Past) -> None:
    past.move(11, 9)
    await _sent("grain", sold_by(past, "grain")[8:12], packs=4)


async def _big_order(past: Past) -> None:
    past.move(4, 9)
    past.noted["partly"] = await _sent("home", sold_by(past, "home")[3:8], packs=3)


async def _odd_delivery(past: Past) -> None:
    """More of one, some damaged, too few of another, two articles not at all."""
    past.move(2, 11)
    partly = past.noted["partly"]
    over, damaged, missing = sold_by(past, "home")[3:6]
    await past.told(
        Received(document=partly, **read(over), quantity=4 * over.case_size),
        PutAway(bin=over.bin, **read(over), quantity=4 * over.case_size, document=partly),
        Received(document=partly, **read(damaged), quantity=3 * damaged.case_size - 6),
        Received(document=partly, **read(damaged), quantity=6, condition=Condition.DAMAGED, reason="broken"),
        Received(document=partly, **read(missing), quantity=missing.case_size),
        ReceiptClosed(document=partly, short=[ShortLine(**read(missing), reason="not_delivered")]),
        by="Zhang Min",
    )


async def _answered_order(past: Past) -> None:
    """A supplier's answer that differs, a notice, and a delivery that nobody announced."""
    fresh, grain = sold_by(past, "fresh"), sold_by(past, "grain")
    past.move(1, 8)
    answered = await _sent("fresh", fresh[:4], packs=3)
    told = [answers.AnsweredLine(position=1, packs=2), answers.AnsweredLine(position=2, price_minor=cost_of(fresh[1]) + 120)]
    past.move(1, 10)
    await answers.take(answered, answers.Answered(reference="SF-2291", lines=told), source="api")
    await _noticed(past, fresh)
    past.move(1, 15)
    await past.told(Received(document="RN-7731", **read(grain[2]), quantity=grain[2].case_size))


async def _open_orders(past: Past) -> None:
    """One approved, one a draft; freight on the latest receipt, the older ones settled."""
    grain, home = sold_by(past, "grain"), sold_by(past, "home")
    past.ago(hours=4)
    await buying.approve(await _order("grain", grain[:5], packs=3), despite_minimum=True)
    await _order("home", home[9:12], note="Together with the next lorry")
    checked = await receipts(AskedReceipts(state="checked"), limit=50)
    await costs.set_landed_costs(checked[0].no, costs.LandedCosts(freight_minor=8_000, other_minor=1_200))
    for row in checked[6:]:
        await settle_receipt(row.no)


async def _noticed(past: Past, fresh: Sequence[ShopSku]) -> None:
    await _sent("fresh", fresh[4:6], packs=2)
    lines = [NoticedLine(sku=sku.sku, units=2 * sku.case_size, lot="LX-88") for sku in fresh[4:6]]
    expected = past.today + timedelta(days=1)
    await take_notice(NewNotice(supplier="fresh", site=SITE, number="DN-20881", lines=lines, expected_on=expected))


async def _short_transfer(past: Past) -> None:
    past.move(20, 10)
    goods = await _plenty(past)
    past.noted["transfer"] = await _transfer(*goods[:2])
    await _leaves(past, past.noted["transfer"], *goods[:2])


async def _nothing_came(past: Past) -> None:
    past.move(17, 15)
    await transfers.close(past.noted["transfer"], sent=False)


async def _slow_transfer(past: Past) -> None:
    past.move(9, 10)
    goods = (await _plenty(past))[2:3]
    await _leaves(past, await _transfer(*goods), *goods)


async def _transfers_today(past: Past) -> None:
    past.ago(hours=6)
    goods = await _plenty(past)
    await _transfer(*goods[3:5], approve=False)
    await _transfer(goods[5])


async def _plenty(past: Past) -> list[ShopSku]:
    """What there is most of, that both shops sell."""
    there = await on_hand(past)
    return sorted(past.goods[:ELSEWHERE], key=lambda sku: -there[sku.sku])


async def _transfer(*goods: ShopSku, approve: bool = True) -> str:
    lines = [transfers.NewLine(sku=sku.sku, quantity=6) for sku in goods]
    no = await transfers.create(NewTransfer(from_site=SITE, to_site=OTHER_SITE, lines=lines))
    if approve:
        await transfers.approve(no)
    return no


async def _leaves(past: Past, no: str, *goods: ShopSku) -> None:
    past.clock.at += timedelta(hours=2)
    sent = [TransferSent(document=no, **read(sku), quantity=6, bin=sku.bin) for sku in goods]
    await past.told(*sent, TransferClosed(document=no, end=TransferEnd.SENT))


async def _recall_that_ended(past: Past) -> None:
    past.move(30, 9)
    past.noted["recall"] = await recall("L0000", sold_by(past, "fresh")[0].sku, reason="A lot with a wrong allergen label")


async def _recall_ends(past: Past) -> None:
    past.move(27, 9)
    await end_recall(past.noted["recall"], reason="None of it reached us")


async def _recall(past: Past) -> None:
    lots = await db.fetch(
        "SELECT l.code, s.code AS sku FROM lot l JOIN sku s ON s.id = l.sku_id JOIN balance b ON b.lot_id = l.id AND b.on_hand > 0 "
        "WHERE s.code LIKE '040%' ORDER BY b.on_hand DESC LIMIT 1"
    )
    past.ago(hours=4)
    await recall(lots[0]["code"], lots[0]["sku"], reason="The cooling chain was broken on the way to us")


async def _replenishment(past: Past) -> None:
    past.ago(hours=2)
    await put_rule(Setting(service_bp=9500, review_days=7))
    await put_rule(Setting(least_shelf=6), site=SITE, sku=past.goods[0].sku)
    await runs.begin_nights()
    await night.work_off()
    open_ones = await proposals(Asked(site=SITE), limit=3)
    if len(open_ones) == 3:
        await dismiss([open_ones[2].id], reason="The new packing comes next week")


async def _tasks(past: Past) -> None:
    """What follows from all this is asked of people; some of it is done."""
    past.ago(hours=1)
    await FOLLOWER.catch_up()
    await ask_for_overdue()
    waiting = await task_queries.tasks(task_queries.Asked(), limit=40)
    by_kind = {row.kind: row for row in waiting}
    for kind, verb in (("receipt_over", tasks.finish), ("purchase_answer_differs", tasks.claim)):
        if kind in by_kind:
            await verb(by_kind[kind].id)
    if "receipt_short" in by_kind:
        await tasks.drop(by_kind["receipt_short"].id, reason="The supplier credits it")


AGENDA: Agenda = {
    60: [past_offers.channels_added],
    40: [past_offers.buffer_raised],
    32: [past_counts.counted],
    31: [past_counts.decided],
    30: [_recall_that_ended],
    27: [_recall_ends],
    24: [_orders_that_end],
    21: [_short_delivery],
    20: [_short_transfer],
    18: [_ends],
    17: [_nothing_came],
    12: [past_offers.buffer_lowered],
    11: [_late_order],
    9: [_slow_transfer],
    6: [past_offers.prices_said],
    5: [past_offers.labels_put_up],
    4: [_big_order],
    2: [_odd_delivery, past_offers.promotion],
    1: [_answered_order, past_offers.tills],
    **past_counts.LOSSES,
}
