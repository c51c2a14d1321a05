"""The guest, and the rule that only naming this folder runs it: `make test` does not boot kernels, `make test-device` does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.device.guest import Guest, running_guest
from tests.device.rig import NoRig, Rig, load_rig
from tests.servers import Mosquitto

_HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    del collection_path
    named = [Path(config.invocation_params.dir, each.split("::")[0]).resolve() for each in config.args]
    return None if any(each.is_relative_to(_HERE) for each in named) else True


@pytest.fixture(scope="session")
def rig() -> Rig:
    try:
        return load_rig()
    except NoRig as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def shared_guest(rig: Rig, mosquitto: Mosquitto) -> Iterator[Guest]:
    with running_guest(rig, mosquitto.port) as guest:
        yield guest


@pytest.fixture
def guest(shared_guest: Guest) -> Iterator[Guest]:
    """The session's guest with nothing plugged in, before and after."""
    yield shared_guest
    shared_guest.unplug_all()
