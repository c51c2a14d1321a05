"""Pictures of goods on the box: fetched when one is first shown, known by their hash, the ones shown last kept.

A picture's name is the SHA-256 of its bytes, so that a file needs no refresh and a wrong one is never shown.
"""

from __future__ import annotations

import asyncio
import hashlib
import http
import logging
import os
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_agent.controller_link import Controller, ControllerLink, ControllerSilent
from edge_agent.errors import AgentError

LARGEST: Final = 512 * 1024
"""Bytes of one picture; the controller's are some 20 kB."""
KEPT_BYTES: Final = 64 * 1024 * 1024
AGAIN_MS: Final = 60_000
"""After a picture could not be had, it is not asked for again for so long."""
_HASH = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


class ImageUnavailable(AgentError):
    """The controller cannot be asked, or has not got it: the page shows none."""

    code = "image_unavailable"


class ReplicaImages:
    """`fetch` gets the bytes of a hash; it blocks, and runs in a worker thread.  Files are used by one at a time."""

    def __init__(
        self, folder: Path, fetch: Callable[[str], bytes] | None, now_ms: Callable[[], int], limit: int = KEPT_BYTES
    ) -> None:
        self._folder = folder
        self._fetch = fetch
        self._now_ms = now_ms
        self._limit = limit
        self._sizes: OrderedDict[str, int] | None = None
        self._failed: dict[str, int] = {}
        self._turn = asyncio.Lock()

    async def image(self, digest: str) -> Path | None:
        """The file with this picture, fetched if it is not here yet; None: it cannot be had now.  Never raises."""
        if not _HASH.fullmatch(digest):
            return None
        async with self._turn:
            return await asyncio.to_thread(self._image, digest)

    # --- in a worker thread, one at a time -----------------------------------------------------------------------------------

    def _image(self, digest: str) -> Path | None:
        if self._sizes is None:
            self._sizes = self._found()
        file = self._folder / f"{digest}.webp"
        if digest in self._sizes and self._is_whole(file, digest):
            self._sizes.move_to_end(digest)
            os.utime(file)
            return file
        if self._fetch is None or self._now_ms() < self._failed.get(digest, 0):
            return None
        try:
            self._keep(file, self._checked(digest, self._fetch(digest)))
        except (ImageUnavailable, OSError) as error:
            _log.info("a picture cannot be shown: %s", error, extra={"image": digest})
            if len(self._failed) > 1000:
                self._failed.clear()
            self._failed[digest] = self._now_ms() + AGAIN_MS
            return None
        self._failed.pop(digest, None)
        return file

    def _found(self) -> OrderedDict[str, int]:
        """What is on disk, the one shown longest ago first."""
        try:
            files = [(file.stat(), file.stem) for file in self._folder.glob("*.webp")]
        except OSError:
            return OrderedDict()
        return OrderedDict((name, stat.st_size) for stat, name in sorted(files, key=lambda each: each[0].st_mtime_ns))

    def _is_whole(self, file: Path, digest: str) -> bool:
        try:
            return hashlib.sha256(file.read_bytes()).hexdigest() == digest
        except OSError:
            return False

    def _checked(self, digest: str, body: bytes) -> bytes:
        if hashlib.sha256(body).hexdigest() != digest:
            raise ImageUnavailable("the controller sent another picture than its hash says")
        return body

    def _keep(self, file: Path, body: bytes) -> None:
        """Whole or not at all; the pictures shown longest ago make room.  Raises OSError."""
        sizes = self._sizes if self._sizes is not None else OrderedDict[str, int]()
        sizes.pop(file.stem, None)
        while sizes and sum(sizes.values()) + len(body) > self._limit:
            oldest = next(iter(sizes))
            (self._folder / f"{oldest}.webp").unlink(missing_ok=True)
            del sizes[oldest]
        self._folder.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(body)
        part.rename(file)
        sizes[file.stem] = len(body)


def fetch_from(controller: Controller) -> Callable[[str], bytes]:
    """A `fetch` that asks the controller: ``GET {url}/box/v1/images/{hash}``."""
    link = ControllerLink(controller)

    def fetch(digest: str) -> bytes:
        try:
            answer = link.get(f"/box/v1/images/{digest}", limit=LARGEST, accept="image/webp")
        except ControllerSilent as error:
            raise ImageUnavailable(str(error)) from error
        if answer.status != http.HTTPStatus.OK:
            raise ImageUnavailable(f"the controller answered {answer.status} when asked for a picture")
        return answer.body

    return fetch
