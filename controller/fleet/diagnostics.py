"""Diagnostics bundles of boxes: stored once per command, kept for a while, fetched by whoever may change boxes.

A bundle belongs to the command that asked for it, and comes from that command's own box.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from msgspec import Struct

from controller.db import execute, fetch, now
from controller.errors import Conflict, NotFound, Rejected
from controller.events import record
from controller.fleet.events import DiagnosticsFetched, DiagnosticsReceived

KEPT = timedelta(days=7)
KEPT_OF_A_BOX = 10
LARGEST = 2 * 1024 * 1024
"""Bytes of a bundle; the box keeps to it, too."""
COMMAND = "collect_diagnostics"


class BundleRefused(Rejected):
    """Not gzip, too large, or not the bytes that its digest names."""

    code = "bad_bundle"


class BundleDiffers(Conflict):
    """This command's bundle is here already, and it is another one."""

    code = "bundle_differs"

    def __init__(self, command: str) -> None:
        super().__init__(f"command {command} has its bundle already, with other bytes")
        self.command = command


class BundleView(Struct, frozen=True, kw_only=True):
    """A bundle as it is stored; `digest` is the SHA-256 of its bytes in hexadecimal."""

    command: str
    box: str
    received_at: datetime
    expires_at: datetime
    size: int
    digest: str


async def keep(command: str, content: bytes, digest: str, *, box: str | None, sites: frozenset[str] | None) -> None:
    """Store what a box made for a command; the same again is once.  `box`, `sites`: whom the sender may speak for, None: all.

    In the caller's transaction.  Records DiagnosticsReceived.  Raises NotFound, BundleRefused, BundleDiffers.
    """
    rows = await fetch(
        "SELECT c.box, b.site FROM command c JOIN box b ON b.id = c.box WHERE c.id = ? AND c.name = ? AND b.revoked_at IS NULL",
        *(command, COMMAND),
    )
    if not rows or (box is not None and rows[0]["box"] != box) or (sites is not None and rows[0]["site"] not in sites):
        raise NotFound("command", command)
    found = hashlib.sha256(content).hexdigest()
    if found != digest or len(content) > LARGEST or not content.startswith(b"\x1f\x8b"):
        raise BundleRefused(
            f"expected at most {LARGEST} bytes of gzip with the SHA-256 {digest[:64]!r}; there are {len(content)}, {found}"
        )
    owner, site = rows[0]["box"], rows[0]["site"]
    is_new = await execute(
        "INSERT INTO diagnostics (command, box, received_at, size, digest, content) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (command) DO NOTHING",
        *(command, owner, now(), len(content), found, content),
    )
    if not is_new:
        if (await bundle(command)).digest != found:
            raise BundleDiffers(command)
        return
    await execute(
        "DELETE FROM diagnostics WHERE box = ? AND command NOT IN "
        "(SELECT command FROM diagnostics WHERE box = ? ORDER BY received_at DESC, command DESC LIMIT ?)",
        *(owner, owner, KEPT_OF_A_BOX),
    )
    await record(DiagnosticsReceived(box=owner, command=command, size=len(content)), subject=owner, site=site)


async def bundles(box: str, *, after: str | None = None, limit: int = 50) -> list[BundleView]:
    """The newest first, by command."""
    older, values = ("", []) if after is None else ("AND command < ?", [after])
    rows = await fetch(
        f"SELECT command, box, received_at, size, digest FROM diagnostics WHERE box = ? {older} ORDER BY command DESC LIMIT ?",  # noqa: S608 -- ours
        *(box, *values, limit),
    )
    return [BundleView(**row, expires_at=row["received_at"] + KEPT) for row in rows]


async def bundle(command: str) -> BundleView:
    """Raises NotFound."""
    rows = await fetch("SELECT command, box, received_at, size, digest FROM diagnostics WHERE command = ?", command)
    if not rows:
        raise NotFound("diagnostics", command)
    return BundleView(**rows[0], expires_at=rows[0]["received_at"] + KEPT)


async def fetched(command: str, *, box: str, site: str) -> bytes:
    """Its bytes, and who took them is recorded in the caller's transaction.  Records DiagnosticsFetched.  Raises NotFound."""
    rows = await fetch("SELECT content FROM diagnostics WHERE command = ? AND box = ?", command, box)
    if not rows:
        raise NotFound("diagnostics", command)
    await record(DiagnosticsFetched(box=box, command=command), subject=box, site=site)
    return bytes(rows[0]["content"])
