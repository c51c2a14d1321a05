"""What is known of each configured device beyond the configuration: which one stood there last, and what a symbol taught about it.

    state_dir/devices.json   {"version": 1, "devices": {"scale": {"identity": {…} | null, "learned": {…}}}}

Another device where one stood is not used until a person says that it takes over its name and role; the first one ever seen is
trusted.  Two of a kind without serial numbers cannot be told apart.  A file that cannot be read is set aside, loudly: all devices
are then trusted again, and what was learned must be learned again.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from drivers.udev import Identity

VERSION = 1
FILE = "devices.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`identity`: which device stood there last, None if none was ever seen.  `learned`: options that override the file's."""

    identity: Identity | None = None
    learned: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    version: int = VERSION
    devices: dict[str, Known] = field(default_factory=dict)


class KnownDevices:
    """Used from all devices' threads.  Without a `folder` nothing outlives the process.  Raises nothing."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = None if folder is None else folder / FILE
        self._turn = threading.Lock()
        self._devices = _load(self._path) if self._path is not None else {}

    def of(self, device: str) -> Known:
        with self._turn:
            return self._devices.get(device, Known())

    def sees(self, device: str, identity: Identity) -> Identity | None:
        """`identity` stands where `device` is configured.  The one that stood there before, if it was another one."""
        with self._turn:
            known = self._devices.get(device, Known())
            if known.identity is not None and not known.identity.is_same_device(identity):
                return known.identity
            if known.identity is not None and not identity.serial:
                identity = replace(identity, serial=known.identity.serial)  # it could not be asked this time
            self._put(device, replace(known, identity=identity))
            return None

    def confirm(self, device: str, identity: Identity) -> None:
        """A person says that `identity` is `device` from now on.  What the old one had learned is not the new one's."""
        with self._turn:
            self._put(device, Known(identity=identity))

    def learns(self, device: str, options: Mapping[str, object]) -> None:
        """Options that override the configuration's at the next opening."""
        with self._turn:
            known = self._devices.get(device, Known())
            self._put(device, replace(known, learned={**known.learned, **options}))

    def _put(self, device: str, known: Known) -> None:
        if self._devices.get(device) == known:
            return
        self._devices[device] = known
        if self._path is not None:
            try:
                _store(self._path, _File(devices=self._devices))
            except OSError as error:
                _log.warning("what is known of devices could not be stored: %s", error, extra={"device": device})


def _load(path: Path) -> dict[str, Known]:
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
        if file.version != VERSION:
            raise msgspec.ValidationError(f"version {file.version}, expected {VERSION}")
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        aside = path.with_suffix(".damaged")
        _log.exception("%s cannot be read and is set aside as %s: all devices are trusted again", path, aside, exc_info=error)
        try:
            path.replace(aside)
        except OSError as failed:
            _log.warning("it could not be set aside: %s", failed)
        return {}
    return file.devices


def _store(path: Path, file: _File) -> None:
    """All of it or the old one, whenever the power goes."""
    new = path.with_suffix(".new")
    owner = path.parent.stat()
    with new.open("wb") as opened:
        if os.geteuid() == 0:  # what root does here by hand must not shut the agent out
            os.fchown(opened.fileno(), owner.st_uid, owner.st_gid)
        opened.write(msgspec.json.format(msgspec.json.encode(file), indent=1))
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
