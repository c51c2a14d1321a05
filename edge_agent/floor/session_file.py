"""Sessions on disk, so that a restart of the agent logs nobody out: hashes of cookies, never cookies; mode 0600."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from edge_agent.salvage import create_private

_log = logging.getLogger(__name__)


class KeptSession(Struct, frozen=True, kw_only=True):
    """`key`: SHA-256 of the cookie, hex.  Times are boot times: they mean something until the machine starts again."""

    key: str
    person: str
    name: str
    language: str
    roles: tuple[str, ...]
    began_ms: int
    used_ms: int


class KeptSessions(Struct, frozen=True, kw_only=True):
    """`boot`: which start of the machine the times are of.  `secret`: what forms' tokens are made with, hex."""

    boot: str
    secret: str
    sessions: tuple[KeptSession, ...]


class SessionFile:
    """Both methods block and never raise: without a file people log in again, and that is all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_unkept = False

    def load(self, boot: str) -> KeptSessions | None:
        """None: there is none of this start of the machine; after a power cut people log in again."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=KeptSessions)
            bytes.fromhex(kept.secret + "".join(each.key for each in kept.sessions))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, msgspec.DecodeError) as error:
            _log.warning("sessions cannot be read; people log in again", extra={"file": str(self._path), "reason": str(error)})
            return None
        return kept if kept.boot == boot else None

    def save(self, kept: KeptSessions) -> None:
        part = self._path.with_suffix(".part")
        try:
            part.unlink(missing_ok=True)
            create_private(part)
            with part.open("wb") as out:
                out.write(msgspec.json.encode(kept))
                out.flush()
                os.fsync(out.fileno())
            part.rename(self._path)
            self._is_unkept = False
        except OSError as error:
            if not self._is_unkept:
                _log.warning("sessions are only in memory", extra={"file": str(self._path), "reason": str(error)})
            self._is_unkept = True
