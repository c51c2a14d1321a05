"""What `devices` can say before there is a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.transports.opening import Address
from drivers.udev import Seen
from edge_agent.__main__ import main
from edge_agent.device_tools import alone


class NothingPlugged:
    def all(self) -> list[Seen]:
        return []

    def at(self, address: Address) -> Seen | None:
        del address
        return None


def test_what_is_plugged_in_is_told_before_there_is_a_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "find_udev", NothingPlugged)
    assert main(["devices", "--config", str(tmp_path / "none.toml"), "suggest"]) == 0
    assert "Devices on the network are not looked for" in capsys.readouterr().out
    assert main(["devices", "--config", str(tmp_path / "none.toml"), "list"]) == 2
    assert "there is no such file" in capsys.readouterr().err
