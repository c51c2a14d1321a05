"""What every driver must survive, also those that nobody has written yet: the faults of all lines, on each model's emulator."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from random import Random

import pytest

from drivers.devices import LabelPrinter, POSPrinter, PrinterStatus, PrintProof, Readiness
from drivers.errors import DeviceUnavailable, DriverError
from drivers.registry import Over, find, models
from drivers.testing import GarbageFirst, Lossy, OneByteAtATime, Silent, Slow, Through, UnplugAfter
from drivers.transports.buffered import Pipe
from tests.drivers.every import CASES, copies_out, do_its_work, encoded, over_bytes, pair, works

MOST_SECONDS = 10.0
"""For all that one call of a driver may take: each wait in it is 1 s or less."""
SEEDS = range(6)
CUTS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)


@pytest.fixture(params=over_bytes())
def model(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_model_over_bytes_has_an_emulator() -> None:
    assert {name for name in models() if find(name).over is Over.BYTES} == set(CASES)


@pytest.mark.parametrize(
    "line", [None, OneByteAtATime, partial(Slow, seconds=0.0005), GarbageFirst], ids=["clean", "split", "slow", "garbage"]
)
def test_it_does_its_work_on_a_bad_line(model: str, line: Through | None) -> None:
    assert works(pair(model, line))


@pytest.mark.parametrize("seed", SEEDS)
def test_lost_bytes_give_typed_errors_only_and_a_good_line_heals_all(model: str, seed: int) -> None:
    random = Random(seed)
    switch = Switchable(lambda pipe: Lossy(pipe, random))
    one = pair(model, switch.attach)
    for _ in range(5):
        try:
            do_its_work(one)
        except DriverError:
            continue
    switch.is_on = False
    assert works(one)


@pytest.mark.parametrize("count", CUTS)
def test_unplugged_in_the_middle_and_plugged_in_again(model: str, count: int) -> None:
    one = pair(model, lambda pipe: UnplugAfter(pipe, count))
    with pytest.raises(DeviceUnavailable):
        for _ in range(200):
            try:
                do_its_work(one)
            except DeviceUnavailable:
                raise
            except DriverError:
                continue
    assert works(pair(model, pipe=one.pipe))


def test_silence_is_told_as_what_it_is_and_in_time(model: str) -> None:
    one = pair(model, Silent)
    began = time.monotonic()
    if isinstance(one.driver, POSPrinter | LabelPrinter):
        status: PrinterStatus = one.driver.status()
        assert status.readiness is Readiness.UNKNOWN
        document = encoded(one.driver)
        one.driver.send(document)
        with suppress(DriverError):  # it does not know, and says so
            assert one.driver.prove(document, 1.0) is PrintProof.WRITTEN
        assert copies_out(one.pipe) == 0
    else:
        with suppress(DriverError):
            assert not do_its_work(one)
    assert time.monotonic() - began < MOST_SECONDS


def test_two_of_a_kind_do_not_meet(model: str) -> None:
    first, second = pair(model), pair(model)
    for _ in range(3):
        assert works(first)
        assert works(second)


class Switchable:
    """A bad line that somebody mends."""

    def __init__(self, bad: Through) -> None:
        self._bad = bad
        self.is_on = True

    def attach(self, pipe: Pipe) -> Pipe:
        bad = self._bad(pipe)
        switch = self

        class Line:
            def send(self, data: bytes) -> None:
                (bad if switch.is_on else pipe).send(data)

            def receive(self, timeout: float) -> bytes:
                return (bad if switch.is_on else pipe).receive(timeout)

            def close(self) -> None:
                pipe.close()

        return Line()
