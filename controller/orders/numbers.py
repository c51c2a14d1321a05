"""Numbers of orders."""

from __future__ import annotations

from controller.documents.numbers import Series

ORDERS = Series("SO", "order")
