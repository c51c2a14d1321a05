"""Packing: BOXUP, the barcode of a pick list or of its tote, then the parcel's weight at rest: one `packed`; then the next list.

What the box knows of the list is shown; each item may be scanned to check it, and a wrong one is told.  A weight that cannot be
right is asked: another weight, or the reason.  Goods of a lot that was recalled since are not packed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations import own_papers, recalled
from edge_agent.stations.goods import Goods, goods_of, measured, plain
from edge_agent.stations.model import Known, Pressed, Scanned, Weighed, duplicate, ok, wrong
from edge_agent.stations.packing_words import WORDS
from edge_agent.stations.reasons import reason_of
from edge_agent.stations.station import Activity, Button, Done, Idle, Line, Says, Segment, Station, Took
from edge_agent.wire.facts import FactDraft, Packed, ReadAs, Weight
from edge_agent.wire.open_parcels import OpenPack, PackLine
from edge_agent.wire.open_work import Head
from edge_agent.wire.prices import WEIGHED

WHY_WEIGHT: Final[Mapping[Command, str]] = {Command.FOUND: "more_in_it", Command.LOST: "less_in_it", Command.OTHER: "other"}
"""Why a parcel weighs other than its goods."""
BUTTONS: Final = (
    Button("found", Says("There is more in it", "里面多装了")),
    Button("lost", Says("There is less in it", "里面少装了")),
    Button("other", Says("Another reason", "其他原因")),
)


class Checked(Struct, frozen=True, kw_only=True):
    """So many base units of an article were scanned while it was packed."""

    sku: str
    units: int


class Packing(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="packing"):
    """A pick list's goods go into a parcel; with `pick_list` set, its weight is waited for.

    `least` and `most`: grams that it may weigh; None: nobody knows.  `doubted`: a weight (from `scale`) that cannot be right.
    """

    pick_list: str | None = None
    least: int | None = None
    most: int | None = None
    checked: tuple[Checked, ...] = ()
    doubted: Weight | None = None
    scale: str = ""


def begin() -> Done:
    return Done(activity=Packing(), feedback=ok("pack_list"))


def scan(now: Packing, read: Scanned) -> Done:
    text = read.symbol.text
    if now.pick_list is None:
        return _taken_up(now, read)
    if text == now.pick_list:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    pack = read.known.document
    if not isinstance(pack, OpenPack):
        return Done(activity=now, feedback=wrong("need_weight", symbol=text, pick_list=now.pick_list))
    if text == pack.tote:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    return _checked(now, now.pick_list, pack, measured(goods_of(read), read.grams))


def _taken_up(now: Packing, read: Scanned) -> Done:
    text, pack = read.symbol.text, read.known.document
    if not isinstance(pack, OpenPack):
        if read.gtin is not None:
            return Done(activity=now, feedback=wrong("need_pick_list_not_item", symbol=text))
        if own_papers.is_no_pick_list(text):
            code = "pack_is_packed" if own_papers.is_parcel(text) else "pack_other_paper"
            return Done(activity=now, feedback=wrong(code, symbol=text), read_as=ReadAs.DOCUMENT)
        took = Took(station="packing", what=text)
        return Done(activity=Packing(pick_list=text), feedback=ok("pack_weigh", pick_list=text), read_as=ReadAs.DOCUMENT, took=took)
    if pack.recalled:
        feedback = wrong("pack_recalled", pick_list=pack.number, lots=", ".join(pack.recalled))
        return Done(activity=now, feedback=feedback, read_as=ReadAs.DOCUMENT)
    after = Packing(pick_list=pack.number, least=pack.least, most=pack.most)
    items = sum(line.quantity if line.unit == "piece" else 1 for line in pack.lines)
    feedback = ok("pack_contents", pick_list=pack.number, order=pack.order, lines=len(pack.lines), items=items)
    return Done(activity=after, feedback=feedback, read_as=ReadAs.DOCUMENT, took=Took(station="packing", what=pack.number))


def _checked(now: Packing, number: str, pack: OpenPack, goods: Goods) -> Done:
    if recalled.is_recalled(goods):
        return Done(activity=now, feedback=wrong("pack_recalled_item", lot=goods.lot or "", pick_list=number, **goods.args))
    line = _line_of(pack, goods)
    if line is None:
        return Done(activity=now, feedback=wrong("pack_wrong_item", pick_list=number, **goods.args))
    one = _of_one(goods, line)
    units = _units(now, line.sku) + one
    if units > line.quantity:
        return Done(activity=now, feedback=wrong("pack_too_many", pick_list=number, wanted=line.quantity, **_names(line)))
    checked = (*(each for each in now.checked if each.sku != line.sku), Checked(sku=line.sku, units=units))
    after = replace(now, checked=checked)
    left = sum(each.quantity > _units(after, each.sku) for each in pack.lines)
    code = "pack_checked" if left else "pack_all_checked"
    feedback = ok(code, units=units, wanted=line.quantity, left=left, pick_list=number, **_names(line))
    return Done(activity=after, feedback=feedback, took=Took(station="packing", what=goods.what, key=line.sku, quantity=one))


def _of_one(goods: Goods, line: PackLine) -> int:
    """Base units that a scan checks: what is by weight was weighed when it was fetched, and is all of it."""
    return line.quantity if line.unit in WEIGHED and goods.measure is None and goods.numerator == 1 else goods.units(1)


def _line_of(pack: OpenPack, goods: Goods) -> PackLine | None:
    """By article; by its symbol where the box's catalogue does not have it."""
    for line in pack.lines:
        if goods.sku == line.sku or goods.symbol.text == line.symbol or (goods.gtin is not None and goods.gtin == line.gtin):
            return line
    return None


