"""One row that changes with whatever people set of reviews: what processes that remember it compare."""

from __future__ import annotations

import secrets

from controller.db import execute


async def renew_stamp() -> None:
    """Call it in every transaction that changes a setting.  A stamp is never used twice, not even by one that is rolled back."""
    await execute("UPDATE review_stamp SET stamp = ? WHERE id = 1", secrets.token_hex(16))
