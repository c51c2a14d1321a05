"""What goes to a box: its configuration, keys and certificates as one tar, to be unpacked in /etc/shelfwire as it is."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from provisioning.files import PRIVATE, SHARED, write_whole

USER = "shelfwire-agent"
"""Whose group the files get where the tar is unpacked by root (systemd/sysusers.conf)."""
MEMBERS = ("agent.toml", "ca.pem", "box.pem", "box.key", "floor.pem", "floor.key")

_AGENT = """\
# Written by `shelfwire-provision box`.  Devices and stations: docs/configuration.md; `shelfwire-agent devices suggest` prints them.

[box]
id = "{box}"
site = "{site}"
state_dir = "/var/lib/shelfwire-agent"

[broker]
host = "{broker}"
port = {port}
ca = "ca.pem"
cert = "box.pem"
key = "box.key"

# Pages for the people of the store: https://{box}.local:8443/floor.  Tablets get the CA that they are to trust at /floor/root.crt.
[floor]
host = "0.0.0.0"
cert = "floor.pem"
key = "floor.key"
root = "ca.pem"
"""
_CONTROLLER_OF_BOX = """
# The same certificate opens the controller's listener for boxes.
[controller]
url = "{url}"
"""
_CONTROLLER = """\
# Written by `shelfwire-provision controller`; for the controller's own file.  Paths: where you put these files.

[broker]
host = "{broker}"
port = 8883
ca = "/etc/shelfwire/ca.pem"
cert = "/etc/shelfwire/gateway.pem"
key = "/etc/shelfwire/gateway.key"

[gateway]
id = "{gateway}"

[box_http]
host = "0.0.0.0"
port = 8443
ca = "/etc/shelfwire/ca.pem"
cert = "/etc/shelfwire/box-http.pem"
key = "/etc/shelfwire/box-http.key"
"""


def agent_toml(box: str, site: str, broker: str, port: int, controller: str) -> str:
    """A configuration that `shelfwire-agent` starts with; its files are beside it."""
    text = _AGENT.format(box=box, site=site, broker=broker, port=port)
    return text + _CONTROLLER_OF_BOX.format(url=controller) if controller else text


def controller_toml(gateway: str, broker: str) -> str:
    return _CONTROLLER.format(gateway=gateway, broker=broker)


def pack(folder: Path, target: Path) -> None:
    """The files of a box's folder; a key in it is the box's alone, so the tar is closed to others."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in MEMBERS:
            member = tarfile.TarInfo(name)
            content = (folder / name).read_bytes()
            member.size, member.mode = len(content), SHARED
            member.uname, member.gname = "root", USER
            member.mtime = int((folder / name).stat().st_mtime)
            tar.addfile(member, io.BytesIO(content))
    write_whole(target, packed.getvalue(), PRIVATE)
