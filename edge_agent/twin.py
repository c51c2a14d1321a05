"""The twin of a box: what it is to be (desired, from the controller), made so without restarting what did not change, and reported.

    twin = Twin(file, stores.twin, disk, clock, inspect)     # `twin.config` is what holds: build everything from it
    twin.parts += [devices, answering, spooler, intake, …]   # told in this order of each change
    await twin.take(desired)                                 # on disk on return; the message may be acknowledged
    await twin.run()                                         # until cancelled: applies the newest, and reports

An older version is ignored.  A crash anywhere repeats a step: after a restart what was applied holds, and what was stored and not
applied is applied.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final, Protocol

from msgspec import Struct

from edge_agent.config import Config, Inspect
from edge_agent.desired import LARGEST, Reading, document_hash, document_of, read_desired
from edge_agent.disk import Disk
from edge_agent.errors import FactsCorrupt, OutboxFull
from edge_agent.seams import Clock, failpoint
from edge_agent.toml_table import Wrong
from edge_agent.twin_store import TwinStore
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import TwinDesired, TwinError, TwinReported

AGAIN_SECONDS: Final = 30.0
"""After a part failed to follow, it is tried again."""
MOST_ERRORS: Final = 40
MOST_GONE: Final = 200

_log = logging.getLogger(__name__)


class Follows(Protocol):
    """A part of the agent that follows the configuration while it runs."""

    async def reconfigure(self, config: Config) -> None:
        """Leave alone what did not change.  Again with the same is harmless."""
        ...


class Twin:
    """See the module's docstring.  `inspect` looks closer at devices that change, in a thread; None: nobody does."""

    def __init__(self, file: Config, store: TwinStore, disk: Disk, clock: Clock, inspect: Inspect | None = None) -> None:
        self._file = file
        self._store = store
        self._disk = disk
        self._clock = clock
        self._inspect = inspect
        self._stored = store.read()
        held = Reading(file) if self._stored.applied is None else read_desired(self._stored.applied, file, file)
        self.config = held.config
        """What holds."""
        self.parts: list[Follows] = []
        self.report: Callable[[TwinReported], None] = _nobody_is_told
        """Told whenever something of it changes."""
        self.working: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
        """Around each application of a configuration."""
        self._is_behind = self._stored.applied_version < self._stored.version or bool(held.errors)
        self._wake = asyncio.Event()

    @property
    def gone(self) -> tuple[str, ...]:
        """Devices that were configured once and are not now."""
        return tuple(_gone((*self._stored.gone, *_ids(self._file)), self.config))

    async def take(self, desired: TwinDesired) -> None:
        """The same again is answered by a report: whoever sends it may have missed the one before.

        Raises OutboxFull: it is not stored, and the controller sends it again.
        """
        if desired.version < self._stored.version:
            _log.debug("an older configuration is ignored", extra={"version": desired.version, "newest": self._stored.version})
            return
        if desired.version == self._stored.version:
            self._tell()
            return
        if await self._disk.run(lambda: self._store.keep(desired)):
            failpoint("twin.after_persist_before_apply")
            self._stored = await self._disk.run(self._store.read)
            self._is_behind = True
            self._tell()
            self._wake.set()

    async def run(self) -> None:
        """Until cancelled.  Raises FactsCorrupt."""
        self._tell()
        while True:
            self._wake.clear()
            if self._is_behind:
                with self.working():
                    await self._apply()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_SECONDS if self._is_behind else None):
                    await self._wake.wait()

    # --- inside --------------------------------------------------------------------------------------------------------------

    async def _apply(self) -> None:
        """Everything that is newer than what holds, in one go."""
        version = self._stored.version
        reading = await self._read()
        try:
            for part in self.parts:
                await part.reconfigure(reading.config)
        except FactsCorrupt:
            raise
        except Exception:  # noqa: BLE001 -- a part's mistake must not end the agent; it is tried again
            _log.exception("a new configuration could not be applied", extra={"version": version})
            self._tell([TwinError(key="", code="internal_error", message="The box made a mistake; it is in its log.")])
            return
        failpoint("twin.after_apply_before_persist")
        errors = tuple(_told(reading.errors))
        gone = _gone((*self.gone, *_ids(self.config)), reading.config)
        self.config = reading.config
        self._is_behind = not await self._persist(version, errors, gone)
        failpoint("twin.after_apply_before_report")
        self._stored = replace(self._stored, applied_version=version, errors=errors, gone=tuple(gone))
        if self._stored.version > version:
            self._is_behind = True
            self._wake.set()
        _log.info("the configuration is that of version %d", version, extra={"errors": len(errors)})
        self._tell()

    async def _persist(self, version: int, errors: tuple[TwinError, ...], gone: list[str]) -> bool:
        """False when the disk is full: it holds all the same, and is stored later."""
        try:
            await self._disk.run(lambda: self._store.applied(version, document_of(self.config), errors, gone))
        except OutboxFull as full:
            _log.warning("what the configuration is now could not be stored: %s", full, extra={"version": version})
            return False
        return True

    async def _read(self) -> Reading:
        document, before = self._stored.desired, self.config
        if document is None:
            return Reading(self._file)
        try:
            size = len(encode(_Sized(document=document)))
            if size > LARGEST:
                return Reading(before, (Wrong("", f"the document has {size} bytes; at most {LARGEST} fit", code="too_large"),))
            if self._inspect is None:
                return read_desired(document, self._file, before)
            return await asyncio.to_thread(read_desired, document, self._file, before, self._inspect)
        except RecursionError:  # it is stored by now: raised, it would be met again with each start
            return Reading(before, (Wrong("", "the document is nested too deeply", code="too_deep"),))

    def _tell(self, errors: Iterable[TwinError] | None = None) -> None:
        stored = self._stored
        self.report(
            TwinReported(
                version=stored.version,
                applied_version=stored.applied_version,
                at=self._clock.now(),
                document=document_of(self.config),
                errors=list(stored.errors if errors is None else errors),
                hash="" if stored.desired is None else document_hash(stored.desired),
            )
        )


class _Sized(Struct):
    document: dict[str, object]


def _told(errors: Iterable[Wrong]) -> list[TwinError]:
    told = [TwinError(key=wrong.key[:512], code=wrong.code, message=wrong.message[:512]) for wrong in errors]
    more = len(told) - MOST_ERRORS
    if more <= 0:
        return told
    return [*told[:MOST_ERRORS], TwinError(key="", code="more_errors", message=f"There are {more} more.")]


def _ids(config: Config) -> list[str]:
    return [device.id for device in config.devices]


def _gone(once: Iterable[str], config: Config) -> list[str]:
    """Those that are not any more, the latest last."""
    there = set(_ids(config))
    return [device for device in dict.fromkeys(once) if device not in there][-MOST_GONE:]


def _nobody_is_told(reported: TwinReported) -> None:
    del reported
