"""The agent inside the guest, as systemd runs it: our unit, our user, our udev rules."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drivers.documents.templates import content_version
from tests.device.guest import BROKER_HOST, BROKER_PORT, CODE, PYTHON, Guest

SITE, BOX = "dv-01", "b1"
_STATE = "/var/lib/shelfwire-agent"
_PROGRAM = "/opt/shelfwire/bin/shelfwire-agent"
_HEAD = f"""
[box]
id = "{BOX}"
site = "{SITE}"
state_dir = "{_STATE}"
[broker]
host = "{BROKER_HOST}"
port = {BROKER_PORT}
[limits]
ballast_bytes = 65536
"""
TEMPLATE = json.dumps(
    {
        "name": "long-receipt",
        "kind": "receipt",
        "fields": {"name": {"type": "text", "about": "Printed first"}},
        "parts": [
            {"type": "line", "text": "{name}"},
            *({"type": "line", "text": f"{number:4d} {'=' * 40}"} for number in range(400)),
        ],
    }
).encode()
VERSION = content_version(TEMPLATE)


def device(name: str, kind: str, model: str, address: str, options: str = "{}") -> str:
    """A ``[[device]]`` of the configuration."""
    return f'[[device]]\nid = "{name}"\nkind = "{kind}"\nmodel = "{model}"\naddress = "{address}"\noptions = {options}\n'


@contextmanager
def running_agent(guest: Guest, *tables: str) -> Iterator[None]:
    """Its log goes to the test's output when it ends."""
    guest.vm.put(_PROGRAM, f'#!/bin/sh\nexec env {PYTHON} -m edge_agent "$@"\n', 0o755)
    guest.vm.put("/etc/shelfwire/agent.toml", _HEAD + "".join(tables))
    guest.vm.put(f"{_STATE}/templates/{VERSION}.json", TEMPLATE)
    guest.shell(f"chown -R shelfwire-agent: {_STATE}; chmod 700 {_STATE}")
    guest.shell(f"install -m 644 -t /etc/systemd/system {CODE}/systemd/shelfwire-agent.service && systemctl daemon-reload")
    guest.shell("systemctl start shelfwire-agent")
    try:
        yield
    finally:
        print(guest.shell("systemctl stop shelfwire-agent; journalctl -u shelfwire-agent --no-pager -o cat | tail -80"))
        guest.shell(f"rm -rf {_STATE}")


def asked(guest: Guest, *words: str) -> list[dict[str, Any]]:
    """What `shelfwire-agent devices …` says, run as root beside the agent."""
    said = guest.shell(f"{_PROGRAM} devices --json {shlex.join(words)}")
    return [json.loads(line) for line in said.splitlines()]
