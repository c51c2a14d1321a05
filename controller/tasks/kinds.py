"""The kinds of tasks, and how much each hurts while it waits.  A line each; its sentence is in `controller/web/task_words.py`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Severity(IntEnum):
    """The worst first: `URGENT` costs money or trust now, `NORMAL` does today, `LOW` is tidying up."""

    URGENT = 0
    NORMAL = 1
    LOW = 2

    @property
    def word(self) -> str:
        return self.name.lower()


KINDS: Mapping[str, Severity] = {
    "count_needed": Severity.NORMAL,
    "count_review": Severity.NORMAL,
    "count_refused": Severity.NORMAL,
    "stock_short": Severity.URGENT,
    "shelf_short": Severity.NORMAL,
    "pick_refused": Severity.NORMAL,
    "pick_conflict": Severity.NORMAL,
    "pick_damaged": Severity.NORMAL,
    "put_back_needed": Severity.NORMAL,
    "unknown_barcode": Severity.NORMAL,
    "print_uncertain": Severity.URGENT,
    "document_not_printable": Severity.URGENT,
    "fact_rejected": Severity.NORMAL,
    "lot_recalled": Severity.URGENT,
    "lot_mismatch": Severity.LOW,
    "label_refused": Severity.URGENT,
    "hand_over_held": Severity.URGENT,
    "counter_price": Severity.NORMAL,
    "counter_goods": Severity.URGENT,
    "counter_short": Severity.URGENT,
    "counter_address": Severity.NORMAL,
    "counter_account": Severity.NORMAL,
    "counter_template": Severity.LOW,
    "counter_refund": Severity.URGENT,
    "goods_unmapped": Severity.URGENT,
    "raw_order_refused": Severity.URGENT,
    "clock_touch_near": Severity.NORMAL,
    "clock_touch_over": Severity.URGENT,
    "clock_problem_near": Severity.NORMAL,
    "clock_problem_over": Severity.URGENT,
    "clock_ship_near": Severity.NORMAL,
    "clock_ship_over": Severity.URGENT,
    "lot_expiry_disputed": Severity.NORMAL,
    "serial_twice": Severity.NORMAL,
    "stock_difference": Severity.URGENT,
    "transfer_short": Severity.NORMAL,
    "transfer_over": Severity.NORMAL,
    "transfer_astray": Severity.URGENT,
    "transfer_overdue": Severity.NORMAL,
    "sale_conflict": Severity.NORMAL,
    "labels_open": Severity.NORMAL,
    "price_currency": Severity.NORMAL,
    "receipt_unannounced": Severity.LOW,
    "receipt_unknown_order": Severity.NORMAL,
    "receipt_order_ended": Severity.NORMAL,
    "receipt_not_ordered": Severity.NORMAL,
    "receipt_over": Severity.NORMAL,
    "receipt_short": Severity.NORMAL,
    "receipt_damaged": Severity.NORMAL,
    "receipt_expired": Severity.URGENT,
    "receipt_short_dated": Severity.NORMAL,
    "purchase_answer_differs": Severity.NORMAL,
    "purchase_not_sent": Severity.URGENT,
    "payment_failed": Severity.URGENT,
    "payment_unknown": Severity.URGENT,
    "refund_to_approve": Severity.NORMAL,
    "refund_by_hand": Severity.NORMAL,
    "order_unsourced": Severity.URGENT,
    "shipment_unserved": Severity.URGENT,
    "shipment_refused": Severity.URGENT,
    "label_uncertain": Severity.URGENT,
    "shipment_late": Severity.NORMAL,
    "shipment_silent": Severity.NORMAL,
    "shipment_lost": Severity.URGENT,
}
