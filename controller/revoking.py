"""The broker's access list follows what is revoked here: a revoked box's block leaves it, and Mosquitto reads it again.

The list is a file that both may write (`[broker] access_file`).  Mosquitto is told by SIGHUP where its process is named
(`pid_file`) and ours to signal; elsewhere systemd watches the file (systemd/shelfwire-broker-reload.path).  State is compared, not
events counted, so that a kill in the middle, another process's revocation and a list written anew by provisioning all end right.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from controller.db import among, fetch, listing
from controller.fleet.certificates import revoked_boxes, watch_revocations
from provisioning.errors import ProvisioningError
from provisioning.mosquitto import reinstate, withdraw, withdrawn_boxes
from provisioning.telling import hang_up

LOOK_SECONDS = 1.0
"""How soon another process's revocation is seen; ours at once."""

log = logging.getLogger(__name__)


class BrokerRights:
    """`run` keeps the access list to what is revoked; what cannot be written now is tried again."""

    def __init__(self, access: Path, pid_file: Path | None) -> None:
        self._access = access
        self._pid_file = pid_file
        self._is_told = True
        self._trouble: str | None = None

    async def run(self) -> None:
        """Until cancelled."""
        wake = asyncio.Event()
        forget = watch_revocations(lambda _: wake.set())
        try:
            while True:
                wake.clear()
                await self._look()
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await wake.wait()
                except TimeoutError:
                    continue
        finally:
            forget()

    async def _look(self) -> None:
        try:
            await self.settle()
        except (OSError, ProvisioningError) as error:
            if str(error) != self._trouble:
                log.error("the broker's access list does not follow what is revoked: %s; it is tried again", error)  # noqa: TRY400 -- for IT
            self._trouble = str(error)
        except Exception:  # the worker's outermost loop: the database may be away
            log.exception("what is revoked could not be looked up; it is tried again")
        else:
            self._trouble = None

    async def settle(self) -> None:
        """Make the access list fit, and tell the broker if it changed.  Raises OSError, ProvisioningError."""
        revoked = await revoked_boxes()
        listed = set(await asyncio.to_thread(withdrawn_boxes, self._access.parent))
        back = await _sites_of(listed - revoked)
        if revoked - listed or back:
            self._is_told = False
            await asyncio.to_thread(self._write, revoked - listed, back)
        if not self._is_told:
            if self._pid_file is not None:
                await asyncio.to_thread(hang_up, self._pid_file)
            self._is_told = True

    def _write(self, revoked: set[str], back: dict[str, str]) -> None:
        for box in sorted(revoked):
            withdraw(self._access, box)
        for box, site in sorted(back.items()):
            reinstate(self._access, box, site)


async def _sites_of(boxes: set[str]) -> dict[str, str]:
    if not boxes:
        return {}
    rows = await fetch(f"SELECT id, site FROM box WHERE {among('id')}", listing(sorted(boxes)))  # noqa: S608 -- ours
    return {row["id"]: row["site"] for row in rows}