def _units(now: Packing, sku: str) -> int:
    return sum(each.units for each in now.checked if each.sku == sku)


def _names(line: PackLine) -> dict[str, str | int]:
    name_en, name_zh = line.name_en or line.name_zh, line.name_zh or line.name_en
    return {"name_en": name_en, "name_zh": name_zh, "unit": line.unit, "numerator": 1, "denominator": 1}


def awaits_weight(now: Packing) -> bool:
    return now.pick_list is not None


def weigh(now: Packing, weighed: Weighed) -> Done | None:
    """None when no parcel is waited for.  A scale at or below zero holds no parcel: the last thing was just taken off it."""
    if now.pick_list is None:
        return None
    grams = weighed.weight.grams
    if grams <= 0:
        return Done(activity=now, feedback=wrong("pack_empty_scale", grams=plain(grams), pick_list=now.pick_list))
    if now.least is not None and now.most is not None and not now.least <= grams <= now.most:
        doubt = wrong("pack_weight_off", pick_list=now.pick_list, grams=plain(grams), least=now.least, most=now.most)
        return Done(activity=replace(now, doubted=weighed.weight, scale=weighed.device), feedback=doubt)
    return _packed(now.pick_list, weighed.weight, weighed.device)


def _packed(number: str, weight: Weight, scale: str, reason: str | None = None) -> Done:
    fact = Packed(pick_list=number, weight=weight, reason=reason)
    return Done(
        activity=Packing(),
        feedback=ok("packed", pick_list=number, grams=plain(weight.grams)),
        facts=(FactDraft(data=fact, device=scale),),
        took=Took(station="packing", what=number, fact=Packed.name),
    )


def control(now: Packing, pressed: Pressed) -> Done | None:
    """A reason, for the weight that cannot be right."""
    reason = reason_of(pressed.control, WHY_WEIGHT)
    if reason is None:
        return None
    if now.pick_list is None or now.doubted is None:
        return Done(activity=now, feedback=wrong("not_here", command=pressed.control.upper()))
    return _packed(now.pick_list, now.doubted, now.scale, reason)


def finish(now: Packing, _: Pressed) -> Done:
    if now.pick_list is not None:
        return Done(activity=now, feedback=wrong("pack_weigh", pick_list=now.pick_list))
    return Done(activity=Idle(), feedback=ok("left"))


def undo(now: Activity, took: Took, _: str) -> Done:
    """A list that waits for its weight is put aside, a checked item is not checked.  A packed parcel is the office's matter."""
    if took.fact is not None or not isinstance(now, Packing) or now.pick_list is None:
        return Done(activity=now, feedback=wrong("undo_packed", pick_list=took.what))
    if took.key is not None:
        units = max(0, _units(now, took.key) - took.quantity)
        others = tuple(each for each in now.checked if each.sku != took.key)
        after = replace(now, checked=(*others, Checked(sku=took.key, units=units)) if units else others)
        return Done(activity=after, feedback=ok("undone_checked", what=took.what))
    if now.pick_list == took.what:
        return Done(activity=Packing(), feedback=ok("undone_pack_list", pick_list=took.what))
    return Done(activity=now, feedback=wrong("undo_packed", pick_list=took.what))


def shows(now: Packing, known: Known) -> tuple[Segment, ...]:
    """What should be in the parcel, and what of it was checked."""
    pack = known.document
    if now.pick_list is None or not isinstance(pack, OpenPack):
        return ()
    lines = tuple(
        Line(
            Says(line.name_en or line.name_zh, line.name_zh or line.name_en),
            line.sku,
            Says(f"{_units(now, line.sku)} of {line.quantity} checked", f"已核 {_units(now, line.sku)} / {line.quantity}"),
            is_done=_units(now, line.sku) >= line.quantity,
        )
        for line in pack.lines
    )
    return (Segment(Says("In the parcel", "包裹内商品"), lines),)


def notes(now: Packing) -> tuple[Says, ...]:
    if now.pick_list is None:
        return ()
    if now.doubted is not None:
        return (Says("Weigh again, or say why it weighs that.", "重新称重，或说明重量不符的原因。"),)
    if now.least is None or now.most is None:
        return ()
    return (Says(f"Expected {now.least} to {now.most} g with its carton.", f"预计连箱 {now.least} 至 {now.most} 克。"),)


def offers(now: Packing) -> tuple[Button, ...]:
    return BUTTONS if now.doubted is not None else ()


def head_line(head: Head) -> Line:
    """A list that can be packed: whose it is, by the code that is scanned."""
    return Line(Says(head.order, head.order), head.number, symbol=head.number)


STATION = Station(
    name="packing",
    command=Command.BOXUP,
    state=Packing,
    title=Says(en="Pack", zh="打包"),
    words=WORDS,
    rejects={"unknown_pick_list": "pack_refused", "already_packed": "pack_refused_again"},
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=tuple(WHY_WEIGHT),
    buttons=BUTTONS,
    offers=offers,
    undo=undo,
    weigh=weigh,
    awaits_weight=awaits_weight,
    wants_item=True,
    opens="packs",
    document=lambda now: now.pick_list,
    shows=shows,
    notes=notes,
    head_line=head_line,
)
