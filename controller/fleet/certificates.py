"""Certificates of boxes, and taking them back: who holds which, until when, and whether it still opens a door.

The controller keeps serials only; keys and the CA are provisioning's.  A revoked box is refused at every door of ours at once: what
it sends is kept for a person and not taken in (RELIABILITY 2, I9).  Its rights at the broker end with its block of the access list.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID
from msgspec import Struct

from controller.db import Row, after_commit, execute, fetch, now, transaction
from controller.errors import Conflict, NotFound, Rejected
from controller.events import record
from controller.fleet.events import BoxCertified, BoxLinkChanged, BoxRevoked

_watchers: set[Callable[[Revocation], None]] = set()


class Revocation(Struct, frozen=True):
    """What was taken back of a box: these certificates; none, when it was let in again."""

    box: str
    serials: tuple[str, ...]


class Holder(Struct, frozen=True):
    """Whose certificate it is, by our own record."""

    box: str
    site: str


class CertificateView(Struct, frozen=True, kw_only=True):
    """A box's certificate.  `serial` is hexadecimal."""

    box: str
    serial: str
    not_after: datetime
    registered_at: datetime
    revoked_at: datetime | None


class BadCertificate(Rejected):
    """No certificate, of another CA's form, or another box's."""

    code = "bad_certificate"


class CertificateTaken(Conflict):
    """The serial is known as another box's, or was revoked."""

    code = "certificate_taken"


def watch_revocations(watcher: Callable[[Revocation], None]) -> Callable[[], None]:
    """Have it called after the commit of each revocation in this process; returns how to end that."""
    _watchers.add(watcher)
    return lambda: _watchers.discard(watcher)


async def register_certificate(box: str, pem: str) -> CertificateView:
    """Let a box in with this certificate; the same again changes nothing.  With a new one a revoked box is in service again.

    Records BoxCertified.  Raises NotFound, BadCertificate, CertificateTaken.
    """
    serial, not_after = _read(box, pem)
    async with transaction():
        rows = await fetch("SELECT id, site, revoked_at FROM box WHERE id = ?", box)
        if not rows:
            raise NotFound("box", box)
        is_new = await execute(
            "INSERT INTO box_certificate (serial, box, not_after, registered_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (serial) DO NOTHING",
            *(serial, box, not_after, now()),
        )
        known = (await fetch("SELECT * FROM box_certificate WHERE serial = ?", serial))[0]
        if known["box"] != box or known["revoked_at"] is not None:
            raise CertificateTaken(f"certificate {serial} was revoked or is another box's: issue a new one")
        if is_new:
            await execute("UPDATE box SET revoked_at = NULL WHERE id = ?", box)
            await record(BoxCertified(box=box, serial=serial), subject=box, site=rows[0]["site"])
            if rows[0]["revoked_at"] is not None:
                _tell(Revocation(box, ()))
        return _view(known)


async def revoke(box: str, serial: str | None = None) -> None:
    """Take back a box with all its certificates, or one certificate; the same again changes nothing.

    Records BoxRevoked, BoxLinkChanged.  Raises NotFound.
    """
    async with transaction():
        rows = await fetch("SELECT site FROM box WHERE id = ?", box)
        if not rows:
            raise NotFound("box", box)
        site = rows[0]["site"]
        if serial is not None and not await fetch("SELECT 1 AS one FROM box_certificate WHERE serial = ? AND box = ?", serial, box):
            raise NotFound("certificate", serial)
        one, which = ("AND serial = ?", [serial]) if serial else ("", [])
        revoked = await fetch(
            f"UPDATE box_certificate SET revoked_at = ? WHERE box = ? AND revoked_at IS NULL {one} RETURNING serial",  # noqa: S608 -- ours
            *(now(), box, *which),
        )
        serials = tuple(sorted(str(row["serial"]) for row in revoked))
        is_changed = bool(serials)
        if serial is None:
            is_changed |= bool(await execute("UPDATE box SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", now(), box))
            if await execute("UPDATE box SET link = 'offline', since = ? WHERE id = ? AND link != 'offline'", now(), box):
                await record(BoxLinkChanged(box=box, link="offline"), subject=box, site=site)
        if is_changed:
            await record(BoxRevoked(box=box, serials=list(serials), is_whole=serial is None), subject=box, site=site)
        _tell(Revocation(box, serials))


async def holder_of(serial: str) -> Holder | None:
    """Whose certificate this is, if it opens a door now.  Asked with each request; nothing is remembered."""
    rows = await fetch(
        "SELECT b.id, b.site FROM box_certificate c JOIN box b ON b.id = c.box "
        "WHERE c.serial = ? AND c.revoked_at IS NULL AND b.revoked_at IS NULL AND c.not_after > ?",
        *(serial, now()),
    )
    return Holder(rows[0]["id"], rows[0]["site"]) if rows else None


async def revoked_boxes() -> set[str]:
    return {row["id"] for row in await fetch("SELECT id FROM box WHERE revoked_at IS NOT NULL")}


async def certificates(box: str) -> list[CertificateView]:
    """The newest first."""
    rows = await fetch("SELECT * FROM box_certificate WHERE box = ? ORDER BY registered_at DESC, serial", box)
    return [_view(row) for row in rows]


def serial_of(number: str) -> str:
    """As we keep it: small hexadecimal digits, without zeros before them."""
    return number.lower().lstrip("0")


def _read(box: str, pem: str) -> tuple[str, datetime]:
    """Raises BadCertificate."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        names = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except ValueError as error:
        raise BadCertificate("this is no certificate in PEM form") from error
    if names != [box]:
        raise BadCertificate(f"this certificate names {', '.join(names) or 'nobody'}, not box {box}")
    return f"{certificate.serial_number:x}", certificate.not_valid_after_utc


def _view(row: Row) -> CertificateView:
    return msgspec.convert(row, CertificateView)


def _tell(revocation: Revocation) -> None:
    def tell() -> None:
        for watcher in list(_watchers):
            watcher(revocation)

    after_commit(tell)
