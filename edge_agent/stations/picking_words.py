"""What picking says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edge_agent.stations.station import Says

_OF_LISTS: Final[Mapping[str, Says]] = {
    "pick_list": Says(
        en="Picking. Scan a pick list's barcode. CLUSTER takes several, each with its tote.",
        zh="拣货。扫描拣货单条码。扫 CLUSTER 可同时拣多单，每单一个周转箱。",
    ),
    "pick_ready": Says(en="Pick list {pick_list}. Fetch and scan each item.", zh="拣货单 {pick_list}。取货并逐件扫描。"),
    "pick_open": Says(
        en="{pick_list} for {order} is yours: {pieces} to fetch. First {lines}",
        zh="{pick_list}（订单 {order}）归你拣：共 {pieces}。先去 {lines}",
    ),
    "pick_claimed_by": Says(
        en="{who} has {pick_list} in hand. Scan it once more to take it over, or scan another list.",
        zh="{pick_list} 正由 {who} 拣。要接手就再扫一次，否则扫其他单。",
    ),
    "pick_lost": Says(
        en="{who} has {pick_list} now. Agree who goes on: what you scan is booked all the same. Scan it again.",
        zh="{pick_list} 现在由 {who} 拣。商量好谁继续；你扫的仍会记账。重扫一次。",
    ),
    "pick_gone": Says(
        en="{who} took {pick_list} first: it is not yours any more. Put back what you hold of it. {then}",
        zh="{who}先领了 {pick_list}，已不归你拣。手里拿着的放回去。{then}",
    ),
    "pick_gone_goods": Says(
        en="{who} took {pick_list} first: it is not yours any more. Bring what you fetched to packing; the office is asked. {then}",
        zh="{who}先领了 {pick_list}，已不归你拣。已拣的送到打包台，办公室会处理。{then}",
    ),
    "pick_gone_unknown": Says(
        en="{pick_list} is no pick list of this shop. Check its number; put back what you hold of it. {then}",
        zh="{pick_list} 不是本店的拣货单。核对单号；手里拿着的放回去。{then}",
    ),
    "pick_wave_taken": Says(en="No list of {wave} is free.", zh="{wave} 没有可拣的单。"),
    "pick_in_hand": Says(en="{pick_list} is in hand already.", zh="{pick_list} 已经在手上。"),
    "pick_too_many": Says(
        en="{most} lists are the most for one walk. DONE begins it.", zh="一次最多 {most} 单。扫 DONE 开始拣货。"
    ),
    "pick_finish_first": Says(
        en="{symbol} is another list. First finish {pick_list}: DONE, or STOP to give it back.",
        zh="{symbol} 是另一张单。先完成 {pick_list}：扫 DONE，或扫 STOP 退回。",
    ),
    "pick_cluster": Says(
        en="Several lists at once. Scan the first list, or a wave's number (WV-…).",
        zh="多单同拣。扫第一张拣货单，或波次号（WV-…）。",
    ),
    "pick_wants_tote": Says(en="{pick_list}: scan the tote it goes into.", zh="{pick_list}：扫描装它的周转箱。"),
    "pick_its_tote": Says(
        en="{pick_list}: scan its tote, {tote}; some of it is in there.",
        zh="{pick_list}：扫描它的周转箱 {tote}，里面已有部分商品。",
    ),
    "pick_no_tote": Says(
        en="{symbol} is no tote. Scan the code of the tote for {pick_list}; UNDO drops the list.",
        zh="{symbol} 不是周转箱。扫描 {pick_list} 的周转箱；扫 UNDO 放弃这张单。",
    ),
    "pick_tote_used": Says(
        en="Tote {tote} holds {pick_list}, which is not packed yet. Take another tote.",
        zh="周转箱 {tote} 装着 {pick_list}，还没打包。换一个周转箱。",
    ),
    "pick_tote_open": Says(
        en="{pick_list} has no tote yet: scan one; UNDO drops the list.",
        zh="{pick_list} 还没有周转箱：扫一个；扫 UNDO 放弃这张单。",
    ),
    "pick_dropped": Says(en="{pick_list} was not taken.", zh="没有领取 {pick_list}。"),
    "pick_next_tote": Says(
        en="{pick_list} goes into {tote}. Now the tote for {next}.", zh="{pick_list} 装 {tote}。再扫 {next} 的周转箱。"
    ),
    "pick_gathered": Says(
        en="{pick_list} goes into {tote}: {lists:list|lists}. Scan the next list, or DONE to walk.",
        zh="{pick_list} 装 {tote}，共 {lists} 单。扫下一单，或扫 DONE 开始拣货。",
    ),
    "pick_walk": Says(en="{lists:list|lists}, {pieces} to fetch. First {lines}", zh="{lists} 单，共 {pieces}。先去 {lines}"),
    "pick_done": Says(en="Pick list {pick_list} done: {items:item|items}.", zh="拣货单 {pick_list} 完成：{items} 件。"),
    "pick_missing": Says(
        en="{pick_list}: still to fetch: {lines}. DONE once more leaves and gives it back; SHORT if it is not there.",
        zh="{pick_list}：还没拣：{lines}。再扫 DONE 退出并退回；没有货就扫 SHORT。",
    ),
    "need_pick_list": Says(en="Scan the pick list's barcode first.", zh="先扫拣货单条码。"),
    "need_pick_list_not_item": Says(
        en="{symbol} is an item. Scan the pick list's barcode first, then the item again.",
        zh="{symbol} 是商品。先扫拣货单条码，再重扫商品。",
    ),
    "undone_claim": Says(en="Given back: {pick_list}. Anybody may take it.", zh="已退回 {pick_list}，其他人可以领取。"),
    "undo_claim": Says(en="{pick_list} is not in hand here any more.", zh="{pick_list} 已不在这里。"),
    "undo_claim_goods": Says(
        en="Something of {pick_list} is fetched. Take that back first, or STOP gives it back as it is.",
        zh="{pick_list} 已拣了一部分。先撤销，或扫 STOP 原样退回。",
    ),
}
_OF_GOODS: Final[Mapping[str, Says]] = {
    "picked": Says(en="{symbol} — picked, {items} for {pick_list}", zh="{symbol} — 已拣，{pick_list} 共 {items} 件"),
    "picked_unknown": Says(
        en="{symbol}: this box does not know it. Saved for {pick_list}; is it the right article?",
        zh="{symbol}：本机没有这个商品。已记入 {pick_list}；核对是否拿对。",
    ),
    "picked_next": Says(en="{name}: {got} of {wanted}. Next {lines}", zh="{name}：{got} / {wanted}。下一个 {lines}"),
    "picked_last": Says(en="{name}: {got} of {wanted}. All is fetched: DONE.", zh="{name}：{got} / {wanted}。全部拣完，扫 DONE。"),
    "picked_zero": Says(
        en="{name}: {got} of {wanted}. Is bin {bin} empty now? NOTHING if it is; if not, go on: {lines}",
        zh="{name}：{got} / {wanted}。货位 {bin} 空了吗？空了扫 NOTHING；没空就继续：{lines}",
    ),
    "pick_wrong_item": Says(
        en="{name} is not on {pick_list}. Put it back. Wanted: {lines}", zh="{pick_list} 不要 {name}。放回去。要拣的是 {lines}"
    ),
    "pick_not_wanted": Says(
        en="{name} is on none of your lists. Put it back. Wanted: {lines}", zh="手上的单都不要 {name}。放回去。要拣的是 {lines}"
    ),
    "pick_over": Says(
        en="{name}: {number} more than fit: {got} of {wanted} are fetched. Scan again only if it is right.",
        zh="{name}：再拣 {number} 会超出，已拣 {got} / {wanted}。确实要拣就再扫一次。",
    ),
    "pick_other_lot": Says(
        en="{name}: lot {lot}, but {expected} is wanted. Look for that one; scan this once more if it is to go.",
        zh="{name}：批次是 {lot}，要的是 {expected}。找那个批次；确定用这个就再扫一次。",
    ),
    "pick_weigh": Says(
        en="{name}: {units} wanted. Put it on the scale, type its weight, or scan its weight label.",
        zh="{name}：要 {units}。放到秤上，或输入重量，或扫描重量标签。",
    ),
    "pick_weigh_volume": Says(
        en="{name}: {units} wanted. Type how much it is, or scan its label.", zh="{name}：要 {units}。输入容量，或扫描容量标签。"
    ),
    "pick_weigh_any": Says(
        en="{name}: put it on the scale, type its weight, or scan its weight label.",
        zh="{name}：放到秤上，或输入重量，或扫描重量标签。",
    ),
    "pick_weigh_first": Says(
        en="{symbol} was not taken: {name} waits for its weight. Weigh it, type it, or UNDO.",
        zh="{symbol} 没有记录：{name} 还没称重。称重或输入重量，或扫 UNDO。",
    ),
    "pick_weigh_open": Says(
        en="{name} waits for its weight: weigh it, type it, or UNDO.", zh="{name} 还没称重：称重或输入重量，或扫 UNDO。"
    ),
    "pick_scale_empty": Says(
        en="The scale shows {grams} g. Put {name} on it, or type its weight.",
        zh="秤显示 {grams} 克。把 {name} 放上去，或输入重量。",
    ),
    "pick_weight_typed": Says(
        en="{name}: {units}. DONE books it; UNDO clears the number.", zh="{name}：{units}。扫 DONE 记账，扫 UNDO 清除。"
    ),
    "pick_weight_over": Says(
        en="{name} is too much: {units} at most. Take some off and weigh again; the same once more books it.",
        zh="{name} 超出：最多 {units}。取出一些再称；确实要这么多就原样再称一次。",
    ),
    "pick_into": Says(
        en="{name}: {number} into tote {tote}. Scan the tote; type another number first if it is not so many.",
        zh="{name}：{number} 件放入周转箱 {tote}。扫描周转箱；数量不同先输数字。",
    ),
    "pick_any_tote": Says(
        en="{name}, {number}: this box knows no list that wants it. Scan the tote it goes into, or UNDO.",
        zh="{name}，{number} 件：本机没有要它的单。扫描要放入的周转箱，或扫 UNDO。",
    ),
    "pick_other_tote": Says(
        en="{symbol} is the wrong tote for {name}: put it into {tote} and scan that.",
        zh="{symbol} 放错了：{name} 要放 {tote}，再扫该箱。",
    ),
    "pick_held": Says(
        en="{name}, {number} in hand: scan the tote they go into, or UNDO.",
        zh="{name}，手上 {number} 件：扫描要放入的周转箱，或扫 UNDO。",
    ),
    "pick_put_down": Says(en="{name}: not taken. Put it back.", zh="{name}：没有记录，放回去。"),
    "pick_damaged": Says(
        en="{name}: {number} kept apart ({reason}). Bring it to quarantine; {pick_list} wants another one.",
        zh="{name}：{number} 件已隔离（{reason}）。放到隔离区；{pick_list} 仍要拣好的。",
    ),
    "pick_refused_over": Says(
        en="{what} for {document} was not booked: it is more than the list wants. Put it back into its bin.",
        zh="{document} 的 {what} 没有记账：超出应拣数量。放回原货位。",
    ),
    "pick_refused_wrong": Says(
        en="{what} for {document} was not booked: it is not on the list. Put it back into its bin.",
        zh="{document} 的 {what} 没有记账：不在单上。放回原货位。",
    ),
    "pick_refused_recalled": Says(
        en="RECALLED: {what} for {document} was not booked. Bring it to quarantine and take another lot.",
        zh="已召回：{document} 的 {what} 没有记账。送到隔离区，另取其他批次。",
    ),
    "undone_picked": Says(
        en="Taken back: {what} of pick list {pick_list}. Put it back into its bin.",
        zh="已撤销：拣货单 {pick_list} 的 {what}。把它放回原货位。",
    ),
    "undone_damaged": Says(en="Taken back: {what} is fit to be sent.", zh="已撤销：{what} 不算破损。"),
}
_OF_SHELVES: Final[Mapping[str, Says]] = {
    "pick_here": Says(en="Take here: {lines}", zh="在这里拣：{lines}"),
    "pick_not_here": Says(en="Nothing is to be fetched from {bin}. Go to {lines}", zh="{bin} 没有要拣的。去 {lines}"),
    "pick_at": Says(en="Bin {bin}.", zh="货位 {bin}。"),
    "pick_short": Says(
        en="Pick list {pick_list}: what is still open was marked short. Scan DONE to end, or go on.",
        zh="拣货单 {pick_list}：未拣的已记为缺货。扫 DONE 结束，或继续拣货。",
    ),
    "pick_short_which": Says(
        en="What is short? Scan it; SHORT again for {lines}; DONE for all that is open.",
        zh="哪个缺货？扫描它；是 {lines} 就再扫 SHORT；全部未拣的扫 DONE。",
    ),
    "pick_short_because": Says(en="Short because: {reason}. Scan what is short.", zh="缺货原因：{reason}。扫描缺货的商品。"),
    "pick_short_not_open": Says(en="Nothing of {name} is open here.", zh="这里没有未拣的 {name}。"),
    "pick_short_line": Says(en="{name}: {number} short. Next {lines}", zh="{name}：缺 {number}。下一个 {lines}"),
    "pick_short_last": Says(
        en="{name}: {number} short. Nothing else is open: DONE.", zh="{name}：缺 {number}。其他都拣完，扫 DONE。"
    ),
    "pick_nothing_open": Says(en="Nothing is open: DONE ends.", zh="没有未拣的，扫 DONE 结束。"),
    "pick_empty_bin": Says(
        en="Which bin is empty? Scan its barcode; UNDO if none is.", zh="哪个货位空了？扫描货位条码；没有则扫 UNDO。"
    ),
    "picked_empty": Says(en="Bin {bin} is noted as empty. Go on.", zh="货位 {bin} 已记为空。继续拣货。"),
    "undone_empty_bin": Says(en="No bin is noted as empty.", zh="没有记录空货位。"),
    "undo_short": Says(
        en="Short on {pick_list} is not taken back. If you find the goods, scan them: they count.",
        zh="{pick_list} 的缺货记录不能撤销。找到商品后直接扫描，会计入拣货。",
    ),
}
WORDS: Final[Mapping[str, Says]] = {**_OF_LISTS, **_OF_GOODS, **_OF_SHELVES}
