"""Options that a driver refuses are told before its device is there."""

from __future__ import annotations

import pytest

from drivers.dry_build import check_by_building
from drivers.errors import Unsupported
from drivers.registry import find, models
from tests.drivers.every import CASES


@pytest.mark.parametrize("model", models())
def test_right_options_need_no_device(model: str) -> None:
    check_by_building(find(model), CASES[model].options)


@pytest.mark.parametrize(
    ("model", "options", "told"),
    [
        ("scanner.serial", {"idle_ms": 5}, "expected 10 to 1000"),
        ("scanner.serial", {"framing": "suffix"}, "needs the option 'suffix'"),
        ("scanner.wedge", {"suffix": "text"}, "go together"),
        ("and.standard", {"digits": 99}, "digits is 0 to 12"),
        ("dialog.02", {"amount_step": 0}, "amount_step 1 or more"),
        ("scanner.hidpos", {"idle_ms": "5"}, "expected a whole number"),
    ],
)
def test_what_a_driver_refuses_is_told(model: str, options: dict[str, object], told: str) -> None:
    with pytest.raises(Unsupported, match=told):
        check_by_building(find(model), options)
