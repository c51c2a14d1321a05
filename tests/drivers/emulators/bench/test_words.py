"""The bench has a word for everything that an emulator can be or have."""

from __future__ import annotations

import pytest

from drivers.emulators.bench.words import fault_labels, titles
from drivers.emulators.emulator import LINE_FAULTS, PROTOCOLS, about


def plain(text: str) -> str:
    return text


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_device_has_a_title_and_every_fault_a_label_of_its_own(protocol: str) -> None:
    what, labels = about(protocol), fault_labels(plain)
    faults = (*what.faults, *LINE_FAULTS)
    assert titles(plain)[what.kind]
    assert len({labels[fault] for fault in faults}) == len(faults)


def test_no_label_is_for_a_fault_that_nothing_has() -> None:
    assert fault_labels(plain).keys() == {*LINE_FAULTS}.union(*(about(protocol).faults for protocol in PROTOCOLS))
