"""Every column that holds sealed values, a line each: rotation seals them anew.  A feature that seals something adds its line.

NULL and an empty text are nothing: what was forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.customers.deriving import (
    address_columns,
    customer_columns,
    file_order_columns,
    identity_columns,
    raw_order_columns,
)
from controller.customers.keyring import Keyring

Derive = Callable[[Keyring, str, Mapping[str, object]], dict[str, object]]
"""Columns made of the value in clear: hashes; the row has what `also` names."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """`key` names the row, in the seal too; `hashes`: columns with the hashes that `derive` makes."""

    table: str
    column: str
    key: str
    is_number: bool = False
    also: tuple[str, ...] = ()
    derive: Derive | None = None

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"


SEALED: tuple[SealedColumn, ...] = (
    SealedColumn("customer", "sealed", "id", is_number=True, derive=customer_columns),
    SealedColumn("customer_identity", "sealed", "id", also=("kind", "channel"), derive=identity_columns),
    SealedColumn("customer_note", "sealed", "id"),
    SealedColumn("customer_merge", "sealed", "id"),
    SealedColumn("raw_order", "sealed", "digest", also=("channel",), derive=raw_order_columns),
    SealedColumn("order_file_order", "sealed", "id", derive=file_order_columns),
    SealedColumn("intake_secret", "sealed", "id"),
    SealedColumn("intake_marketplace", "sealed", "channel"),
    SealedColumn("order_address", "sealed", "order_id", is_number=True, derive=address_columns),
    SealedColumn("sales_invoice_buyer", "sealed", "invoice_id", is_number=True),
)
