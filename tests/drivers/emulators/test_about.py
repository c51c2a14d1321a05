"""What emulators say of themselves is what they do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from drivers.emulators.emulator import LINE_FAULTS, PROTOCOLS, BadCommand, about, make_emulator
from drivers.registry import Kind


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_has_the_faults_it_says_and_no_other(protocol: str) -> None:
    for fault in about(protocol).faults:
        emulator = make_emulator(protocol, lambda _: None)
        for on in (True, False):
            emulator.on_command({"do": "fault", "name": fault, "on": on})
    with pytest.raises(BadCommand):
        make_emulator(protocol, lambda _: None).on_command({"do": "fault", "name": "no such fault"})
    assert not set(about(protocol).faults) & set(LINE_FAULTS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_takes_the_commands_it_says_and_names_them_all_when_it_refuses_one(protocol: str) -> None:
    """A declared command without its arguments may be refused, but not as unknown."""
    with pytest.raises(BadCommand) as unknown:
        make_emulator(protocol, lambda _: None).on_command({"do": "no such command"})
    words = str(unknown.value)
    for command in about(protocol).commands:
        assert command in words
        try:
            make_emulator(protocol, lambda _: None).on_command({"do": command})
        except BadCommand as error:
            assert str(error) != words.replace("no such command", command)  # most need no arguments


def test_every_kind_of_device_has_one() -> None:
    assert {about(protocol).kind for protocol in PROTOCOLS} == {*Kind, None}


def test_the_list_has_a_line_for_each_with_its_commands_and_faults() -> None:
    listed = subprocess.run([sys.executable, "-m", "drivers.emulators", "--list"], capture_output=True, text=True, check=True)
    lines = {line.split()[0]: line for line in listed.stdout.splitlines()[:-1]}
    assert lines.keys() == PROTOCOLS.keys()
    assert "scale" in lines["nci"]
    assert lines["zpl"].endswith("commands: fault paper  faults: paper_out ribbon_out head_open paused mute quiet")
    assert listed.stdout.splitlines()[-1].endswith(f"faults: {' '.join(LINE_FAULTS)}")
