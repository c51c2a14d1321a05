"""Shelf labels: STICKER, then items: a label each.  Digits before an item (a number at a screen): so many; DITTO: the same again.

It works without the WAN: name, price and template are the box's own.  The job is born here and named after its reading.
"""

from __future__ import annotations

from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from drivers.symbols.gtin import has_check_digit
from edge_agent.stations import recalled
from edge_agent.stations.goods import goods_of
from edge_agent.stations.item_words import item_arguments, price, priced_for
from edge_agent.stations.model import Feedback, Item, Missing, Paper, Pressed, Scanned, ok, unknown, wrong
from edge_agent.stations.station import Activity, Button, Done, Idle, Says, Station, Took
from edge_agent.wire.facts import FactDraft, PrintRequested
from edge_agent.wire.messages import JobRequest

TEMPLATE: Final = "shelf-label"
MOST: Final = 100
"""Labels of one reading: what one print job may hold."""
_LONGEST: Final = 80
"""Characters of a code that is printed as bars."""


class ShelfLabels(Activity, Struct, frozen=True, kw_only=True, tag="shelf_label"):
    """Labels are printed.  `number` is typed for the next item (0: none, so one), `latest` is what DITTO prints again."""

    number: int = 0
    latest: Item | None = None
    code: str = ""
    printed: int = 0


def begin() -> Done:
    return Done(activity=ShelfLabels(), feedback=ok("label_item"))


def scan(now: ShelfLabels, read: Scanned) -> Done:
    match read.item:
        case Item() as item if (refused := recalled.refused(goods_of(read))) is not None:
            return Done(activity=replace(now, latest=None, code=""), feedback=refused)
        case Item() as item:
            return _print(replace(now, latest=item, code=read.gtin or read.symbol.text), item, read)
        case Missing.UNKNOWN:
            feedback = unknown("label_unknown", symbol=read.symbol.text)
        case Missing.SEVERAL:
            feedback = wrong("label_several", symbol=read.symbol.text)
        case Missing.NO_CATALOGUE | None:
            feedback = wrong("label_no_catalogue")
        case Missing.LATE:
            feedback = wrong("lookup_late", symbol=read.symbol.text)
        case _ as never:
            assert_never(never)
    return Done(activity=replace(now, latest=None, code=""), feedback=feedback)


def finish(now: ShelfLabels, _: Pressed) -> Done:
    return Done(activity=Idle(), feedback=ok("label_done", printed=now.printed))


def control(now: ShelfLabels, pressed: Pressed) -> Done | None:
    digit = next((digit for digit, command in enumerate(DIGITS) if command.value.lower() == pressed.control), None)
    if digit is not None:
        return _typed(now, now.number * 10 + digit)
    match pressed.control:
        case "quantity":
            return _typed(now, pressed.number or 0)
        case "ditto" if now.latest is not None:
            return _print(now, now.latest, pressed)
        case "ditto":
            return Done(activity=now, feedback=wrong("label_nothing_before"))
        case "undo" if now.number:
            return Done(activity=replace(now, number=0), feedback=ok("undone_number", number=now.number))
        case _:
            return None


def undo(now: Activity, took: Took, reading: str) -> Done:
    """A label that has not begun to print is cancelled; the box says if it has."""
    after = replace(now, printed=max(0, now.printed - took.quantity)) if isinstance(now, ShelfLabels) else now
    return Done(activity=after, feedback=ok("undone_label", what=took.what, copies=took.quantity), cancels=reading)


def label_data(item: Item, code: str) -> dict[str, str | int | list[dict[str, str | int]]]:
    """What the template `shelf-label` is filled with."""
    name = item.name_zh or item.name_en
    if item.name_en and item.name_en != item.name_zh:
        name = f"{item.name_zh} {item.name_en}".strip()
    data: dict[str, str | int | list[dict[str, str | int]]] = {"name": name, "price": price(item.price_minor, item.currency)}
    if measure := priced_for(item.unit, "en"):
        data["unit"] = f"/ {measure}"
    if code.isascii() and code.isdigit() and len(code) == 14 and code.startswith("0") and has_check_digit(code):
        return data | {"ean13": code[1:], "sku": item.sku}
    if code.isascii() and code.isprintable() and 0 < len(code) <= _LONGEST:
        return data | {"code128": code, "sku": item.sku} if code != item.sku else data | {"code128": code}
    return data | {"sku": item.sku}


