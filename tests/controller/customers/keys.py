"""Keys of personal data for tests: a database without a key file."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from controller.customers import sealing
from controller.customers.key_file import MasterKey

MASTER = MasterKey("m-test", hashlib.sha256(b"a test's key").digest(), datetime(2026, 11, 22, tzinfo=UTC))


async def open_test_keys() -> None:
    """Make what is sealed work in the database that is connected."""
    await sealing.use_master_keys(MASTER)
