"""A batch of shelf labels: PRICES, its number (LB-…), PRINT, then each label is put up and scanned there: `shelf_labelled`.

PRINT prints those that are not up yet, at most 50 at once, in the order of their bins.  DONE tells which are missing, by bin.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations.goods import goods_of
from edge_agent.stations.model import Feedback, Item, Known, Pressed, Scanned, duplicate, ok, unknown, wrong
from edge_agent.stations.shelf_label import TEMPLATE, label_data
from edge_agent.stations.station import Activity, Button, Done, Idle, Line, Says, Segment, Station, Took
from edge_agent.wire.facts import FactDraft, PrintRequested, ReadAs, Retracted
from edge_agent.wire.goods_facts import ShelfLabelled
from edge_agent.wire.messages import JobRequest
from edge_agent.wire.open_work import LabelLine, OpenLabels

_NUMBER: Final = re.compile(r"LB-\d{1,12}", re.ASCII | re.IGNORECASE)
AT_ONCE: Final = 50
_NAMED: Final = 3
_MOST: Final = 2000


class PuttingUp(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="label_batch"):
    """Labels of a batch are printed and put up.  `up`: SKUs that were confirmed here, `printed`: those that were printed here."""

    batch: str | None = None
    printed: int = 0
    up: tuple[str, ...] = ()
    bin: str | None = None
    is_summed: bool = False


def begin() -> Done:
    return Done(activity=PuttingUp(), feedback=ok("batch_number"))


def scan(now: PuttingUp, read: Scanned) -> Done:
    text = read.symbol.text
    if now.batch is None:
        return _batch(now, read)
    if text.upper() == now.batch:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    if read.gtin is None and read.known.is_bin is True and not isinstance(read.item, Item):
        return Done(activity=replace(now, bin=text), feedback=ok("batch_at", bin=text), read_as=ReadAs.PLACE)
    return _confirm(now, now.batch, read)


def finish(now: PuttingUp, by: Pressed) -> Done:
    if now.batch is None:
        return Done(activity=Idle(), feedback=ok("left"))
    left = _left(_lines(by.known), now.up)
    if left and not now.is_summed:
        feedback = wrong("batch_missing", batch=now.batch, count=len(left), **_named(left))
        return Done(activity=replace(now, is_summed=True), feedback=feedback)
    return Done(activity=Idle(), feedback=ok("batch_done", batch=now.batch, up=len(now.up), left=len(left)))


def control(now: PuttingUp, pressed: Pressed) -> Done | None:
    if pressed.control != "print" or now.batch is None:
        return None
    refused = _refusal(pressed)
    if refused is not None:
        return Done(activity=now, feedback=refused)
    left = _left(_lines(pressed.known), now.up)
    if not left:
        return Done(activity=now, feedback=wrong("batch_nothing_to_print", batch=now.batch))
    start = now.printed if now.printed < len(left) else 0
    chosen = left[start : start + AT_ONCE]
    printed = start + len(chosen)
    feedback = ok("batch_printing", copies=len(chosen), printed=printed, all=len(left))
    facts = tuple(_job(line, f"{pressed.id}-{number}", pressed, now.batch) for number, line in enumerate(chosen))
    return Done(activity=replace(now, printed=printed, is_summed=False), feedback=feedback, facts=facts)


def shows(now: PuttingUp, known: Known) -> tuple[Segment, ...]:
    lines = _lines(known)
    left = tuple(_line(line, is_done=False) for line in _left(lines, now.up))
    up = tuple(_line(line, is_done=True) for line in lines if line.is_up or line.sku in now.up)
    parts = (Segment(Says("Not up yet", "未更换"), left), Segment(Says("Up", "已更换"), up))
    return tuple(part for part in parts if part.lines) if now.batch is not None else ()


def _batch(now: PuttingUp, read: Scanned) -> Done:
    text, known = read.symbol.text, read.known.document
    if not _NUMBER.fullmatch(text):
        return Done(activity=now, feedback=wrong("wrong_document", symbol=text, wanted="LB-"))
    after = PuttingUp(batch=text.upper())
    if not isinstance(known, OpenLabels):
        return Done(activity=after, feedback=ok("document_unknown", document=text.upper()), read_as=ReadAs.DOCUMENT)
    left = _left(known.lines, ())
    feedback = ok("batch_open", batch=text.upper(), title=known.title, left=len(left), all=len(known.lines))
    return Done(activity=after, feedback=feedback, read_as=ReadAs.DOCUMENT)


def _confirm(now: PuttingUp, batch: str, read: Scanned) -> Done:
    goods = goods_of(read)
    lines = _lines(read.known)
    line = next((each for each in lines if goods.sku and each.sku == goods.sku), None)
    if goods.is_unknown:
        return Done(activity=now, feedback=unknown("label_unknown", symbol=goods.what))
    if lines and goods.sku and line is None:
        return Done(activity=now, feedback=wrong("batch_not_in_it", batch=batch, **goods.args))
    if goods.key in now.up:
        return Done(activity=now, feedback=duplicate("batch_up_already", **goods.args))
    fact = ShelfLabelled(batch=batch, symbol=goods.symbol, gtin=goods.gtin, bin=now.bin)
    after = replace(now, up=(*now.up, goods.key)[-_MOST:], is_summed=False)
    left = len(_left(lines, after.up))
    feedback = ok("batch_up", left=left, **goods.args) if lines else ok("batch_up_saved", **goods.args)
    took = Took(station="label_batch", what=goods.what, document=batch, fact=ShelfLabelled.name, key=goods.key)
    return Done(activity=after, feedback=feedback, facts=(FactDraft(data=fact, device=read.device),), took=took)


def undo(now: Activity, took: Took, reading: str) -> Done:
    """A label that was confirmed by mistake does not hang: it is open again."""
    after = now
    if isinstance(now, PuttingUp) and now.batch == took.document:
        after = replace(now, up=tuple(key for key in now.up if key != (took.key or took.what)), is_summed=False)
    fact = Retracted(fact=UUID(reading), kind=ShelfLabelled.name)
    feedback = ok("undone_shelf_labelled", what=took.what, batch=took.document or "")
    return Done(activity=after, feedback=feedback, facts=(FactDraft(data=fact),))


def _job(line: LabelLine, job: str, pressed: Pressed, batch: str) -> FactDraft:
    item = Item(
        sku=line.sku, name_en=line.name_en, name_zh=line.name_zh, unit=line.unit, price_minor=line.price_minor,
        currency=line.currency, on_hand=0,
    )  # fmt: skip
    version = pressed.paper.templates[TEMPLATE]
    request = JobRequest(template=TEMPLATE, version=version, data=label_data(item, line.symbol or line.sku), document=batch)
    return FactDraft(data=PrintRequested(job=job, request=request), device=pressed.paper.printer)


def _refusal(pressed: Pressed) -> Feedback | None:
    if pressed.paper.printer is None:
        return wrong("label_no_printer")
    return None if TEMPLATE in pressed.paper.templates else wrong("label_no_template", template=TEMPLATE)


def _lines(known: Known) -> list[LabelLine]:
    return known.document.lines if isinstance(known.document, OpenLabels) else []


def _left(lines: list[LabelLine], up: tuple[str, ...]) -> list[LabelLine]:
    """Those that are not up yet, in the order in which a person walks along the bins."""
    return sorted((line for line in lines if not line.is_up and line.sku not in up), key=lambda line: (line.bin, line.sku))


def _named(left: list[LabelLine]) -> dict[str, str | int]:
    more = f" +{len(left) - _NAMED}" if len(left) > _NAMED else ""
    return {
        "lines_en": ", ".join(f"{line.bin or '—'} {line.name_en or line.name_zh}" for line in left[:_NAMED]) + more,
        "lines_zh": "、".join(f"{line.bin or '—'} {line.name_zh or line.name_en}" for line in left[:_NAMED]) + more,
    }


def _line(line: LabelLine, *, is_done: bool) -> Line:
    name = Says(line.name_en or line.name_zh, line.name_zh or line.name_en)
    return Line(name, line.sku, Says(line.bin, line.bin), is_done=is_done)


BUTTONS: Final = (Button("print", Says(en="Print the labels", zh="打印价签")),)
STATION = Station(
    name="label_batch",
    command=Command.PRICES,
    state=PuttingUp,
    title=Says(en="New price labels", zh="调价换签"),
    words={
        "batch_number": Says(en="New price labels. Scan the batch's number (LB-…).", zh="更换价签。扫描批次号（LB-…）。"),
        "batch_open": Says(
            en="{batch}, {title}: {left} of {all:label is|labels are} to be put up. "
            "PRINT prints them; then scan each where it hangs.",
            zh="{batch}，{title}：{all} 张价签还剩 {left} 张。扫 PRINT 打印；贴好后逐张扫描。",
        ),
        "batch_at": Says(en="Bin {bin}. Scan each label that is up.", zh="货位 {bin}。贴好后逐张扫描价签。"),
        "batch_printing": Says(
            en="Labels to print: {copies}; {printed} of {all} by now.", zh="打印 {copies} 张；共 {all} 张，已到第 {printed} 张。"
        ),
        "batch_nothing_to_print": Says(en="No label of {batch} is left to print.", zh="{batch} 没有要打印的价签。"),
        "batch_up": Says(en="{name}: its label is up. {left} left.", zh="{name}：价签已更换。还剩 {left} 张。"),
        "batch_up_saved": Says(en="{name}: its label is up.", zh="{name}：价签已更换。"),
        "batch_up_already": Says(en="{name}: its label was confirmed already.", zh="{name}：价签已确认过。"),
        "batch_not_in_it": Says(en="{name} is not in {batch}: its label stays.", zh="{name} 不在 {batch} 中，价签不用换。"),
        "batch_missing": Says(
            en="{batch}: {count:label is|labels are} not up yet: {lines}. DONE once more leaves; scan on to confirm.",
            zh="{batch}：{count} 张价签未更换：{lines}。再扫 DONE 退出；继续扫描确认。",
        ),
        "batch_done": Says(
            en="{batch}: {up:label|labels} confirmed here, {left} left.", zh="{batch}：这里确认了 {up} 张，还剩 {left} 张。"
        ),
        "undone_shelf_labelled": Says(
            en="Taken back: the label of {what} is not up. It is open in {batch} again.",
            zh="已撤销：{what} 的价签未更换，{batch} 中重新列为待更换。",
        ),
    },
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=(Command.PRINT,),
    buttons=BUTTONS,
    undo=undo,
    wants_item=True,
    opens="label_batches",
    document=lambda now: now.batch,
    shows=shows,
    offers=lambda now: BUTTONS if now.batch is not None else (),
)
