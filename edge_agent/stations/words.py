"""The words of every answer a station gives, by code: what happened, what it means, what to do next.

English here; the pages translate by the same code.
"""

from __future__ import annotations

from typing import Final

from edge_agent.stations.model import Feedback

WORDS: Final[dict[str, str]] = {
    # said by the box itself
    "not_saved": "NOT SAVED. {reason} Call IT; do not go on scanning here.",
    "misread": "{reason}",
    "identify": "This is station {station}.",
    "scanned": "{symbol} — saved",
    "double_read": "Ignored double read of {symbol}.",
    "unknown_command": "This box knows no command {word}. Print a new command sheet.",
    "no_task": "No task is open here. Scan RECEIVE, COUNT, PICK, BOXUP, SEND or LOOKUP to begin one.",
    "left": "Left the task.",
    "left_count": "Left the count of bin {bin}: {items} items were not submitted. Scan COUNT to count it again.",
    "timed_out": "Nobody scanned for a while: the task was left. What was scanned is saved.",
    "not_here": "{command} has no meaning in this task. Scan DONE or STOP first.",
    "count_open": "Bin {bin} is still being counted ({items} items). Scan DONE to submit it, or STOP to leave it.",
    "receive_document": "Receiving. Scan the delivery's barcode.",
    "receive_ready": "Delivery {document}. Scan each item.",
    "received": "{symbol} — received, {items} on {document}",
    "count_bin": "Counting. Scan the bin's barcode.",
    "count_ready": "Bin {bin}. Scan each item, then DONE; DONE at once if the bin is empty.",
    "counted_item": "{symbol} — {quantity} in bin {bin}",
    "counted": "Bin {bin} counted: {items} items. Saved on this box.",
    "counted_empty": "Bin {bin} counted: empty. Saved on this box.",
    "pick_list": "Picking. Scan the pick list's barcode.",
    "pick_ready": "Pick list {pick_list}. Fetch and scan each item.",
    "picked": "{symbol} — picked, {items} for {pick_list}",
    "pick_short": "Pick list {pick_list}: what is still open was marked short. Scan DONE to end, or go on.",
    "pick_done": "Pick list {pick_list} done: {items} items.",
    "pack_list": "Packing. Scan the pick list's barcode.",
    "pack_weigh": "Pick list {pick_list}. Put the closed parcel on the scale.",
    "pack_empty_scale": "The scale shows {grams} g. Put the closed parcel of {pick_list} on it.",
    "packed": "Pick list {pick_list} packed: {grams} g. Scan the next pick list, or STOP.",
    "send_parcel": "Handing over. Scan each parcel that the carrier takes.",
    "handed_over": "Parcel {parcel} handed over, {parcels} in all.",
    "already_handed_over": "Parcel {parcel} was handed over just now. Not added.",
    "lookup_item": "Looking up. Scan an item; nothing is booked. DONE ends.",
    "lookup_found": "{name}: {price}. {stock} in stock, as known {age} ago.",
    "lookup_unpriced": "{name}: no price is set. {stock} in stock, as known {age} ago.",
    "lookup_found_once": "{name}: {price}. {stock} in stock when this box last heard; nobody knows when that was.",
    "lookup_unpriced_once": "{name}: no price is set. {stock} in stock when this box last heard; nobody knows when that was.",
    "lookup_unknown": "{symbol} is not in this box's catalogue. The scan was saved; ask for it to be linked.",
    "lookup_several": "{symbol} names several articles. Ask for it to be taken off all but one.",
    "lookup_no_catalogue": "This box has no catalogue yet. It fetches one as soon as the controller answers.",
    "lookup_late": "This box could not look {symbol} up in time. Scan it again.",
    "document_again": "{symbol} is this task's own barcode. Not added.",
    "need_document": "{symbol} is an item. Scan the delivery's barcode first, then the item again.",
    "need_bin": "Scan the bin's barcode first.",
    "need_bin_not_item": "{symbol} is an item. Scan the bin's barcode first, then the item again.",
    "need_pick_list": "Scan the pick list's barcode first.",
    "need_pick_list_not_item": "{symbol} is an item. Scan the pick list's barcode first, then the item again.",
    "need_parcel": "{symbol} is an item. Scan the parcel's barcode.",
    "need_weight": "{symbol} was saved, but {pick_list} waits for its weight. Put the parcel on the scale, or scan STOP.",
}


def say(feedback: Feedback) -> str:
    """The answer in English, ready to be shown."""
    return WORDS[feedback.code].format_map(feedback.args)
