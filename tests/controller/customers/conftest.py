"""Every test of customers has keys."""

from __future__ import annotations

import pytest

from tests.controller.customers.keys import open_test_keys


@pytest.fixture
async def keys(database: str) -> None:
    """On each engine."""
    await open_test_keys()
