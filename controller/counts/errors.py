"""What reviewing a count refuses."""

from __future__ import annotations

from datetime import datetime

from controller.db import Row
from controller.errors import Conflict, Forbidden, Rejected


class AlreadyDecided(Conflict):
    """Somebody was quicker; `by` as events name them, `name` as people know them."""

    code = "row_decided"

    def __init__(self, row: Row, name: str) -> None:
        super().__init__(f"{name} {row['state']} this at {row['decided_at']:%H:%M} UTC")
        self.state: str = row["state"]
        self.by: str = row["decided_by"]
        self.name = name
        self.at: datetime = row["decided_at"]


class ChangedMeanwhile(Conflict):
    """Late facts changed the difference since somebody looked; `variance` is what it is now."""

    code = "changed_meanwhile"

    def __init__(self, seen: int, variance: int) -> None:
        super().__init__(f"facts came in meanwhile: the difference is {variance:+d} now, not {seen:+d}; look at it again")
        self.variance = variance


class OwnCount(Forbidden):
    code = "own_count"

    def __init__(self, bin_: str) -> None:
        super().__init__(f"you counted bin {bin_}: somebody else decides about its differences")
        self.bin = bin_


class NeedsApproval(Forbidden):
    code = "needs_approval"

    def __init__(self, value_minor: int) -> None:
        super().__init__(f"a difference of {value_minor} minor units is above the limit: a manager decides about it")
        self.value_minor = value_minor


class WrongCount(Conflict):
    """`rows` is how many there are."""

    code = "wrong_count"

    def __init__(self, typed: int, rows: int) -> None:
        super().__init__(f"{rows} rows would be accepted, {typed} was typed: look at them, then type their number")
        self.rows = rows


class NotCountedYet(Conflict):
    """The session is still being counted."""

    code = "not_submitted"


class BadNote(Rejected):
    code = "bad_note"


class SamePerson(Forbidden):
    """A recount is another person's."""

    code = "same_person"

    def __init__(self, bin_: str) -> None:
        super().__init__(f"you counted bin {bin_} before: its recount is for somebody else")
        self.bin = bin_


class BadCount(Rejected):
    code = "bad_count"
