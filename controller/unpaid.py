"""Orders whose money keeps them here are flagged `unpaid`, and let go once it is there.  It stands between payments and orders."""

from __future__ import annotations

from controller.events import Recorded
from controller.following import Follower
from controller.orders.money import flag_unpaid
from controller.payments.events import PaymentChanged, PaymentDue


async def _take(recorded: Recorded) -> None:
    await flag_unpaid(int(str(recorded.data["order_id"])))


FOLLOWER = Follower("unpaid", frozenset({PaymentDue.name, PaymentChanged.name}), _take)
