"""Orders as a channel sends them."""

from __future__ import annotations

import json


def document(reference: str = "T-1", *goods: str, buyer: str = "u-77", quantity: int = 1, **more: object) -> bytes:
    """An order to be fetched at site `s1`, of pieces at 2.50."""
    lines = [{"goods": each, "quantity": quantity, "price_minor": 250} for each in goods or ("item-tea",)]
    told = {"reference": reference, "currency": "CNY", "lines": lines, "delivery": "collection", "site": "s1"}
    return json.dumps({**told, "buyer": {"id": buyer, "name": "Wang Mei", "phone": "13800001234"}, **more}).encode()
