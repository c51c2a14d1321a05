"""Each scale driver against its emulator in a process of its own, over a real pty and a real TCP connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import Pace, Scale, Tares, Weight, Zeroes
from drivers.emulators.emulator import BadCommand, Talks, make_emulator
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable, ProtocolViolation
from drivers.registry import open_device
from tests.drivers.running import RunningEmulator, running_emulator

MODELS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "nci": ("nci", {"digits": "WW.WWW", "unit": "kg"}),
    "mt.sics": ("mt_sics", {}),
    "toledo.8217": ("toledo_8217", {"unit": "kg"}),
    "toledo.continuous": ("toledo_continuous", {}),
    "cas.pdii": ("cas_pdii", {}),
    "cas.stream": ("cas_stream", {}),
}
WITHIN = 5.0


class OnPty:
    """The emulator of one model on a pty, which all tests of that model use; a test leaves it as it found it: at rest, empty."""

    def __init__(self, model: str, emulator: RunningEmulator) -> None:
        self.model = model
        self.emulator = emulator

    @contextmanager
    def driven(self) -> Iterator[tuple[RunningEmulator, Scale]]:
        self.emulator.tell("remove")
        self.emulator.tell("configure", every_ms=20)  # those that talk by themselves do it faster here
        with driven(self.model, self.emulator) as scale:
            yield self.emulator, scale


@pytest.fixture(scope="module", params=MODELS)
def on_pty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnPty]:
    with running_emulator(MODELS[request.param][0], pty=tmp_path_factory.mktemp("scale") / "one") as emulator:
        yield OnPty(request.param, emulator)


@contextmanager
def driven(model: str, emulator: RunningEmulator) -> Iterator[Scale]:
    with closing(open_device(model, emulator.address, MODELS[model][1])) as device:
        assert isinstance(device.driver, Scale)
        yield device.driver


def soon(scale: Scale, is_expected: Callable[[Weight], bool]) -> Weight:
    """A weight that is as expected; one that talks by itself may have sent others before."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        weight = scale.read_weight()
        if weight is not None and is_expected(weight):
            return weight
        assert scale.pace is Pace.STREAM, weight
    raise AssertionError("no such weight came")


def raises_soon(scale: Scale, error: type[Exception], *faults: str) -> None:
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        try:
            weight = scale.read_weight()
        except error as caught:
            assert getattr(caught, "faults", ()) == faults
            return
        assert scale.pace is Pace.STREAM, weight
    raise AssertionError(f"no {error.__name__} came")


def weighs(emulator: RunningEmulator, scale: Scale) -> None:
    for fault in ("split", "garbage", ""):
        emulator.tell("put", grams="1234")
        if fault:
            emulator.fault(fault)
        assert soon(scale, lambda weight: weight.grams == 1234).is_legal
        emulator.tell("remove")
        soon(scale, lambda weight: weight.grams == 0)
        if fault:
            emulator.fault(fault, on=False)
    emulator.fault("motion")
    soon(scale, lambda weight: not weight.stable)
    emulator.fault("motion", on=False)


def test_what_lies_on_the_scale_is_what_is_read(on_pty: OnPty) -> None:
    with on_pty.driven() as (emulator, scale):
        weighs(emulator, scale)
    with running_emulator(MODELS[on_pty.model][0]) as emulator, driven(on_pty.model, emulator) as scale:  # the same over TCP
        weighs(emulator, scale)


def test_faults_of_the_scale_and_of_the_line_have_their_errors(on_pty: OnPty) -> None:
    under = {"toledo.8217": "under_zero", "cas.pdii": "over_capacity"}.get(on_pty.model, "under_capacity")
    with on_pty.driven() as (emulator, scale):
        emulator.tell("put", grams="1234")
        for fault, error, faults in (
            ("over", DeviceFault, ("over_capacity",)),
            ("under", DeviceFault, (under,)),
            ("damaged", ProtocolViolation, ()),
        ):
            emulator.fault(fault)
            raises_soon(scale, error, *faults)
            emulator.fault(fault, on=False)
            assert soon(scale, lambda weight: weight.grams == 1234).stable


def test_unplugged_and_plugged_in_again(on_pty: OnPty) -> None:
    with on_pty.driven() as (emulator, scale):
        soon(scale, lambda weight: weight.grams == 0)
        emulator.fault("unplug")
        raises_soon(scale, DeviceUnavailable)
        emulator.tell("fault", name="unplug", on=False)
    with on_pty.driven() as (_, scale):
        soon(scale, lambda weight: weight.grams == 0)


def test_two_of_a_kind_do_not_mix(on_pty: OnPty, tmp_path: Path) -> None:
    with (
        on_pty.driven() as (first, one),
        running_emulator(MODELS[on_pty.model][0], pty=tmp_path / "two") as second,
        driven(on_pty.model, second) as two,
    ):
        first.tell("put", grams="100")
        second.tell("put", grams="200")
        first.fault("silence")
        soon(two, lambda weight: weight.grams == 200)
        first.fault("silence", on=False)
        soon(one, lambda weight: weight.grams == 100)


def test_zero_and_tare_where_the_protocol_has_them(on_pty: OnPty) -> None:
    with on_pty.driven() as (emulator, scale):
        if isinstance(scale, Tares):
            emulator.tell("put", grams="200")
            scale.tare()
            emulator.tell("put", grams="1234")
            assert soon(scale, lambda weight: weight.grams == 1034).is_net
            scale.clear_tare()
            assert not soon(scale, lambda weight: weight.grams == 1234).is_net
        if isinstance(scale, Zeroes):
            for grams in ("30", "0"):
                emulator.tell("put", grams=grams)
                scale.zero()
                soon(scale, lambda weight: weight.grams == 0)
            emulator.tell("put", grams="9000")
            with pytest.raises(DeviceFault):
                scale.zero()


def test_a_scale_that_talks_is_heard_without_lag(on_pty: OnPty) -> None:
    with on_pty.driven() as (emulator, scale):
        if scale.pace is not Pace.STREAM:
            return
        for every in (5, 100):
            emulator.tell("configure", every_ms=every)
            emulator.tell("put", grams="500")
            soon(scale, lambda weight: weight.grams == 500)
            started = time.monotonic()
            for _ in range(3):
                scale.read_weight()
            assert time.monotonic() - started < WITHIN / 2
        emulator.fault("mute")
        raises_soon(scale, DeviceTimeout)
        emulator.fault("mute", on=False)


@pytest.mark.parametrize("protocol", [protocol for protocol, _ in MODELS.values()])
def test_wrong_commands_are_refused(protocol: str) -> None:
    emulator = make_emulator(protocol, lambda _: None)
    wrong: list[dict[str, object]] = [
        {"do": "put", "grams": "much"},
        {"do": "put"},
        {"do": "configure", "unit": "stone"},
        {"do": "configure", "places": 9},
        {"do": "fault", "name": "paper_out"},
        {"do": "fault", "name": "motion", "on": 1},
        {"do": "explode"},
    ]
    for command in wrong:
        with pytest.raises(BadCommand):
            emulator.on_command(command)
    assert not isinstance(emulator, Talks) or emulator.tick_every > 0


@given(data=st.binary(max_size=60), cut=st.integers(0, 60))
def test_any_bytes_are_survived_in_any_pieces(data: bytes, cut: int) -> None:
    for protocol, _ in MODELS.values():
        whole, pieces = (make_emulator(protocol, lambda _: None) for _ in range(2))
        assert whole.on_bytes(data) == pieces.on_bytes(data[:cut]) + pieces.on_bytes(data[cut:])
