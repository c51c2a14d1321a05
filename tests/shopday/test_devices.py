"""What can stand on the demo's counter."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from drivers.devices import LineDisplay, Scale
from drivers.emulators.emulator import about
from drivers.registry import find, models
from drivers.testing import ScriptedTransport
from tests.shopday.devices import CHOICES, DISPLAY, KINDS, NONE, USUAL, Counter, add_arguments, counter_of, specs_of

NOT_THERE = {
    "hid.scale": "needs a kernel",
    "scanner.hidpos": "needs a kernel",
    "scanner.wedge": "needs a kernel",
    "brother.ql": "too narrow for a parcel label",
    "brother.pt": "too narrow for a parcel label",
    "escpos.label": "too narrow for a parcel label",
}
OFFERED = [(id_, model) for id_, choices in CHOICES.items() for model in choices if model != NONE]


@pytest.mark.parametrize(("id_", "model"), OFFERED)
def test_a_model_fits_its_place_its_emulator_and_its_options(id_: str, model: str) -> None:
    stand = CHOICES[id_][model]
    assert find(model).kind == KINDS[id_] == about(stand.protocol).kind
    driver = find(model).build(ScriptedTransport(), stand.options)
    assert isinstance(driver, Scale | LineDisplay) == (id_ in ("scale", "display"))


def test_every_model_is_offered_but_those_that_cannot_be() -> None:
    assert {model for _, model in OFFERED} | NOT_THERE.keys() == set(models())
    assert NOT_THERE.keys().isdisjoint(model for _, model in OFFERED)


def test_the_usual_counter_is_the_first_of_each_choice_and_a_display_can_be_left_out(tmp_path: Path) -> None:
    assert USUAL.models() == {id_: next(iter(choices)) for id_, choices in CHOICES.items()}
    without = Counter(display=NONE)
    assert DISPLAY not in without.models()
    assert [spec.id for spec in specs_of(without, tmp_path)] == [id_ for id_ in CHOICES if id_ != DISPLAY]


def test_what_is_chosen_stands_there_and_what_cannot_be_is_refused_with_what_can(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    chosen = counter_of(parser.parse_args(["--scale", "mt.sics", "--label-printer", "tspl", "--receipt-printer", "star.line"]))
    assert chosen == Counter(scale="mt.sics", labels="tspl", receipts="star.line")
    assert counter_of(parser.parse_args([])) == USUAL
    with pytest.raises(SystemExit):
        parser.parse_args(["--scale", "zpl"])
    refused = capsys.readouterr().err
    assert all(model in refused for model in CHOICES["scale"])
