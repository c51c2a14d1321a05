"""What can be wrong with what is bought."""

from __future__ import annotations

from controller.errors import Conflict, Rejected


class BadOrder(Rejected):
    code = "bad_purchase_order"


class BadSupplier(Rejected):
    code = "bad_supplier"


class BadNotice(Rejected):
    code = "bad_notice"


class BadCosts(Rejected):
    code = "bad_costs"


class BelowMinimum(Rejected):
    """`minimum` and `total` in minor units."""

    code = "below_order_minimum"

    def __init__(self, no: str, total: int, minimum: int) -> None:
        super().__init__(
            f"{no} comes to {total}, its supplier takes orders from {minimum} (minor units): approve it all the same, or add"
        )
        self.total = total
        self.minimum = minimum


class NotEditable(Conflict):
    code = "not_editable"

    def __init__(self, no: str, state: str) -> None:
        super().__init__(f"{no} is {state}; only a draft is changed")
        self.state = state


class NumberTaken(Conflict):
    code = "number_taken"
