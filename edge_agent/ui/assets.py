"""Style sheets and scripts: read once, known by an address with their content's version, so that browsers keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
UI = ("edge_agent.ui", "static")
FOREVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """`packed`: the body in gzip."""

    body: bytes
    packed: bytes
    media_type: str
    version: str

    def caching(self, asked_version: str | None) -> str:
        """The Cache-Control of an answer to `?v=…`."""
        return FOREVER if asked_version == self.version else ASK_AGAIN


class Assets:
    """The files in `roots` (package, folder) and in their folders `vendor`; a later root's file replaces an earlier one's."""

    def __init__(self, roots: Sequence[tuple[str, str]], base: str) -> None:
        self._base = base
        self._assets = {file.name: _asset(file) for root in roots for file in _files(files(root[0]) / root[1])}

    def address(self, name: str) -> str:
        """What pages link to."""
        return f"{self._base}/{name}?v={self._assets[name].version}"

    def find(self, name: str) -> Asset | None:
        return self._assets.get(name)


def _files(folder: Traversable) -> Iterator[Traversable]:
    for file in folder.iterdir():
        if file.name == "vendor" and file.is_dir():
            yield from _files(file)
        elif file.is_file() and PurePosixPath(file.name).suffix in TYPES:
            yield file


def _asset(file: Traversable) -> Asset:
    body = file.read_bytes()
    media_type = TYPES[PurePosixPath(file.name).suffix]
    return Asset(body, gzip.compress(body, 9, mtime=0), media_type, hashlib.sha256(body).hexdigest()[:12])
