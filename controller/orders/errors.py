"""What orders refuse, beside what `controller/errors.py` names."""

from __future__ import annotations

from controller.errors import Conflict, Rejected


class ReferenceTaken(Conflict):
    """The channel sent another order under the same reference."""

    code = "reference_taken"

    def __init__(self, channel: str, reference: str, order: str) -> None:
        super().__init__(
            f"reference {reference} of channel {channel} is already {order}, with other lines: give the new order a new reference"
        )
        self.channel = channel
        self.reference = reference
        self.order = order


class BadOrder(Rejected):
    code = "bad_order"
