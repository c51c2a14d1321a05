"""The way of a bundle to the controller: on disk first, sent until it is there, also after a restart.

A command's bundle is the file `diagnostics/<command>.tar.gz` of the state folder; it goes once the controller has it, or will never
take it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http
import logging
import os
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import quote

from edge_agent.controller_link import Controller, ControllerLink, ControllerSilent
from edge_agent.errors import AgentError

FOLDER: Final = "diagnostics"
ENDING: Final = ".tar.gz"
MOST_WAITING: Final = 3
"""Older ones go when more are asked for while the controller is away."""
FIRST_WAIT: Final = 15.0
LONGEST_WAIT: Final = 600.0
_COMMAND = re.compile(r"[A-Za-z0-9-]{1,64}")
_NEVER = frozenset({400, 404, 409, 413, 415, 422})
"""What the controller answers to a bundle that it will not take later, either."""

_log = logging.getLogger(__name__)


class NoController(AgentError):
    """This box has no controller to send a bundle to; `shelfwire-agent diagnostics -o FILE` makes one at the box."""

    code = "no_controller"


class Undelivered(Exception):
    """It is to be sent again later."""


class BundleSender:
    """`make` says the bundle's bytes; `controller` is asked over HTTP, in a thread."""

    def __init__(self, state_dir: Path, controller: Controller, make: Callable[[], Awaitable[bytes]], random: Random) -> None:
        self._folder = state_dir / FOLDER
        self._link = ControllerLink(controller) if controller.url else None
        self._make = make
        self._random = random
        self._wake = asyncio.Event()
        self.watching: Callable[[str], AbstractContextManager[None]] = lambda _: contextlib.nullcontext()

    async def collect(self, command: str) -> str:
        """Make it and keep it; what there is to say.  On return it is on disk.  Raises NoController."""
        if self._link is None or not _COMMAND.fullmatch(command):
            raise NoController("this box has no controller to send it to; make one at the box: shelfwire-agent diagnostics -o FILE")
        content = await self._make()
        await asyncio.to_thread(self._store, command, content)
        self._wake.set()
        return f"{len(content)} bytes are on their way to the controller"

    async def run(self) -> None:
        """Until cancelled."""
        wait = FIRST_WAIT
        while True:
            self._wake.clear()
            is_done = self._link is None or await self._send_all(self._link)
            wait = FIRST_WAIT if is_done else min(2 * wait, LONGEST_WAIT)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if is_done else wait * self._random.uniform(0.5, 1)):
                    await self._wake.wait()

    async def _send_all(self, link: ControllerLink) -> bool:
        for path in await asyncio.to_thread(self._waiting):
            try:
                with self.watching("diagnostics"):
                    await asyncio.to_thread(_send, link, path)
            except (Undelivered, OSError) as error:
                _log.info("a bundle waits for the controller: %s", error, extra={"bundle": path.name})
                return False
        return True

    # --- in a thread ---------------------------------------------------------------------------------------------------------

    def _waiting(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{ENDING}"), key=lambda path: path.stat().st_mtime)

    def _store(self, command: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        part = self._folder / f"{command}.part"
        with part.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / f"{command}{ENDING}")
        for old in self._waiting()[:-MOST_WAITING]:
            old.unlink(missing_ok=True)


def _send(link: ControllerLink, path: Path) -> None:
    """Send one, and let go of it once it is settled.  Raises Undelivered, OSError."""
    content, command = path.read_bytes(), path.name.removesuffix(ENDING)
    digest = hashlib.sha256(content).hexdigest()
    try:
        answer = link.put(
            f"/box/v1/diagnostics/{quote(command)}?sha256={digest}", content, media_type="application/gzip", key=command
        )
    except ControllerSilent as error:
        raise Undelivered(str(error)) from error
    if answer.status in _NEVER:
        _log.warning("the controller does not take a bundle", extra={"command": command, "status": answer.status})
    elif answer.status != http.HTTPStatus.NO_CONTENT:
        raise Undelivered(f"the controller answered {answer.status}")
    path.unlink(missing_ok=True)
