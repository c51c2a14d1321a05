"""Numbers of customers: `CU-100001`.  And how events name orders, which stand to the right of customers."""

from __future__ import annotations

from controller.documents.numbers import Series

CUSTOMERS = Series("CU", "customer")
ORDERS = Series("SO", "order")
"""As `controller/orders/numbers.py` has it; a test holds the two together."""
