"""What happens to people.  Subject is the person's id; no name, badge, PIN or password is in any of them."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class PersonAdded(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "person_added"


class PersonChanged(Event, frozen=True, kw_only=True):
    """`fields`: which of `name` and `language` changed."""

    name: ClassVar[str] = "person_changed"
    fields: list[str]


class PersonRolesChanged(Event, frozen=True, kw_only=True):
    """Roles as `role@site`, `role@*` in the whole chain."""

    name: ClassVar[str] = "person_roles_changed"
    before: list[str]
    after: list[str]


class PersonDeactivated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "person_deactivated"


class PersonActivated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "person_activated"


class BadgeIssued(Event, frozen=True, kw_only=True):
    """The badge before, if there was one, opens nothing any more."""

    name: ClassVar[str] = "badge_issued"


class BadgeWithdrawn(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "badge_withdrawn"


class PinSet(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "pin_set"


class PasswordSet(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "password_set"


class LoggedIn(Event, frozen=True, kw_only=True):
    """`means`: `password` or `badge` (with its PIN)."""

    name: ClassVar[str] = "logged_in"
    means: str
    address: str


class LoggedOut(Event, frozen=True, kw_only=True):
    """`sessions`: how many ended."""

    name: ClassVar[str] = "logged_out"
    sessions: int


class LogInLocked(Event, frozen=True, kw_only=True):
    """Somebody tried too often; `failures` in a row, then `seconds` to wait.  Subject: the address it came from."""

    name: ClassVar[str] = "log_in_locked"
    failures: int
    seconds: int
