from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.__main__ import main
from edge_agent.config import load_config
from edge_agent.config_command import held
from edge_agent.desired import document_of
from edge_agent.facts import FactsDb
from edge_agent.state_lock import StateLock
from edge_agent.twin_store import TwinStore
from edge_agent.wire.messages import TwinDesired, TwinError
from tests.edge_agent.conftest import NO_BALLAST
from tests.edge_agent.test_app import write_config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return write_config(tmp_path, 1883, "sh-01", 7)


def set_by_the_controller(config: Path) -> None:
    document = document_of(load_config(config))
    document["settings"] = {"log_level": "DEBUG", "replica_seconds": 5}
    store = TwinStore(FactsDb(config.parent / "state" / "facts.db", NO_BALLAST))
    store.keep(TwinDesired(version=3, document=document))
    store.applied(3, document, [TwinError(key="device[1].address", code="wrong_value", message="no such line")], [])
    store._facts.close()


def said(capsys: pytest.CaptureFixture[str], config: Path, do: str) -> str:
    assert main(["config", "--config", str(config), do]) == 0
    return capsys.readouterr().out


def test_the_file_holds_until_the_controller_sets_something(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, config, "show")
    assert told.startswith("The file holds; the controller has set nothing.\n{")
    assert json.loads(told[told.index("{") :]) == document_of(load_config(config))
    assert not (config.parent / "state" / "facts.db").exists()  # looking leaves nothing behind
    assert said(capsys, config, "reset") == "The file holds already.\n"


def test_what_the_controller_set_is_shown_and_can_be_left(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_by_the_controller(config)
    told = said(capsys, config, "show")
    assert "Version 3 from the controller holds" in told
    assert "device[1].address: no such line (wrong_value)" in told
    assert held(load_config(config)).controller.replica_seconds == 5
    assert "The file holds from the next start on" in said(capsys, config, "reset")
    told = said(capsys, config, "show")
    assert told.startswith("The file holds.\nall of it: Somebody at the box went back to its configuration file")
    assert held(load_config(config)) == load_config(config)


def test_nothing_is_reset_under_a_running_agent(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_by_the_controller(config)
    lock = StateLock(config.parent / "state")
    assert main(["config", "--config", str(config), "reset"]) == 3
    assert "The agent runs. Stop it first" in capsys.readouterr().err
    assert "Version 3" in said(capsys, config, "show")
    lock.release()


def test_a_damaged_file_is_shown_as_if_nothing_was_set(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "state" / "facts.db").write_bytes(b"no database" * 100)
    assert "The file holds" in said(capsys, config, "show")
