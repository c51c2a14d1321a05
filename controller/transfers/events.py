"""What happens to transfers.  The subject is the transfer's number; recorded at both sites."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class TransferCreated(Event, frozen=True, kw_only=True):
    """`announced`: by the office; else a box told of one that nobody knew."""

    name: ClassVar[str] = "transfer_created"
    announced: bool
    from_site: str | None
    to_site: str | None


class TransferChanged(Event, frozen=True, kw_only=True):
    """It is in another state than before."""

    name: ClassVar[str] = "transfer_changed"
    state: str
    before: str


class TransferSettled(Event, frozen=True, kw_only=True):
    """Somebody decided what became of `quantity` base units that left and did not come, or came and had not left."""

    name: ClassVar[str] = "transfer_settled"
    sku_id: int
    decision: str
    quantity: int
    reason: str
