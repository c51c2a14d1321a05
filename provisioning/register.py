"""What was issued: `register.json` in the CA's folder, the one record that lists, renewals and revocations go by."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from provisioning.errors import ProvisioningError, UnknownName
from provisioning.files import PRIVATE, write_whole

FILE = "register.json"


class Kind(StrEnum):
    """What a certificate is for: a box's own, its pages', the broker's, the listener for boxes, a gateway's own."""

    BOX = "box"
    FLOOR = "floor"
    BROKER = "broker"
    BOX_HTTP = "box-http"
    GATEWAY = "gateway"


class Issued(Struct, frozen=True, kw_only=True):
    """One certificate.  `serial` is hexadecimal; `name` is a box's id, a host's name, a gateway's id."""

    serial: str
    kind: Kind
    name: str
    site: str | None = None
    hosts: tuple[str, ...] = ()
    issued_at: datetime
    not_after: datetime
    revoked_at: datetime | None = None

    def ends_within(self, days: int, at: datetime) -> bool:
        return self.not_after - at < timedelta(days=days)


class Register(Struct, frozen=True, kw_only=True):
    """All of it, the oldest first."""

    issued: tuple[Issued, ...] = ()

    def live(self, kind: Kind, name: str | None = None) -> list[Issued]:
        """What is not revoked, of a kind, the newest last."""
        return [each for each in self.issued if each.kind is kind and each.revoked_at is None and name in (None, each.name)]

    def newest(self, kind: Kind, name: str | None = None) -> Issued | None:
        found = self.live(kind, name)
        return found[-1] if found else None

    def revoked(self) -> list[Issued]:
        return [each for each in self.issued if each.revoked_at is not None]

    def adding(self, *new: Issued) -> Register:
        return Register(issued=(*self.issued, *new))

    def revoking(self, name: str, at: datetime, *, serial: str | None = None) -> Register:
        """With every certificate of a name revoked, or with one of them.  Raises UnknownName."""
        hit = [each.serial for each in self.issued if each.name == name and serial in (None, each.serial)]
        if not hit:
            raise UnknownName(f"nothing was issued to {name!r}{f' with serial {serial}' if serial else ''}: see `list`")
        return Register(
            issued=tuple(
                msgspec.structs.replace(each, revoked_at=at) if each.serial in hit and each.revoked_at is None else each
                for each in self.issued
            )
        )


def load_register(folder: Path) -> Register:
    """Empty where none is.  Raises ProvisioningError when it cannot be read: it is never guessed."""
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Register)
    except FileNotFoundError:
        return Register()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProvisioningError(f"{path} cannot be read ({error}): put back your copy of it") from error


def save_register(folder: Path, register: Register) -> None:
    write_whole(folder / FILE, msgspec.json.format(msgspec.json.encode(register), indent=2) + b"\n", PRIVATE)
