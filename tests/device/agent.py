"""The agent inside the guest, as systemd runs it: our unit, our user, our udev rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.device.guest import BROKER_HOST, BROKER_PORT, CODE, PYTHON, Guest

SITE, BOX = "dv-01", "b1"
_HEAD = f"""
[box]
id = "{BOX}"
site = "{SITE}"
state_dir = "/var/lib/shelfwire-agent"
[broker]
host = "{BROKER_HOST}"
port = {BROKER_PORT}
[limits]
ballast_bytes = 65536
"""


def device(name: str, kind: str, model: str, address: str, options: str = "{}") -> str:
    """A ``[[device]]`` of the configuration."""
    return f'[[device]]\nid = "{name}"\nkind = "{kind}"\nmodel = "{model}"\naddress = "{address}"\noptions = {options}\n'


@contextmanager
def running_agent(guest: Guest, *tables: str) -> Iterator[None]:
    """Its log goes to the test's output when it ends."""
    guest.vm.put("/opt/shelfwire/bin/shelfwire-agent", f'#!/bin/sh\nexec env {PYTHON} -m edge_agent "$@"\n', 0o755)
    guest.vm.put("/etc/shelfwire/agent.toml", _HEAD + "".join(tables))
    guest.shell(f"install -m 644 -t /etc/systemd/system {CODE}/systemd/shelfwire-agent.service && systemctl daemon-reload")
    guest.shell("systemctl start shelfwire-agent")
    try:
        yield
    finally:
        print(guest.shell("systemctl stop shelfwire-agent; journalctl -u shelfwire-agent --no-pager -o cat | tail -60"))
        guest.shell("rm -rf /var/lib/shelfwire-agent")
