"""What a station that packs says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edge_agent.stations.station import Says

WORDS: Final[Mapping[str, Says]] = {
    "pack_list": Says(en="Packing. Scan the barcode of the pick list or the tote.", zh="打包。扫描拣货单或周转箱条码。"),
    "pack_weigh": Says(
        en="Pick list {pick_list}. Put the closed parcel on the scale.", zh="拣货单 {pick_list}。把封好的包裹放到秤上。"
    ),
    "pack_is_packed": Says(
        en="Parcel {symbol} is packed already. Its carrier or customer gets it with SEND; another label comes from the office.",
        zh="包裹 {symbol} 已打包。交给承运人或顾客时扫 SEND；补打面单找办公室。",
    ),
    "pack_other_paper": Says(
        en="{symbol} is no pick list. Scan the barcode of the pick list or the tote.",
        zh="{symbol} 不是拣货单。扫描拣货单或周转箱条码。",
    ),
    "pack_contents": Says(
        en="{pick_list} of {order}: {lines} articles, {items} items. Scan each to check it, or put the closed parcel on the scale.",
        zh="{order} 的 {pick_list}：{lines} 种商品，共 {items} 件。逐件扫描核对，或把封好的包裹放到秤上。",
    ),
    "pack_checked": Says(
        en="{name}: {units} of {wanted}. {left} articles are left to check.",
        zh="{name}：{units} / {wanted}。还有 {left} 种待核对。",
    ),
    "pack_all_checked": Says(
        en="All of {pick_list} is checked. Put the closed parcel on the scale.", zh="{pick_list} 已全部核对。把封好的包裹放到秤上。"
    ),
    "pack_wrong_item": Says(
        en="{name} does not belong to {pick_list}. Take it out of the parcel.", zh="{name} 不属于 {pick_list}，从包裹中取出。"
    ),
    "pack_too_many": Says(
        en="{name}: {pick_list} has only {wanted} of it. Take this one out.",
        zh="{name}：{pick_list} 只要 {wanted} 件，取出这一件。",
    ),
    "pack_recalled": Says(
        en="RECALLED: {lots} in {pick_list}. It is not packed. UNDO the pick and bring the goods to quarantine.",
        zh="已召回：{pick_list} 中有批次 {lots}，不能打包。撤销拣货，把商品送到隔离区。",
    ),
    "pack_recalled_item": Says(
        en="RECALLED: {name}, lot {lot}. Take it out of the parcel of {pick_list} and bring it to quarantine.",
        zh="已召回：{name} 批次 {lot}。从 {pick_list} 的包裹中取出，送到隔离区。",
    ),
    "pack_empty_scale": Says(
        en="The scale shows {grams} g. Put the closed parcel of {pick_list} on it.",
        zh="秤显示 {grams} 克。把 {pick_list} 封好的包裹放上去。",
    ),
    "pack_weight_off": Says(
        en="{pick_list} weighs {grams} g; {least} to {most} g were expected. Check it and weigh again, or scan the reason.",
        zh="{pick_list} 重 {grams} 克，预计 {least} 至 {most} 克。检查后重新称重，或扫描原因。",
    ),
    "packed": Says(
        en="Pick list {pick_list} packed: {grams} g. Its label comes by itself. Scan the next pick list, or STOP.",
        zh="拣货单 {pick_list} 已打包：{grams} 克，面单自动打印。扫描下一张拣货单，或扫 STOP。",
    ),
    "pack_refused": Says(
        en="{what} is no pick list and no tote that is in use: this parcel was not booked. Pack it by its list's number.",
        zh="{what} 不是拣货单，也不是在用的周转箱，这个包裹没有记账。用拣货单号重新打包。",
    ),
    "pack_refused_again": Says(
        en="{what} was packed before: this was not booked again. If there are two parcels, tell the office.",
        zh="{what} 之前已打包，这次没有记账。如果有两个包裹，联系办公室。",
    ),
    "need_weight": Says(
        en="{symbol} was saved, but {pick_list} waits for its weight. Put the parcel on the scale, or scan STOP.",
        zh="{symbol} 已保存，但 {pick_list} 还没称重。把包裹放到秤上，或扫 STOP。",
    ),
    "undone_checked": Says(en="Taken back: {what} is not checked.", zh="已撤销：{what} 未核对。"),
    "undone_pack_list": Says(
        en="Taken back: pick list {pick_list} is not packed. Scan a pick list.",
        zh="已撤销：拣货单 {pick_list} 未打包。扫描拣货单。",
    ),
    "undo_packed": Says(
        en="The parcel of {pick_list} has its number and its label and cannot be taken back here. Ask the office.",
        zh="{pick_list} 的包裹已有包裹号和面单，不能在这里撤销。联系办公室处理。",
    ),
}
