"""`keys new`, `keys rotate`, `keys check` as somebody types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.__main__ import main


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "controller.toml"
    path.write_text(f'data = "{tmp_path}/state"\n')
    return path


def keys(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["keys", *words, "--config", str(config)], catch_exceptions=False)


def test_a_key_is_made_checked_rotated_and_missed(config: Path, tmp_path: Path) -> None:
    """One database for all of it: the schema takes longer than the rest."""
    path = tmp_path / "state" / "keys" / "sealing.key"
    assert keys(config, "check").exit_code == 1, "there is none yet"
    assert "Keep a copy" in keys(config, "new").output
    assert path.stat().st_mode & 0o777 == 0o600
    first = keys(config, "check")
    assert (first.exit_code, first.output.count(": opens")) == (0, 2)
    again = keys(config, "new")
    assert (again.exit_code, "is there already" in again.output) == (1, True)
    rotated = keys(config, "rotate", "--hashes")
    assert (rotated.exit_code, "0 values sealed anew" in rotated.output) == (0, True)
    assert keys(config, "check").exit_code == 0
    path.chmod(0o644)
    assert "others may read" in keys(config, "check").output
    path.unlink()
    lost = keys(config, "rotate")
    assert (lost.exit_code, "put it back" in lost.output, path.exists()) == (1, True, False)
