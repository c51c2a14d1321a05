"""Pure decisions about people: what a role may do, who may give it, which PINs and passwords are taken, what a failure costs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise

from controller.http.routing import Permission
from controller.people.common_passwords import COMMON
from edge_agent.wire.roles import Role

MAX_NAME = 80
PIN_DIGITS = range(4, 9)
MIN_PASSWORD = 12
MAX_PASSWORD = 200
DISTINCT_CHARACTERS = 5
"""A password of fewer different characters is one key held down."""
TRIES = 5
"""The fifth failure in a row is the first that costs time."""
TRIES_OF_AN_ADDRESS = 20
"""A shop's browsers often share one address."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)


_FLOOR = frozenset(
    {
        Permission.PERSON,
        Permission.CATALOG_READ,
        Permission.SITES_READ,
        Permission.TASKS_READ,
        Permission.TASKS_WRITE,
        Permission.STOCK_READ,
        Permission.COUNTS_READ,
        Permission.COUNTS_WRITE,
        Permission.TRANSFERS_READ,
        Permission.PRICES_READ,
        Permission.DOCUMENTS_READ,
        Permission.PRINTS_READ,
        Permission.PRINTS_WRITE,
    }
)
_PICKER = _FLOOR | {Permission.ORDERS_READ, Permission.FULFILMENT_READ, Permission.FULFILMENT_WRITE}
_MANAGER = _PICKER | {
    Permission.CATALOG_WRITE,
    Permission.TASKS_MANAGE,
    Permission.STOCK_WRITE,
    Permission.COUNTS_PLAN,
    Permission.COUNTS_REVIEW,
    Permission.COUNTS_APPROVE,
    Permission.PURCHASING_READ,
    Permission.PURCHASING_WRITE,
    Permission.TRANSFERS_WRITE,
    Permission.SALES_READ,
    Permission.SALES_WRITE,
    Permission.PRICES_WRITE,
    Permission.SHIPPING_MANAGE,
    Permission.WAVES_MANAGE,
    Permission.REVIEW_READ,
    Permission.REVIEW_SERVICE,
    Permission.ORDERS_WRITE,
    Permission.PAYMENTS_READ,
    Permission.PAYMENTS_WRITE,
    Permission.PAYMENTS_APPROVE,
    Permission.CUSTOMERS_READ,
    Permission.CUSTOMERS_FIND,
    Permission.CUSTOMERS_REVEAL,
    Permission.CUSTOMERS_WRITE,
    Permission.FLEET_READ,
    Permission.EVENTS_READ,
    Permission.PEOPLE_READ,
}
_FINANCE = frozenset(
    {
        Permission.PERSON,
        Permission.CATALOG_READ,
        Permission.SITES_READ,
        Permission.TASKS_READ,
        Permission.STOCK_READ,
        Permission.COUNTS_READ,
        Permission.COUNTS_REVIEW,
        Permission.PURCHASING_READ,
        Permission.TRANSFERS_READ,
        Permission.SALES_READ,
        Permission.PRICES_READ,
        Permission.REVIEW_READ,
        Permission.REVIEW_FINANCE,
        Permission.REVIEW_RULES,
        Permission.ORDERS_READ,
        Permission.PAYMENTS_READ,
        Permission.PAYMENTS_WRITE,
        Permission.PAYMENTS_APPROVE,
        Permission.TAXES_WRITE,
        Permission.CUSTOMERS_READ,
        Permission.CUSTOMERS_FIND,
        Permission.DOCUMENTS_READ,
        Permission.EVENTS_READ,
    }
)
_IT = frozenset(
    {
        Permission.PERSON,
        Permission.CATALOG_READ,
        Permission.SITES_READ,
        Permission.TASKS_READ,
        Permission.TASKS_WRITE,
        Permission.DOCUMENTS_READ,
        Permission.DOCUMENTS_WRITE,
        Permission.PRINTS_READ,
        Permission.PRINTS_WRITE,
        Permission.FLEET_READ,
        Permission.FLEET_WRITE,
        Permission.EVENTS_READ,
    }
)
MACHINES_ONLY = frozenset({Permission.PUBLIC, Permission.BOX})
MAY: Mapping[Role, frozenset[Permission]] = {
    Role.FLOOR: _FLOOR,
    Role.PICKER: _PICKER,
    Role.MANAGER: _MANAGER,
    Role.FINANCE: _FINANCE,
    Role.IT: _IT,
    Role.ADMIN: frozenset(Permission) - MACHINES_ONLY,
}
"""The whole of it: what each role may do, where it is given."""
WEAKLY_PROVEN = _PICKER
"""What a log-in by badge and PIN opens at most: a badge can be found, and four digits be seen."""


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role at a site; `site` None: in the whole chain."""

    role: Role
    site: str | None = None


def permissions_by_site(grants: Iterable[Grant]) -> dict[str | None, frozenset[Permission]]:
    """What somebody may do, by site; under None, what they may do in the whole chain."""
    found: dict[str | None, frozenset[Permission]] = {}
    for grant in grants:
        found[grant.site] = found.get(grant.site, frozenset()) | MAY[grant.role]
    return found


def folded(name: str) -> str:
    """What two names must not share: written alike, they are one at the log-in (Unicode NFKC, case folded, spaces as one)."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and name.isprintable() and name == name.strip() and bool(folded(name))


def is_easy_pin(pin: str) -> bool:
    """One digit repeated, a pair repeated, or digits that go up or down by one (1234, 9876, 7890, 0987)."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return (len(steps) == 1 and steps <= {0, 1, 9}) or pin == pin[:2] * (len(pin) // 2)


def is_pin(pin: str) -> bool:
    return pin.isascii() and pin.isdigit() and len(pin) in PIN_DIGITS


class PasswordFlaw(StrEnum):
    """Why a password is refused."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"
    MONOTONOUS = "monotonous"
    NAME = "name"


def password_flaw(password: str, name: str) -> PasswordFlaw | None:
    """None if it is taken.  Length and guesses are what matters, not kinds of characters (NIST SP 800-63B, 5.1.1.2)."""
    plain = folded(password).replace(" ", "")
    if len(password) < MIN_PASSWORD:
        return PasswordFlaw.SHORT
    if len(password) > MAX_PASSWORD:
        return PasswordFlaw.LONG
    if any(plain == (word * (len(plain) // len(word) + 1))[: len(plain)] for word in COMMON) or _core(plain) in COMMON:
        return PasswordFlaw.COMMON
    if len(set(plain)) < DISTINCT_CHARACTERS:
        return PasswordFlaw.MONOTONOUS
    if folded(name).replace(" ", "") == _core(plain):
        return PasswordFlaw.NAME
    return None


def _core(plain: str) -> str:
    """Without the digits and signs that people put around a word."""
    return plain.strip("0123456789!@#$%^&*()-_=+.,?~ ")


def wait_after(failures: int, tries: int) -> timedelta:
    """How long to wait after so many failures in a row: none, then twice as long each time, up to a quarter of an hour."""
    if failures < tries:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(failures - tries, 16)), LONGEST_WAIT)
