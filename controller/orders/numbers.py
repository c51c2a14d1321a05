"""Numbers of orders, and of what is done to many of them."""

from __future__ import annotations

from controller.documents.numbers import Series

ORDERS = Series("SO", "order")
BATCHES = Series("OB", "batch of orders")
