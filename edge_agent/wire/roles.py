"""What people are here to do: the controller gives the roles, the boxes' pages heed them."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """At a site, or in the whole chain."""

    FLOOR = "floor"
    PICKER = "picker"
    MANAGER = "manager"
    FINANCE = "finance"
    IT = "it"
    ADMIN = "admin"
