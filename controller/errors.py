"""What the domain refuses.  `controller/http/errors.py` alone maps the categories to HTTP statuses.

DomainError
├── NotFound              the thing named does not exist
├── Conflict              the state of now forbids it; another state may allow it
│   ├── IllegalTransition the state table has no such edge
│   └── StaleVersion      somebody changed it since it was read
├── Rejected              the request can never be right as it stands; nothing was written
└── Forbidden             this actor may not

Features add subclasses of these four in their own modules.  `code` is stable and travels to clients; the data are attributes.
"""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """Base.  The message says what happened and what was expected."""

    code: ClassVar[str] = "domain_error"

    @property
    def details(self) -> dict[str, object]:
        """The attributes, for a problem document."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


class NotFound(DomainError):
    code = "not_found"

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"there is no {what} {key!s}")
        self.what = what
        self.key = str(key)


class Conflict(DomainError):
    code = "conflict"


class IllegalTransition(Conflict):
    code = "illegal_transition"

    def __init__(self, state: str, action: str) -> None:
        super().__init__(f"cannot {action} what is {state}")
        self.state = state
        self.action = action


class StaleVersion(Conflict):
    code = "stale_version"

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"{what} {key!s} was changed by somebody else: read it again, then decide")
        self.what = what
        self.key = str(key)


class Rejected(DomainError):
    code = "rejected"


class Forbidden(DomainError):
    code = "forbidden"
