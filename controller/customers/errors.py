"""What customers refuse."""

from __future__ import annotations

from controller.errors import Conflict, NotFound, Rejected


class KeysUnavailable(Conflict):
    """The key of personal data is not here, or not the right one; `reason` says in words what is wrong with it."""

    code = "keys_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"personal data cannot be opened: {reason}")
        self.reason = reason


class SealBroken(Conflict):
    """A sealed value does not belong where it lies, or was changed, or is sealed by a key that this database does not have."""

    code = "seal_broken"

    def __init__(self, table: str, column: str, row: str) -> None:
        super().__init__(f"{table}.{column} of {row} cannot be opened: it was changed, moved, or sealed by a key that is gone")
        self.table = table
        self.column = column
        self.row = row


class BadCustomer(Rejected):
    """`field`: what is wrong."""

    code = "bad_customer"

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field


class CustomerGone(Conflict):
    """Merged into another one (`into`), or erased (None)."""

    code = "customer_gone"

    def __init__(self, customer: str, into: str | None) -> None:
        super().__init__(f"{customer} is merged into {into}" if into else f"{customer} is erased")
        self.customer = customer
        self.into = into


class BadMerge(Rejected):
    """These two cannot be merged."""

    code = "bad_merge"


class MergeOvertaken(Conflict):
    """What happened since keeps a merge from being undone."""

    code = "merge_overtaken"


class OrdersUnderWay(Conflict):
    """Somebody is erased when none of their orders is under way any more; `orders`: those that are, 20 at most."""

    code = "orders_under_way"

    def __init__(self, customer: str, orders: list[str]) -> None:
        super().__init__(
            f"{customer} has orders under way ({', '.join(orders)}): the request is noted, and done when they are closed"
        )
        self.customer = customer
        self.orders = orders


class NoSuchBuyer(NotFound):
    """No order has this number and was made with this telephone number or e-mail address."""

    def __init__(self, order: str) -> None:
        super().__init__("buyer of order", order[:40])


class BuyerIsCustomer(Conflict):
    """There is a record of this buyer: that is to be erased, and all that hangs on it goes."""

    code = "buyer_is_customer"

    def __init__(self, customer: str) -> None:
        super().__init__(f"the order is of {customer}: erase that customer")
        self.customer = customer


class BuyerUnderWay(Conflict):
    """A buyer without a record is erased when none of their orders is under way any more; `orders`: those that are."""

    code = "buyer_under_way"

    def __init__(self, orders: list[str]) -> None:
        super().__init__(f"orders are under way ({', '.join(orders)}): ask again when they are closed")
        self.orders = orders
