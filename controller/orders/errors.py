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


class NotChangeable(Conflict):
    """It has gone too far for this change; `field` is what was to be changed."""

    code = "not_changeable"

    def __init__(self, order: str, field: str, why: str) -> None:
        super().__init__(f"{field} of {order} cannot be changed any more: {why}")
        self.order = order
        self.field = field


class ReleasedAlready(Conflict):
    """Somebody is fetching it."""

    code = "released_already"

    def __init__(self, order: str, sites: list[str]) -> None:
        super().__init__(f"{order} is released for picking at {', '.join(sites)}: its lines stay as they are; cancel it instead")
        self.order = order
        self.sites = sites


class NotMergeable(Conflict):
    """These orders cannot become one; `why` names what is different."""

    code = "not_mergeable"

    def __init__(self, order: str, into: str, why: str) -> None:
        super().__init__(f"{order} cannot be merged into {into}: {why}")
        self.order = order
        self.into = into


class NotUndoable(Conflict):
    """Something happened since, so that lines cannot go back where they came from."""

    code = "not_undoable"

    def __init__(self, order: str, into: str, why: str) -> None:
        super().__init__(f"lines that went from {order} to {into} cannot go back: {why}")
        self.order = order
        self.into = into
