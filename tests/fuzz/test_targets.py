"""Any bytes into every decoder: only what its contract names comes out.

The same bytes each time; `make fuzz` goes on from here, guided by coverage, and looks for others.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import seeds, targets

_TARGETS = targets()


@pytest.mark.parametrize("name", _TARGETS)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=600))
def test_any_bytes(name: str, data: bytes) -> None:
    _TARGETS[name](data)


@pytest.mark.parametrize("name", _TARGETS)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_bytes_that_were_right_and_were_damaged(name: str, data: st.DataObject) -> None:
    known = seeds(name) or [b"]C1010950600013435210ABC"]
    seed = bytearray(data.draw(st.sampled_from(known)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(seed) - 1)))
        seed[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    _TARGETS[name](bytes(seed))
