"""The faults that every line has, over every scale driver that works on bytes, with the frames of the manuals."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices import Scale
from drivers.errors import DeviceTimeout, DeviceUnavailable, DriverError, ProtocolViolation
from drivers.registry import find
from drivers.testing import GarbageFirst, Lossy, OneByteAtATime, ScriptedTransport, Silent, Slow, Step, Through, UnplugAfter
from tests.drivers.scales.test_cas_pdii import STABLE as CAS_FRAME
from tests.drivers.scales.test_cas_stream import LINE as CAS_LINE
from tests.drivers.scales.test_mt_sics import STABLE as SICS_ANSWER
from tests.drivers.scales.test_nci import ECR, GENERAL
from tests.drivers.scales.test_toledo_continuous import KG_1_234


@dataclass(frozen=True)
class Case:
    """A scale that has `grams` on it: what passes on its line, and how the driver is set up to refuse what lost a byte."""

    steps: tuple[Step, ...]
    grams: Decimal = Decimal(1234)
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes on the line, in both directions."""
        return sum(len(each or b"") for step in self.steps for each in step)


CASES = {
    "nci": Case(((b"W\r", GENERAL),), options={"digits": "WW.WWW", "unit": "kg"}),
    "nci (ECR)": Case(((b"W\r", ECR),), options={"digits": "WW.WWW", "unit": "kg"}),
    "mt.sics": Case(((b"SI\r\n", SICS_ANSWER),), Decimal(100), {"unit": "g"}),
    "toledo.8217": Case(((b"W", b"\x0201.234\r"),), options={"unit": "kg"}),
    "toledo.continuous": Case(((None, KG_1_234),)),
    "toledo.continuous (no checksum)": Case(((None, KG_1_234[:-1]),), options={"checksum": False}),
    "cas.pdii": Case(((b"\x05", b"\x06"), (b"\x11", CAS_FRAME))),
    "cas.stream": Case(((None, CAS_LINE),), Decimal(13_500)),
}


def scale_of(name: str, through: Through | None = None) -> Scale:
    case = CASES[name]
    scale = find(name.partition(" ")[0]).build(ScriptedTransport(*case.steps, through=through), case.options)
    assert isinstance(scale, Scale)
    return scale


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("through", [None, OneByteAtATime, Slow, GarbageFirst])
def test_split_slow_and_noisy_lines_give_the_weight(name: str, through: Through | None) -> None:
    weight = scale_of(name, through).read_weight()
    assert weight is not None
    assert weight.is_legal
    assert weight.grams == CASES[name].grams


class Impatient(OneByteAtATime):
    """A line that fails when something is waited for in vain."""

    def receive(self, timeout: float) -> bytes:
        received = super().receive(timeout)
        assert received or not timeout, "the driver waited although the answer was whole"
        return received


def test_a_weight_is_there_with_the_last_byte_of_its_answer(name: str) -> None:
    assert scale_of(name, Impatient).read_weight() is not None


def test_silence_is_a_timeout(name: str) -> None:
    with pytest.raises(DeviceTimeout):
        scale_of(name, Silent).read_weight()


def test_unplugged_in_the_middle_is_unavailable(name: str) -> None:
    for count in range(CASES[name].size):
        with pytest.raises(DeviceUnavailable):
            scale_of(name, lambda pipe, count=count: UnplugAfter(pipe, count)).read_weight()  # type: ignore[misc]  # a lambda's default


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32))
def test_lost_bytes_never_make_another_weight(seed: int) -> None:
    for name, case in CASES.items():
        with contextlib.suppress(ProtocolViolation, DeviceTimeout):
            weight = scale_of(name, lambda pipe: Lossy(pipe, Random(seed), one_in=6)).read_weight()
            assert weight is not None
            assert weight.grams == case.grams


@settings(max_examples=50)
@given(noise=st.binary(max_size=40), after=st.integers(1, 18))
def test_noise_inside_an_answer_gives_the_weight_or_an_error(noise: bytes, after: int) -> None:
    for name, case in CASES.items():
        *before, (sent, said) = case.steps
        said = said or b""
        transport = ScriptedTransport(*before, (sent, said[:after] + noise + said[after:]))
        scale = find(name.partition(" ")[0]).build(transport, case.options)
        assert isinstance(scale, Scale)
        with contextlib.suppress(DriverError):
            weight = scale.read_weight()
            assert weight is None or weight.raw


def test_after_a_damaged_answer_the_next_is_right(name: str) -> None:
    case = CASES[name]
    *before, (sent, said) = case.steps
    damaged = (said or b"").replace(b"3", b"\xff").replace(b"1", b"")
    transport = ScriptedTransport(*before, (sent, damaged), *case.steps)
    scale = find(name.partition(" ")[0]).build(transport, case.options)
    assert isinstance(scale, Scale)
    if sent is not None:  # one that talks by itself has sent the next already
        with pytest.raises((ProtocolViolation, DeviceTimeout)):
            scale.read_weight()
    weight = scale.read_weight()
    assert weight is not None
    assert weight.grams == case.grams
