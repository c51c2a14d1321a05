"""Receipts for tests."""

from __future__ import annotations

from controller.sales.policies import NewLine, NewReceipt
from tests.controller.goods import at


def line(text: str, quantity: int = 1, amount: int = 100, *, is_sku: bool = True, damaged: bool = False) -> NewLine:
    return NewLine(text=text, is_sku=is_sku, quantity=quantity, amount_minor=amount * quantity, is_damaged=damaged)


def receipt(number: str, *lines: NewLine, minute: int = 0, voids: str | None = None, site: str = "s1") -> NewReceipt:
    return NewReceipt(site=site, till="1", number=number, occurred_at=at(minute), currency="CNY", lines=list(lines), voids=voids)
