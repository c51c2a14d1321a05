"""Numbers of purchase orders and receipts, as they are printed and scanned."""

from __future__ import annotations

from controller.documents.numbers import Series

PURCHASE_ORDERS = Series("PO", "purchase order")
RECEIPTS = Series("RC", "receipt")
