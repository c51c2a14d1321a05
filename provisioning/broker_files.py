"""The broker's folder: what Mosquitto reads, from the CA's folder; written whole, and only over what was written before."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from grp import getgrnam
from os import geteuid
from pathlib import Path

from provisioning import mosquitto
from provisioning.authority import CERTIFICATE, REVOKED
from provisioning.errors import AlreadyThere, UnknownName
from provisioning.files import PUBLIC, SHARED, write_whole
from provisioning.register import Kind, Register

GROUP = "mosquitto"
_OPEN_TO_GROUP = 0o2770
"""The access list is all that the controller may write, where it is in the broker's group; what it writes stays the group's."""
_OURS = b"# Written by `shelfwire-provision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How many have rights now, and which boxes have none because the controller revoked them."""

    boxes: int
    gateways: int
    withdrawn: tuple[str, ...]


def write(ca: Path, folder: Path, register: Register, broker: str | None, listener: mosquitto.Listener) -> Written:
    """Everything.  Raises UnknownName (no such broker), AlreadyThere, OSError."""
    issued = register.newest(Kind.BROKER, broker)
    if issued is None:
        raise UnknownName(f"no certificate was issued to the broker{f' {broker!r}' if broker else ''}: `broker HOST` does it")
    source = ca / "brokers" / issued.name
    _check_ours(folder)
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    _give(folder)
    _put(folder / "broker.pem", (source / "broker.pem").read_bytes(), PUBLIC)
    _put(folder / "broker.key", (source / "broker.key").read_bytes(), SHARED)
    written = update(ca, folder, register)
    _put(folder / mosquitto.CONF, mosquitto.configuration(listener.folder or folder, listener).encode(), PUBLIC)
    return written


def update(ca: Path, folder: Path, register: Register) -> Written:
    """What changes with each box: access list, list of the revoked, the CA's certificate."""
    access = folder / mosquitto.ACCESS
    if not access.parent.exists():
        access.parent.mkdir(mode=0o770, parents=True)
        _give(access.parent)
        access.parent.chmod(_OPEN_TO_GROUP)
    withdrawn = tuple(mosquitto.withdrawn_boxes(access.parent))
    _put(folder / "ca.pem", (ca / CERTIFICATE).read_bytes(), PUBLIC)
    _put(folder / "ca.crl", (ca / REVOKED).read_bytes(), PUBLIC)
    _put(access, mosquitto.access_list(register, withdrawn).encode(), SHARED)
    boxes = {each.name for each in register.live(Kind.BOX)}
    return Written(
        boxes=len(boxes - set(withdrawn)),
        gateways=len({each.name for each in register.live(Kind.GATEWAY)}),
        withdrawn=tuple(box for box in withdrawn if box in boxes),
    )


def _check_ours(folder: Path) -> None:
    for name in (mosquitto.CONF, mosquitto.ACCESS):
        path = folder / name
        if path.exists() and not path.read_bytes().startswith(_OURS):
            raise AlreadyThere(f"{path} is not ours: name another folder, or move it away")


def _put(path: Path, content: bytes, mode: int) -> None:
    is_new = not path.exists()
    write_whole(path, content, mode)
    if is_new:
        _give(path)


def _give(path: Path) -> None:
    """To the broker's group, where there is one and we are root: it reads its files again after it gave up its rights."""
    if geteuid() != 0:
        return
    try:
        getgrnam(GROUP)
    except KeyError:
        return
    shutil.chown(path, group=GROUP)
