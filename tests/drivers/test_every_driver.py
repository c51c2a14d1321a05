"""What every driver must survive, also those that nobody has written yet: the faults of all lines, on each model's emulator."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from itertools import cycle
from random import Random

import pytest

from drivers.devices import LabelPrinter, POSPrinter, PrinterStatus, PrintProof, Readiness
from drivers.errors import DeviceUnavailable, DriverError
from drivers.registry import models
from drivers.testing import GarbageFirst, Lossy, OneByteAtATime, Silent, Slow, Through, UnplugAfter
from drivers.transports.buffered import Pipe
from tests.drivers.every import CASES, Overheard, copies_out, do_its_work, encoded, on_line, over_bytes, pair, works

MOST_SECONDS = 10.0
"""For all that one call of a driver may take: each wait in it is 1 s or less."""
MOST_HELD = 3.0
"""Seconds for all that one call of a driver listens to a device that never pauses; of a proof, beyond its own 0.3 s."""
SEEDS = range(6)
RANDOM = Random(1)
ARGUMENTS: Mapping[str, Callable[[object], object]] = {
    "encoded": encoded,
    "good": lambda _: True,
    "lines": lambda _: ["Tea", "4.50"],
    "timeout": lambda _: 0.3,
    "unit_price": lambda _: 199,
}
CUTS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)


@pytest.fixture(params=models())
def model(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_model_has_an_emulator() -> None:
    assert set(models()) == set(CASES)


def test_it_does_its_work(model: str) -> None:
    assert works(pair(model))


@pytest.mark.parametrize("name", over_bytes())
@pytest.mark.parametrize("line", [OneByteAtATime, partial(Slow, seconds=0.0005), GarbageFirst], ids=["split", "slow", "garbage"])
def test_it_does_its_work_on_a_bad_line(name: str, line: Through) -> None:
    assert works(pair(name, line))


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


@pytest.mark.parametrize("talk", ["noise", "its_own"])
def test_a_device_that_never_stops_talking_holds_no_call(model: str, talk: str) -> None:
    said = [RANDOM.randbytes(16) for _ in range(64)] if talk == "noise" else _said_at_work(model)
    line = Endless(said)
    driver = on_line(model, line)
    called = [name for name in dir(driver) if not name.startswith(("_", "encode_")) and callable(getattr(driver, name))]
    for method in (getattr(driver, name) for name in called):
        line.held_since = time.monotonic()
        with suppress(DriverError):
            method(**{name: ARGUMENTS[name](driver) for name in inspect.signature(method).parameters})
    assert called


def test_two_of_a_kind_do_not_meet(model: str) -> None:
    first, second = pair(model), pair(model)
    for _ in range(3):
        assert works(first)
        assert works(second)


def _said_at_work(name: str) -> list[bytes]:
    said: list[bytes] = []
    assert works(pair(name, lambda pipe: Overheard(pipe, said, from_device=True)))
    return said or [b"\0"]


class Endless:
    """A line whose other end says the same again and again, whatever it is told; fails when one call has listened too long."""

    def __init__(self, said: list[bytes]) -> None:
        self._said = cycle(said)
        self.held_since = 0.0

    def send(self, data: bytes) -> None:
        """Nobody listens."""

    def receive(self, timeout: float) -> bytes:
        del timeout
        assert time.monotonic() - self.held_since < MOST_HELD
        time.sleep(0.001)  # as fast as USB is polled
        return next(self._said)

    def close(self) -> None:
        """There is nothing to close."""


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
