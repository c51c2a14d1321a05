"""The limits of the automatic checks: one row, changed under its edition."""

from __future__ import annotations

from controller import events
from controller.db import fetch, transaction
from controller.errors import Conflict
from controller.review.events import ReviewLimitsChanged
from controller.review.policies import Limits, check_limits
from controller.review.stamps import renew_stamp


class LimitsMoved(Conflict):
    """Somebody changed them since they were looked at."""

    code = "review_limits_moved"


async def limits() -> tuple[Limits, int]:
    """With their edition; 0: nobody said any, these are those that the product comes with."""
    rows = await fetch("SELECT * FROM review_limits WHERE id = 1")
    if not rows:
        return Limits(), 0
    row = rows[0]
    found = Limits(
        price_above_bp=row["price_above_bp"],
        price_below_bp=row["price_below_bp"],
        discount_bp=row["discount_bp"],
        ratings=tuple(row["ratings"]),
        arrears_minor=row["arrears_minor"],
        address=bool(row["address"]),
    )
    return found, row["edition"]


async def set_limits(wanted: Limits, *, edition: int) -> int:
    """The edition after that; `edition`: of which one the change was made.  Records ReviewLimitsChanged.

    Raises BadLimits, LimitsMoved.
    """
    check_limits(wanted)
    values = (
        wanted.price_above_bp,
        wanted.price_below_bp,
        wanted.discount_bp,
        "".join(sorted(set(wanted.ratings))),
        wanted.arrears_minor,
        wanted.address,
    )
    async with transaction():
        if edition == 0:
            rows = await fetch(
                "INSERT INTO review_limits (id, price_above_bp, price_below_bp, discount_bp, ratings, arrears_minor, address, "
                "edition) VALUES (1, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (id) DO NOTHING RETURNING edition",
                *values,
            )
        else:
            rows = await fetch(
                "UPDATE review_limits SET price_above_bp = ?, price_below_bp = ?, discount_bp = ?, ratings = ?, arrears_minor = ?, "
                "address = ?, edition = edition + 1 WHERE id = 1 AND edition = ? RETURNING edition",
                *(*values, edition),
            )
        if not rows:
            raise LimitsMoved("the limits were changed meanwhile: look at them, then decide again")
        await renew_stamp()
        await events.record(ReviewLimitsChanged(edition=rows[0]["edition"]), subject="review_limits")
    return int(rows[0]["edition"])
