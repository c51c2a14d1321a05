"""What is said while goods come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edge_agent.stations.station import Says

WORDS: Final[Mapping[str, Says]] = {
    "receive_document": Says(
        en="Receiving. Scan the delivery's barcode: an order, a notice or their paper. NOTHING if there is none.",
        zh="收货。扫描送货单条码：采购单、到货通知或对方单据。没有单据扫 NOTHING。",
    ),
    "receive_ready": Says(en="Delivery {document}. Scan each item.", zh="送货单 {document}。逐件扫描商品。"),
    "receive_without": Says(en="Receiving without a paper. Scan each item.", zh="无单收货。逐件扫描商品。"),
    "receive_known": Says(
        en="{document} from {supplier}: {pieces:piece|pieces} of {lines:article|articles} to come. Scan each item.",
        zh="{document}，{supplier}：待收 {lines} 种商品共 {pieces} 件。逐件扫描商品。",
    ),
    "received": Says(en="{name} — received, {items} on {document}", zh="{name} — 已收货，{document} 共 {items} 件"),
    "received_of": Says(en="{name} — {got} of {expected}", zh="{name} — 已收 {got} / {expected}"),
    "received_over": Says(
        en="{name} — {got} of {expected}: {over} too many. Saved; keep them apart and tell the office.",
        zh="{name} — 已收 {got} / {expected}，多 {over} 件。已保存；分开放置并通知办公室。",
    ),
    "received_damaged": Says(
        en="{name} — kept apart ({reason}), {items} on {document}. Put it into the quarantine place.",
        zh="{name} — 已隔离（{reason}），{document} 共 {items} 件。放到隔离区。",
    ),
    "received_unknown": Says(
        en="No article has code {symbol}. It was received on {document}; the office links it.",
        zh="没有商品使用条码 {symbol}。已在 {document} 收货，由办公室关联。",
    ),
    "damage_next": Says(
        en="The next item is kept apart: {reason}. Scan it; UNDO if it is fine.",
        zh="下一件将隔离：{reason}。扫描商品；没问题则扫 UNDO。",
    ),
    "short_next": Says(
        en="Too little came: say why (NOTSENT, LOST, OTHER) if you know, then scan the item. UNDO if all came.",
        zh="少到：知道原因先扫 NOTSENT、LOST 或 OTHER，再扫商品。没有少到则扫 UNDO。",
    ),
    "short_because": Says(en="Missing because: {reason}.", zh="少到原因：{reason}。"),
    "short_noted": Says(en="{name} — noted as short.", zh="{name} — 已记为少到。"),
    "undone_reason": Says(en="The reason is dropped.", zh="原因已取消。"),
    "undone_short_line": Says(en="Taken back: {what} is not short.", zh="已撤销：{what} 没有少到。"),
    "asked_open": Says(
        en="{name} waits for its lot, date or serial number. Tell it, or UNDO.",
        zh="{name} 还缺批号、日期或序列号。补全，或扫 UNDO。",
    ),
    "receipt_short": Says(
        en="{document}: {count:article|articles} short, {pieces:piece|pieces}: {lines}. "
        "DONE once more closes it; scan on if they came.",
        zh="{document}：{count} 种商品少到共 {pieces} 件：{lines}。再扫 DONE 结束；货在就继续扫描。",
    ),
    "receipt_closed": Says(en="Delivery {document} is checked: {items:item|items}.", zh="送货单 {document} 已核对：{items} 件。"),
    "receipt_closed_short": Says(
        en="Delivery {document} is checked: {items:item|items}, {short:article|articles} short.",
        zh="送货单 {document} 已核对：{items} 件，{short} 种商品少到。",
    ),
    "need_document": Says(
        en="{symbol} is an item. Scan the delivery's barcode first, then the item again.",
        zh="{symbol} 是商品。先扫送货单条码，再重扫商品。",
    ),
    "undone_received": Says(en="Taken back: {what} on delivery {document}.", zh="已撤销：送货单 {document} 的 {what}。"),
    "undo_receipt_closed": Says(
        en="Delivery {document} is checked: what was noted as short is not taken back. Receive what still came; it counts.",
        zh="送货单 {document} 已核对，少到记录不能撤销。又到货时照常收货，会计入。",
    ),
    "labels_printing": Says(en="{name}. Labels to print: {copies}.", zh="{name}。打印标签 {copies} 张。"),
}
