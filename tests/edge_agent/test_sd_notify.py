from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.sd_notify import READY, STOPPING, notifier


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(5)
        yield listening


@pytest.mark.parametrize("is_abstract", [False, True])
def test_the_manager_hears_each_state_as_a_datagram(tmp_path: Path, is_abstract: bool) -> None:
    name = f"shelfwire-{secrets.token_hex(6)}"
    address, shown = (f"\0{name}", f"@{name}") if is_abstract else (str(tmp_path / "notify"), str(tmp_path / "notify"))
    with manager(address) as listening:
        notify = notifier({"NOTIFY_SOCKET": shown})
        notify(READY)
        notify(STOPPING)
        assert [listening.recv(100), listening.recv(100)] == [b"READY=1", b"STOPPING=1"]


@pytest.mark.parametrize(
    "environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}, {"NOTIFY_SOCKET": "/nowhere/at/all"}]
)
def test_without_a_manager_nothing_happens(environ: dict[str, str]) -> None:
    notifier(environ)(READY)


def test_a_manager_that_does_not_read_stops_nothing(tmp_path: Path) -> None:
    with manager(str(tmp_path / "notify")):
        notify = notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(5000):
            notify(READY)
