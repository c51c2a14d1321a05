"""What payments refuse, beside what `controller/errors.py` names.  Amounts in minor units."""

from __future__ import annotations

from controller.errors import Conflict, Forbidden, Rejected


class BadPayment(Rejected):
    code = "bad_payment"


class CardNumberRefused(Rejected):
    """Something that looks like a card's number.  It is named by its field only: what was sent is repeated nowhere."""

    code = "card_number_refused"

    def __init__(self, field: str) -> None:
        super().__init__(
            f"`{field}` holds what looks like the number of a card: card numbers are stored nowhere here, leave it out"
        )
        self.field = field


class NotRefundable(Conflict):
    """More is to be refunded than is left of what was captured."""

    code = "not_refundable"

    def __init__(self, wanted: int, left: int) -> None:
        super().__init__(f"{wanted} minor units are to be refunded, and {left} are left to refund")
        self.wanted = wanted
        self.left = left


class NotCovered(Conflict):
    """A movement that what is there does not cover: more captured than authorised, more refunded than captured."""

    code = "not_covered"

    def __init__(self, payment: str, kind: str, amount: int) -> None:
        super().__init__(f"{payment}: {amount} minor units cannot be {kind}, what is there does not cover it")
        self.payment = payment
        self.kind = kind
        self.amount = amount


class OverTolerance(Conflict):
    """Weighed goods came to more than was agreed: the customer is asked."""

    code = "over_tolerance"

    def __init__(self, order: str, actual: int, most: int) -> None:
        super().__init__(f"{order} comes to {actual} minor units, and at most {most} were agreed: ask the customer")
        self.order = order
        self.actual = actual
        self.most = most


class CreditExceeded(Conflict):
    """A customer may not owe so much."""

    code = "credit_exceeded"

    def __init__(self, customer_id: int, wanted: int, left: int) -> None:
        super().__init__(f"{wanted} minor units on account of customer {customer_id}, who may owe {left} more")
        self.customer_id = customer_id
        self.wanted = wanted
        self.left = left


class SecondPersonNeeded(Forbidden):
    """Whoever asked for a refund does not approve it."""

    code = "second_person_needed"

    def __init__(self, refund: str) -> None:
        super().__init__(f"{refund} is above the limit: somebody else than who asked for it approves it")
        self.refund = refund


class OrderEnded(Conflict):
    """No more money is asked for an order that is cancelled."""

    code = "order_ended"

    def __init__(self, order: str) -> None:
        super().__init__(f"{order} is cancelled: nothing is to be paid for it any more")
        self.order = order
