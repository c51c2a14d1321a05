"""Facts of picking besides what was taken and what was not there: who has a pick list in hand, what is not fit to be sent.

They are listed in `edge_agent.wire.facts`.  Each names a symbol as it was read and counts the pack unit that the symbol names.
A list or a tote that nobody knows is no reason to refuse any of them.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta, Struct

from edge_agent.wire.messages import Gtin14, Positive, Symbol, Text

Tote = Annotated[str, Meta(min_length=1, max_length=64)]
"""The barcode of what is picked into; it belongs to nobody until a claim binds it to a list."""


class PickClaimed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody has the pick list in hand from now on, and picks it into `tote`, if that was scanned.

    It is granted where nobody else has the list.  `takes_over`: the person was told who has it, and takes it all the same.
    """

    name: ClassVar[str] = "pick_claimed"
    version: ClassVar[int] = 1
    pick_list: Text
    tote: Tote | None = None
    takes_over: bool = False


class PickUnclaimed(Struct, frozen=True, kw_only=True):
    """Whoever claimed the list with the fact `claim` has it no more; what they picked of it stays picked."""

    name: ClassVar[str] = "pick_unclaimed"
    version: ClassVar[int] = 1
    pick_list: Text
    claim: UUID


class PickDamaged(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods that a pick list wants lay in `bin` and are not fit to be sent: they went to quarantine; the list wants others.

    `measure` as of `picked`.
    """

    name: ClassVar[str] = "pick_damaged"
    version: ClassVar[int] = 1
    pick_list: Text
    symbol: Symbol
    gtin: Gtin14 | None = None
    quantity: Positive
    reason: Text
    bin: Text | None = None
    lot: Text | None = None
    expiry: date | None = None
    serial: Text | None = None
    measure: Positive | None = None
