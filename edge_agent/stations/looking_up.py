"""Looking up: LOOKUP, then items: each is told with its name, its price, and the stock as last known with its age.  No facts."""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct

from drivers.symbols.commands import Command
from edge_agent.stations import recalled
from edge_agent.stations.goods import goods_of
from edge_agent.stations.item_words import item_arguments
from edge_agent.stations.model import Feedback, Item, Missing, Pressed, Scanned, ok, unknown, wrong
from edge_agent.stations.station import Activity, Done, Idle, Says, Station


class LookingUp(Activity, Struct, frozen=True, kw_only=True, tag="looking_up"):
    """What is scanned is told of; nothing is booked."""


def begin() -> Done:
    return Done(activity=LookingUp(), feedback=ok("lookup_item"))


def scan(now: LookingUp, read: Scanned) -> Done:
    return Done(activity=now, feedback=told(read))


def finish(_: LookingUp, __: Pressed) -> Done:
    return Done(activity=Idle(), feedback=ok("left"))


def told(read: Scanned) -> Feedback:
    """What the box knows of what was scanned, or why it knows nothing."""
    symbol = read.symbol.text
    match read.item:
        case Item() as item:
            return recalled.refused(goods_of(read)) or _item(item)
        case Missing.UNKNOWN:
            return unknown("lookup_unknown", symbol=symbol)
        case Missing.SEVERAL:
            return wrong("lookup_several", symbol=symbol)
        case Missing.NO_CATALOGUE | None:
            return wrong("lookup_no_catalogue")
        case Missing.LATE:
            return wrong("lookup_late", symbol=symbol)
        case _ as never:
            assert_never(never)


def _item(item: Item) -> Feedback:
    if item.is_blind:
        return ok("lookup_blind" if item.price_minor else "lookup_blind_unpriced", **item_arguments(item))
    if item.age_ms is None:
        return ok("lookup_found_once" if item.price_minor else "lookup_unpriced_once", **item_arguments(item))
    return ok("lookup_found" if item.price_minor else "lookup_unpriced", **item_arguments(item))


STATION = Station(
    name="lookup",
    command=Command.LOOKUP,
    state=LookingUp,
    title=Says(en="Look up", zh="查询"),
    words={
        "lookup_item": Says(
            en="Looking up. Scan an item; nothing is booked. DONE ends.", zh="查询。扫描商品，不记账。扫 DONE 结束。"
        ),
        "lookup_found": Says(
            en="{name}: {price}. {stock} in stock, as known {age} ago.", zh="{name}：{price}。库存 {stock}（{age}前的数据）。"
        ),
        "lookup_unpriced": Says(
            en="{name}: no price is set. {stock} in stock, as known {age} ago.",
            zh="{name}：未定价。库存 {stock}（{age}前的数据）。",
        ),
        "lookup_found_once": Says(
            en="{name}: {price}. {stock} in stock when this box last heard; nobody knows when that was.",
            zh="{name}：{price}。库存 {stock}，是本机最后一次收到的数据，时间不明。",
        ),
        "lookup_unpriced_once": Says(
            en="{name}: no price is set. {stock} in stock when this box last heard; nobody knows when that was.",
            zh="{name}：未定价。库存 {stock}，是本机最后一次收到的数据，时间不明。",
        ),
        "lookup_blind": Says(
            en="{name}: {price}. It is being counted blind, so its stock is not shown until that is done.",
            zh="{name}：{price}。正在盲盘，盘完前不显示库存。",
        ),
        "lookup_blind_unpriced": Says(
            en="{name}: no price is set. It is being counted blind, so its stock is not shown until that is done.",
            zh="{name}：未定价。正在盲盘，盘完前不显示库存。",
        ),
        "lookup_unknown": Says(
            en="{symbol} is not in this box's catalogue. The scan was saved; ask for it to be linked.",
            zh="本机目录里没有 {symbol}。扫描已保存，联系办公室关联商品。",
        ),
        "lookup_several": Says(
            en="{symbol} names several articles. Ask for it to be taken off all but one.",
            zh="{symbol} 对应多个商品。联系办公室只保留其中一个。",
        ),
        "lookup_no_catalogue": Says(
            en="This box has no catalogue yet. It fetches one as soon as the controller answers.",
            zh="本机还没有商品目录。控制器一有响应就会自动获取。",
        ),
        "lookup_late": Says(
            en="This box could not look {symbol} up in time. Scan it again.", zh="本机没能及时查到 {symbol}。再扫一次。"
        ),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    wants_item=True,
)
