"""Shops for tests of orders."""

from __future__ import annotations

import pytest

from controller.orders.seams import seams
from tests.controller.customers.keys import open_test_keys
from tests.controller.two_sites import TwoSites, from_both


@pytest.fixture
async def sites(database: str) -> TwoSites:
    """Two sites, sourced by `from_both`; all is approved; what is sealed works."""
    seams().source = from_both
    await open_test_keys()
    return await TwoSites.open()
