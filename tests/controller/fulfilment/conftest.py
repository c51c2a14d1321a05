"""Shops for tests of fulfilment."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.orders.seams import SEAMS
from tests.controller.two_sites import TwoSites, from_both


@pytest.fixture
async def sites(database: str) -> AsyncIterator[TwoSites]:
    """Two sites, sourced by `from_both`."""
    before = SEAMS.source
    SEAMS.source = from_both
    yield await TwoSites.open()
    SEAMS.source = before
