"""Numbers of payments and refunds."""

from __future__ import annotations

from controller.documents.numbers import Series

PAYMENTS = Series("PM", "payment")
REFUNDS = Series("RF", "refund")
