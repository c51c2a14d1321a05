"""What all scale emulators share."""

from __future__ import annotations

from decimal import Decimal

import pytest

from drivers.emulators.emulator import BadCommand
from drivers.emulators.platter import PLATTER_FAULTS, Platter
from drivers.scales.units import Unit


@pytest.fixture
def platter() -> Platter:
    return Platter(lambda _: None, (Unit.KG, Unit.LB), (*PLATTER_FAULTS, "beeps"))


def put(platter: Platter, grams: str) -> None:
    platter.on_command({"do": "put", "grams": grams})


def test_what_is_put_is_reported() -> None:
    reports: list[object] = []
    platter = Platter(reports.append)
    put(platter, "1.5")
    platter.on_command({"do": "remove"})
    assert reports == [{"event": "platter", "grams": "1.5"}, {"event": "platter", "grams": "0"}]


def test_gross_net_and_zero(platter: Platter) -> None:
    put(platter, "100")
    assert platter.set_zero()
    put(platter, "300")
    assert platter.set_tare()
    put(platter, "350")
    assert (platter.gross, platter.net, platter.is_net, platter.is_at_zero) == (Decimal(250), Decimal(50), True, False)
    assert platter.clear_tare()
    assert (platter.net, platter.is_net) == (Decimal(250), False)


def test_nothing_is_set_in_motion_or_out_of_range(platter: Platter) -> None:
    put(platter, "5000")
    assert not platter.set_zero()
    platter.on_command({"do": "fault", "name": "motion"})
    assert not (platter.set_zero() or platter.set_tare() or platter.clear_tare())
    platter.on_command({"do": "fault", "name": "motion", "on": False})
    put(platter, "15001")
    assert platter.is_over
    assert not platter.set_tare()
    put(platter, "-301")
    assert platter.is_under
    assert not platter.set_tare()


def test_a_weight_is_shown_in_the_unit_with_its_places(platter: Platter) -> None:
    assert str(platter.in_unit(Decimal(1234))) == "1.234"
    assert str(platter.in_unit(Decimal("-0.1"))) == "0.000"
    platter.on_command({"do": "configure", "unit": "lb"})
    assert str(platter.in_unit(Decimal(1234))) == "2.72"
    platter.on_command({"do": "configure", "places": 4, "capacity_grams": "100"})
    assert str(platter.in_unit(Decimal(1234))) == "2.7205"
    put(platter, "101")
    assert platter.is_over


def test_mute_and_damaged_frames(platter: Platter) -> None:
    assert platter.spoiled(b"abc") == b"abc"
    platter.on_command({"do": "fault", "name": "damaged"})
    assert platter.spoiled(b"abc") == b"a&c"
    assert platter.spoiled(b"") == b""
    platter.on_command({"do": "fault", "name": "mute"})
    assert platter.spoiled(b"abc") == b""


@pytest.mark.parametrize(
    "command",
    [
        {"do": "put", "grams": "1e999"},
        {"do": "put", "grams": "1e12"},
        {"do": "configure", "unit": "g"},
        {"do": "configure", "places": "3"},
        {"do": "configure", "places": True},
        {"do": "fault", "name": "once"},
        {},
    ],
)
def test_wrong_commands_are_refused(platter: Platter, command: dict[str, object]) -> None:
    with pytest.raises(BadCommand):
        platter.on_command(command)


def test_an_emulators_own_faults_are_known(platter: Platter) -> None:
    platter.on_command({"do": "fault", "name": "beeps"})
    assert "beeps" in platter.faults
