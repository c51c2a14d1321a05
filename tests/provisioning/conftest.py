"""A CA of the test's own, by the command that IT runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from provisioning.__main__ import main

Provision = Callable[..., Result]


@pytest.fixture
def provision(tmp_path: Path) -> Provision:
    """`shelfwire-provision WORDS`; its exit status must be as expected."""

    def run(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(main, ["--folder", str(tmp_path / "pki"), *words], catch_exceptions=False)
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def shop(provision: Provision, tmp_path: Path) -> Path:
    """The CA's folder with a broker, a controller and a box."""
    provision("ca")
    provision("broker", "localhost", "127.0.0.1")
    provision("controller", "controller.shop.example")
    provision("box", "till-1", "--site", "sh-01")
    return tmp_path / "pki"
