"""The words and buttons of the counter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from drivers.symbols.commands import Command
from edge_agent.stations import amounts
from edge_agent.stations.reasons import OF_DISCOUNT, buttons
from edge_agent.stations.station import Button, Says
from edge_agent.wire.order_facts import Goes, PayBy, Shortcut

PAYS: Final[Mapping[PayBy, Says]] = {
    PayBy.CASH: Says(en="Cash", zh="现金"),
    PayBy.CARD: Says(en="Card", zh="刷卡"),
    PayBy.ON_DELIVERY: Says(en="Paid on delivery", zh="货到付款"),
    PayBy.ACCOUNT: Says(en="On account", zh="挂账"),
}
GOES: Final[Mapping[Goes, Says]] = {
    Goes.TAKEN: Says(en="taken away", zh="带走"),
    Goes.LATER: Says(en="picked up later", zh="稍后自提"),
    Goes.SHIPPED: Says(en="shipped", zh="送货"),
}
QUANTITY: Final = Button("quantity", amounts.QUANTITY.label, takes_number=True, key="F2")
HOLD: Final = Button("hold", Says(en="Put this order aside", zh="挂单"), key="F4")
CONTINUE: Final = Button("continue", Says(en="Go on with an order put aside", zh="取单"), key="F4")
CORRECT: Final = Button("correct", Says(en="Set the line's quantity", zh="修改这一行的数量"), takes_number=True, key="F7")
TAKE_OUT: Final = Button("nothing", Says(en="Take this line out", zh="删除这一行"), key="Delete")
PERCENT: Final = Button("percent", Says(en="Discount in %", zh="打折（减百分比）"), takes_number=True, key="F10")
AMOUNT: Final = Button("discount", Says(en="Discount in cents", zh="减价（单位：分）"), takes_number=True)
GIVEN: Final = Button("given", Says(en="Give the money back", zh="退款给顾客"), key="F9")
WITHOUT: Final = Button("nothing", Says(en="None on it", zh="没有"), key="Delete")
REASONS: Final = buttons(OF_DISCOUNT)
BUTTONS: Final = (QUANTITY, CORRECT, PERCENT, AMOUNT, TAKE_OUT, HOLD, CONTINUE, GIVEN, *REASONS)
CONTROLS: Final = (
    Command.HOLD,
    Command.CONTINUE,
    Command.CORRECT,
    Command.NOTHING,
    Command.DISCOUNT,
    Command.PERCENT,
    *OF_DISCOUNT,
)


def called(preset: Shortcut) -> Says:
    """What a preset is called: its title, else what it says."""
    if preset.title:
        return Says(preset.title, preset.title)
    return how(preset.pays, preset.goes)


def how(pays: PayBy, goes: Goes) -> Says:
    return Says(f"{PAYS[pays].en}, {GOES[goes].en}", f"{PAYS[pays].zh},{GOES[goes].zh}")


WORDS: Final[Mapping[str, Says]] = {
    "counter_item": Says(
        en="Order at the counter. Scan each item; digits before it say how many. DONE ends the order.",
        zh="柜台开单。逐件扫描商品，数量先扫数字。扫 DONE 结束。",
    ),
    "counter_line": Says(en="{name}: {units} = {amount}. To pay: {due}.", zh="{name}：{units}，{amount}。应付 {due}。"),
    "counter_weigh": Says(en="{name}: put it on the scale.", zh="{name}：放到秤上。"),
    "counter_scale_empty": Says(
        en="The scale shows {grams} g. Put {name} on it, or UNDO.", zh="秤显示 {grams} 克。把 {name} 放到秤上，或扫 UNDO。"
    ),
    "counter_weigh_first": Says(
        en="{symbol} was not taken: {name} still waits for its weight. Put it on the scale, or UNDO.",
        zh="{symbol} 没有记录：{name} 还没称重。放到秤上，或扫 UNDO。",
    ),
    "counter_unknown": Says(
        en="{symbol} is not in this box's catalogue and cannot be sold here. The scan was saved; ask for it to be linked.",
        zh="本机目录里没有 {symbol}，不能在这里开单。扫描已保存，联系办公室关联商品。",
    ),
    "counter_unpriced": Says(
        en="{name}: no price is set, so it cannot be sold here. Ask the office for its price.",
        zh="{name}：未定价，不能开单。联系办公室定价。",
    ),
    "counter_currency": Says(
        en="{name} is priced in {currency}, this order in another currency. Make an order of its own.",
        zh="{name} 以 {currency} 计价，与本单币种不同。另开一单。",
    ),
    "counter_full": Says(
        en="An order here has {most} lines at most. DONE ends this one.", zh="一单最多 {most} 行。扫 DONE 结束本单。"
    ),
    "counter_template": Says(en="{title}: {added:line|lines} added. To pay: {due}.", zh="{title}：加入 {added} 行。应付 {due}。"),
    "counter_template_empty": Says(
        en="{title} has no goods that can be sold here now. Ask the office.", zh="{title} 里没有可开单的商品。联系办公室。"
    ),
    "counter_template_unknown": Says(
        en="This box does not know {symbol}. It may be new or switched off; scan the items themselves.",
        zh="本机没有 {symbol}。可能是新建的或已停用；直接扫描商品。",
    ),
    "counter_preset": Says(en="This order: {how}.", zh="本单：{how}。"),
    "counter_changed": Says(en="{name}: {units} now = {amount}. To pay: {due}.", zh="{name}：改为 {units}，{amount}。应付 {due}。"),
    "counter_correct": Says(
        en="Scan the item to correct, or the digits and CORRECT again.", zh="扫描要修改的商品，或扫数字后再扫 CORRECT。"
    ),
    "counter_selected": Says(
        en="{name}, now {units}. Digits and CORRECT set it, NOTHING takes it out.",
        zh="{name}，现为 {units}。扫数字和 CORRECT 修改，扫 NOTHING 删除。",
    ),
    "counter_not_in_it": Says(en="{symbol} is not in this order. Nothing was changed.", zh="{symbol} 不在本单里，没有修改。"),
    "counter_taken_out": Says(en="Taken out: {name}. To pay: {due}.", zh="已删除：{name}。应付 {due}。"),
    "counter_no_line": Says(en="This order has no line yet. Scan an item.", zh="本单还没有商品。扫描商品。"),
    "counter_discount_number": Says(
        en="First the digits: {most} percent at most, or an amount below what there is to pay; then the command again.",
        zh="先扫数字：折扣最多 {most}%，减价要少于应付金额；再扫指令。",
    ),
    "counter_why": Says(
        en="{discount} off. Scan why: BROKEN, EXPIRED, TICKET (the shelf label says less), INHOUSE (staff) or OTHER.",
        zh="减 {discount}。扫原因：BROKEN、EXPIRED、TICKET（价签更低）、INHOUSE（员工）或 OTHER。",
    ),
    "counter_manager": Says(
        en="{discount} off needs a manager: have a manager's badge scanned here, or UNDO.",
        zh="减 {discount} 需要经理：让经理在这里扫工牌，或扫 UNDO。",
    ),
    "counter_discounted": Says(en="{discount} off: {reason}. To pay: {due}.", zh="减 {discount}：{reason}。应付 {due}。"),
    "counter_held": Says(
        en="Put aside; {parked:order waits|orders wait}. The next order begins.", zh="已挂单，共 {parked} 单。可以开下一单。"
    ),
    "counter_held_all": Says(
        en="{most} orders are put aside already. Go on with one of them first.", zh="已挂 {most} 单。先取出一单处理。"
    ),
    "counter_resumed": Says(en="Going on: {lines}. To pay: {due}.", zh="已取单：{lines}。应付 {due}。"),
    "counter_nothing_held": Says(en="No order is put aside here.", zh="这里没有挂单。"),
    "counter_open": Says(
        en="An order is open: {due}. DONE ends it, HOLD puts it aside, STOP drops it.",
        zh="本单未结束：{due}。扫 DONE 结束，扫 HOLD 挂单，扫 STOP 放弃。",
    ),
    "counter_finish_first": Says(
        en="The discount waits for its reason or a manager. Finish that, or UNDO.", zh="优惠还缺原因或经理批准。先补全，或扫 UNDO。"
    ),
    "counter_done": Says(
        en="Order {reference}: {due}. {how}. The receipt is printed.", zh="订单 {reference}：{due}。{how}。正在打印收据。"
    ),
    "counter_done_plain": Says(
        en="Order {reference}: {due}. {how}. No receipt: no receipt printer or template here. Write the number down.",
        zh="订单 {reference}：{due}。{how}。没有收据打印机或模板，不打印收据。记下单号。",
    ),
    "counter_left": Says(en="Left the counter. An open order was dropped.", zh="已离开柜台，未结束的订单已放弃。"),
    "undone_counter_line": Says(en="Taken back: {name}. To pay: {due}.", zh="已撤销：{name}。应付 {due}。"),
    "undone_counter_template": Says(en="Taken back: {what}. To pay: {due}.", zh="已撤销：{what}。应付 {due}。"),
    "undone_counter_discount": Says(en="No discount any more. To pay: {due}.", zh="已取消优惠。应付 {due}。"),
    "undone_counter_order": Says(
        en="Order {what} is cancelled. Take its receipt and its goods back. Nothing was paid here.",
        zh="订单 {what} 已取消。收回收据和商品。这一单没有在柜台收款。",
    ),
    "undone_counter_cash": Says(
        en="Order {what} is cancelled. Take its receipt and its goods back. DONE gives {amount} back in cash and opens the drawer.",
        zh="订单 {what} 已取消。收回收据和商品。扫 DONE 退现金 {amount}，钱箱会打开。",
    ),
    "undone_counter_card": Says(
        en="Order {what} is cancelled. Take its receipt and its goods back. Give {amount} back at the card terminal, then DONE.",
        zh="订单 {what} 已取消。收回收据和商品。在刷卡机上退 {amount}，完成后扫 DONE。",
    ),
    "undone_counter_paid": Says(
        en="Order {what} is cancelled: {amount} is to be given back. Leave this to the office, which has it as a task.",
        zh="订单 {what} 已取消，应退 {amount}。退款由办公室处理，任务已生成。",
    ),
    "counter_given_back": Says(en="{what}: {amount} given back.", zh="{what}：已退 {amount}。"),
    "counter_given_back_plain": Says(
        en="{what}: {amount} given back. No slip: no receipt printer here. Open the drawer with its key.",
        zh="{what}：已退 {amount}。没有收据打印机，不打印退款单。用钥匙打开钱箱。",
    ),
    "counter_no_refund": Says(en="No money is to be given back here.", zh="这里没有要退的款。"),
    "counter_serial_one": Says(
        en="{name} has a serial number: one line is one piece. Scan each piece.", zh="{name} 有序列号，一行只能一件。逐件扫描。"
    ),
    "counter_serial_twice": Says(
        en="{name}, serial {serial} is in an order here already. Check the piece in hand.",
        zh="{name} 序列号 {serial} 已在本柜台的订单里。核对手上这件。",
    ),
    "undo_counter_gone": Says(
        en="{what} is in an order that is done. Cancel the order, or ask the office.",
        zh="{what} 所在订单已结束。取消订单，或联系办公室。",
    ),
}
