"""Goods of a recalled lot: refused where somebody would take them, kept apart where they came, taken only to quarantine.

Goods that do not say their lot, of an article with a recalled one, are booked, and the person is told to look (amber).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edge_agent.stations.goods import Goods
from edge_agent.stations.model import Feedback, unknown, wrong
from edge_agent.stations.station import Says

REASON: Final = "recalled"
"""Why goods that came are kept apart, as facts say it."""
_NAMED: Final = 3


def is_recalled(goods: Goods) -> bool:
    return goods.lot is not None and goods.lot in goods.recalled


def refused(goods: Goods) -> Feedback | None:
    """Why goods stay where they are and nothing is booked; None: they may be taken."""
    return wrong("recalled_refused", lot=goods.lot or "", **goods.args) if is_recalled(goods) else None


def to_look_at(goods: Goods, booked: Feedback) -> Feedback:
    """What was booked; amber where nobody knows whether it is of a lot that is recalled."""
    if not goods.recalled or goods.lot is not None:
        return booked
    return unknown("recalled_look", lots=_listed(goods.recalled), **goods.args)


def kept_apart(goods: Goods) -> Feedback:
    """They came, so they are booked; they do not go on from here."""
    return unknown("recalled_came", lot=goods.lot or "", **goods.args)


def _listed(lots: tuple[str, ...]) -> str:
    return ", ".join(lots[:_NAMED]) + (f" +{len(lots) - _NAMED}" if len(lots) > _NAMED else "")


WORDS: Final[Mapping[str, Says]] = {
    "recalled_refused": Says(
        en="RECALLED: lot {lot} of {name}. Not booked. Do not use it: STORE, scan it, scan the quarantine place.",
        zh="已召回：{name} 批次 {lot}。没有记账，不要取用：扫 STORE，再扫商品，再扫隔离区。",
    ),
    "recalled_look": Says(
        en="{name}: booked. Look at its lot: {lots} is RECALLED. If it is that one, UNDO, then STORE it into quarantine.",
        zh="{name}：已记账。核对批次：{lots} 已召回。如果是这个批次，扫 UNDO，再扫 STORE 放入隔离区。",
    ),
    "recalled_came": Says(
        en="RECALLED: {name}, lot {lot}. Saved as kept apart. Bring it to the quarantine place.",
        zh="已召回：{name} 批次 {lot}。已按隔离登记，把它放到隔离区。",
    ),
    "recalled_in_hand": Says(
        en="RECALLED: {name}, lot {lot}, {number} in hand. Scan the quarantine place; no other is taken.",
        zh="已召回：{name} 批次 {lot}，手上 {number} 件。扫描隔离区，其他货位不可放。",
    ),
    "recalled_no_bin": Says(
        en="{symbol} is not quarantine. {name}, lot {lot} is RECALLED: scan the quarantine place, or UNDO.",
        zh="{symbol} 不是隔离区。{name} 批次 {lot} 已召回：扫描隔离区，或扫 UNDO。",
    ),
}
