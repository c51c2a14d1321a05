"""Shops for tests of fulfilment."""

from __future__ import annotations

import pytest

from controller.orders.seams import seams
from tests.controller.two_sites import TwoSites, from_both


@pytest.fixture
async def sites(database: str) -> TwoSites:
    """Two sites, sourced by `from_both`."""
    seams().source = from_both
    return await TwoSites.open()
