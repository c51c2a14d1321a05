"""What is said while a bin is counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edge_agent.stations.station import Says

WORDS: Final[Mapping[str, Says]] = {
    "count_bin": Says(
        en="Counting. Scan the bin's barcode; before it the count's number (CT-…), if there is one.",
        zh="盘点。扫描货位条码；有盘点单先扫单号（CT-…）。",
    ),
    "count_ready": Says(
        en="Bin {bin}. Scan each item, then DONE; DONE at once if the bin is empty.",
        zh="货位 {bin}。逐件扫描，扫完后扫 DONE；货位为空直接扫 DONE。",
    ),
    "count_ready_session": Says(
        en="Bin {bin} of {session}. Scan each item, then DONE; NOTHING if the bin is empty.",
        zh="{session} 货位 {bin}。逐件扫描，扫完后扫 DONE；货位为空扫 NOTHING。",
    ),
    "count_ready_more": Says(
        en="Bin {bin} is not planned in {session}; it is counted with it. Scan each item, then DONE.",
        zh="货位 {bin} 不在 {session} 计划内，一并盘点。逐件扫描，扫完后扫 DONE。",
    ),
    "count_ready_round": Says(
        en="Recount {round} of bin {bin}, {session}. Scan each item, then DONE; NOTHING if it is empty.",
        zh="{session} 货位 {bin} 第 {round} 次盘点。逐件扫描，扫完后扫 DONE；货位为空扫 NOTHING。",
    ),
    "session_begun": Says(
        en="{session}, {title}: {left} of {bins:bin is|bins are} left. Scan a bin.",
        zh="{session}，{title}：{bins} 个货位还剩 {left} 个。扫描货位。",
    ),
    "session_begun_plain": Says(
        en="{session}: {left} of {bins:bin is|bins are} left. Scan a bin.", zh="{session}：{bins} 个货位还剩 {left} 个。扫描货位。"
    ),
    "session_unknown": Says(
        en="{session}: this box does not know its bins. Scan a bin and count; all of it is saved.",
        zh="{session}：本机没有它的货位清单。扫描货位开始盘点，都会保存。",
    ),
    "session_left": Says(en="{session}: {bins:bin|bins} counted here.", zh="{session}：这里盘了 {bins} 个货位。"),
    "counted_item": Says(en="{name} — {quantity} in bin {bin}", zh="{name} — 货位 {bin} 共 {quantity} 件"),
    "counted_unmatched": Says(
        en="No article has code {symbol}. {quantity} counted in bin {bin}; the office links it.",
        zh="没有商品使用条码 {symbol}。货位 {bin} 已记 {quantity} 件，由办公室关联。",
    ),
    "counted_serial": Says(
        en="{name}: this serial number was counted in bin {bin}. Not added.", zh="{name}：该序列号已在货位 {bin} 盘过，没有计入。"
    ),
    "counted": Says(
        en="Bin {bin} counted: {items:item|items}. Saved on this box.", zh="货位 {bin} 盘点完成：{items} 件。已存到本机。"
    ),
    "counted_empty": Says(en="Bin {bin} counted: empty. Saved on this box.", zh="货位 {bin} 盘点完成：空。已存到本机。"),
    "counted_next": Says(
        en="Bin {bin} counted: {items:item|items}. {bins:bin|bins} of {session} here. Scan the next bin; DONE ends.",
        zh="货位 {bin} 盘点完成：{items} 件。{session} 这里已盘 {bins} 个货位。扫下一个货位；扫 DONE 结束。",
    ),
    "counted_empty_next": Says(
        en="Bin {bin} counted: empty. {bins:bin|bins} of {session} here. Scan the next bin; DONE ends.",
        zh="货位 {bin} 盘点完成：空。{session} 这里已盘 {bins} 个货位。扫下一个货位；扫 DONE 结束。",
    ),
    "counted_before": Says(
        en="Bin {bin} was already counted at {at} by {person}. Scan it once more to add what you find.",
        zh="货位 {bin} 已于 {at} 由 {person} 盘过。再扫一次货位，可补充盘点。",
    ),
    "counted_before_here": Says(
        en="Bin {bin} was already counted here. Scan it once more to add what you find.",
        zh="货位 {bin} 在这里已盘过。再扫一次货位，可补充盘点。",
    ),
    "recount_by_another": Says(
        en="You counted bin {bin} before: somebody else has to recount it.", zh="货位 {bin} 是你盘的，要由别人复盘。"
    ),
    "count_not_empty": Says(
        en="Bin {bin} is not empty: {items:item is|items are} counted. DONE submits them; UNDO takes one back.",
        zh="货位 {bin} 不为空：已盘 {items} 件。扫 DONE 提交；扫 UNDO 撤销一件。",
    ),
    "count_full": Says(
        en="Bin {bin} holds more than {most} different codes: not added. Have the office plan a count of it; STOP leaves this one.",
        zh="货位 {bin} 超过 {most} 种条码，没有计入。让办公室为它建盘点单；扫 STOP 退出。",
    ),
    "count_open": Says(
        en="Bin {bin} is still being counted ({items:item|items}). Scan DONE to submit it, or STOP to leave it.",
        zh="货位 {bin} 还在盘点（{items} 件）。扫 DONE 提交，或扫 STOP 放弃。",
    ),
    "left_count": Says(
        en="Left the count of bin {bin}: {items:item|items} were not submitted. Scan COUNT to count it again.",
        zh="已退出货位 {bin} 的盘点：{items} 件未提交。扫 COUNT 重新盘点。",
    ),
    "need_bin": Says(en="Scan the bin's barcode first.", zh="先扫货位条码。"),
    "need_bin_not_item": Says(
        en="{symbol} is an item. Scan the bin's barcode first, then the item again.",
        zh="{symbol} 是商品。先扫货位条码，再重扫商品。",
    ),
    "undone_counted": Says(
        en="Taken back: {taken} of {what}. {quantity} left in bin {bin}.",
        zh="已撤销 {taken} 件 {what}。货位 {bin} 还剩 {quantity} 件。",
    ),
    "undo_counted": Says(
        en="The count of bin {bin} is closed and cannot be taken back. Scan COUNT and count the bin again.",
        zh="货位 {bin} 的盘点已结束，不能撤销。扫 COUNT 重新盘点该货位。",
    ),
}