def _typed(now: ShelfLabels, number: int) -> Done:
    if not 1 <= number <= MOST:
        return Done(activity=replace(now, number=0), feedback=wrong("label_number", most=MOST))
    return Done(activity=replace(now, number=number), feedback=ok("label_quantity", number=number))


def _print(now: ShelfLabels, item: Item, given: Scanned | Pressed) -> Done:
    refused = _refusal(item, given.paper)
    if refused is not None:
        return Done(activity=now, feedback=refused)
    copies = now.number or 1
    version = given.paper.templates[TEMPLATE]
    request = JobRequest(template=TEMPLATE, version=version, data=label_data(item, now.code), copies=copies)
    fact = FactDraft(data=PrintRequested(job=given.id, request=request), device=given.paper.printer)
    what = item.name_en or item.name_zh
    return Done(
        activity=replace(now, number=0, printed=now.printed + copies),
        feedback=ok("label_printing", copies=copies, **item_arguments(item)),
        facts=(fact,),
        took=Took(station="shelf_label", what=what, quantity=copies, symbol=given.symbol if isinstance(given, Scanned) else None),
    )


def _refusal(item: Item, paper: Paper) -> Feedback | None:
    if paper.printer is None:
        return wrong("label_no_printer")
    if TEMPLATE not in paper.templates:
        return wrong("label_no_template", template=TEMPLATE)
    return None if item.price_minor else wrong("label_unpriced", **item_arguments(item))


STATION = Station(
    name="shelf_label",
    command=Command.STICKER,
    state=ShelfLabels,
    title=Says(en="Shelf labels", zh="价签"),
    words={
        "label_item": Says(
            en="Shelf labels. Scan an item: one label. For more, scan the digits first. DONE ends.",
            zh="打印价签。扫描商品打印一张；要多张，先扫数字。扫 DONE 结束。",
        ),
        "label_printing": Says(en="{name}: {price}. Labels to print: {copies}.", zh="{name}：{price}。打印价签 {copies} 张。"),
        "label_quantity": Says(
            en="{number:label|labels} of the next item. UNDO clears the number.",
            zh="下一件商品打印 {number} 张。扫 UNDO 清除数字。",
        ),
        "label_number": Says(en="1 to {most} labels at once. Scan the digits again.", zh="一次可打印 1 到 {most} 张。重新扫数字。"),
        "label_nothing_before": Says(en="There is no label to repeat. Scan an item.", zh="没有可重复的价签。扫描商品。"),
        "label_unknown": Says(
            en="{symbol} is not in this box's catalogue: no label. The scan was saved; ask for it to be linked.",
            zh="本机目录里没有 {symbol}，不打印价签。扫描已保存，联系办公室关联商品。",
        ),
        "label_several": Says(
            en="{symbol} names several articles: no label. Ask for it to be taken off all but one.",
            zh="{symbol} 对应多个商品，不打印价签。联系办公室只保留其中一个。",
        ),
        "label_no_catalogue": Says(
            en="This box has no catalogue yet: no label. It fetches one as soon as the controller answers.",
            zh="本机还没有商品目录，不打印价签。控制器一有响应就会自动获取。",
        ),
        "label_unpriced": Says(
            en="{name}: no price is set, so no label. Ask the office for its price.",
            zh="{name}：未定价，不打印价签。联系办公室定价。",
        ),
        "label_no_printer": Says(
            en="This station has no label printer. Go to one that has, or ask IT to set one up.",
            zh="本工位没有标签打印机。换一个工位，或联系 IT 配置。",
        ),
        "label_no_template": Says(
            en="This box does not have the template {template} yet. It fetches it as soon as the controller answers.",
            zh="本机还没有模板 {template}。控制器一有响应就会自动获取。",
        ),
        "label_done": Says(en="Labels done: {printed}.", zh="价签完成：{printed} 张。"),
        "undone_number": Says(en="The number {number} is cleared.", zh="数字 {number} 已清除。"),
        "undone_label": Says(
            en="Cancelled before printing: {what}, labels: {copies}.", zh="打印前已取消：{what}，价签 {copies} 张。"
        ),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=(Command.DITTO, *DIGITS),
    buttons=(
        Button("quantity", Says(en="Labels of the next item", zh="下一件打印张数"), takes_number=True),
        Button("ditto", Says(en="The same label again", zh="再打一张")),
    ),
    undo=undo,
    wants_item=True,
)
