"""The listener for boxes: `/box/v1` over TLS, a client certificate of our CA required, its serial looked up with each request.

Box and site come from our own record of the serial, never from the request: a box reads what is its own site's and no other's.
When a box is revoked, its open connections end with the commit.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from controller.config import BoxHttp
from controller.fleet.certificates import Revocation, holder_of, serial_of, watch_revocations
from controller.fleet.diagnostics import LARGEST
from controller.http.build import build
from controller.http.dispatch import IDENTIFY
from controller.http.errors import Problem
from controller.http.metrics import Metrics
from controller.http.routing import Actor, Permission, Route
from edge_agent.ui.listening import listening

LOOK_SECONDS = 60.0
"""How often the certificate's files are looked at: a renewed one serves the next connection."""
STOP_SECONDS = 5.0
MAX_BODY = LARGEST + 4096
"""A diagnostics bundle is the largest that a box sends."""

log = logging.getLogger(__name__)


class BoxDoor:
    """Who may come in, and who is in."""

    def __init__(self) -> None:
        self._inside: dict[str, set[asyncio.Transport]] = {}

    async def identify(self, request: web.Request) -> Actor:
        """The box whose certificate the connection has.  Raises Problem 403."""
        transport = request.transport
        serial = _serial(transport)
        holder = await holder_of(serial) if serial else None
        if holder is None or transport is None or serial is None:
            raise Problem(403, "certificate_refused", "This certificate is not registered here, or it was revoked.")
        self._remember(serial, transport)
        return Actor(name=holder.box, permissions=frozenset({Permission.BOX}), sites=frozenset({holder.site}), kind="box")

    def on_revoked(self, revocation: Revocation) -> None:
        """Connections of what was revoked end; one that is answered right now ends in its middle."""
        for serial in revocation.serials:
            for transport in self._inside.pop(serial, set()):
                transport.abort()

    def _remember(self, serial: str, transport: asyncio.Transport) -> None:
        inside = self._inside.setdefault(serial, set())
        inside.difference_update([each for each in inside if each.is_closing()])
        inside.add(transport)


def box_app(routes: Iterable[Route], metrics: Metrics, door: BoxDoor) -> web.Application:
    """The routes for boxes, and no other."""
    app = build([route for route in routes if route.permission is Permission.BOX], metrics=metrics, max_body=MAX_BODY)
    app[IDENTIFY] = door.identify
    return app


def server_context(config: BoxHttp) -> ssl.SSLContext:
    """Only clients of our CA get through the handshake.  Blocks.  Raises OSError (SSLError among them)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(config.ca)
    context.load_cert_chain(str(config.cert), config.key)
    return context


@asynccontextmanager
async def box_listener(config: BoxHttp, app: web.Application, door: BoxDoor) -> AsyncIterator[int]:
    """Listen while the block runs; the port.  Raises OSError."""
    forget = watch_revocations(door.on_revoked)
    try:
        context = await asyncio.to_thread(server_context, config)
        async with listening(app, config.host, config.port, stop_seconds=STOP_SECONDS, tls=context) as here:
            follower = asyncio.create_task(_follow(config, context), name="box http certificate")
            try:
                yield here.port
            finally:
                follower.cancel()
                await asyncio.wait([follower])
    finally:
        forget()


async def _follow(config: BoxHttp, context: ssl.SSLContext, every: float = LOOK_SECONDS) -> None:
    files = [path for path in (config.cert, config.key) if path is not None]
    seen: list[int] = []
    """Empty: what was loaded at the start; it may have been renewed since, so that the first look loads it once more."""
    while True:
        await asyncio.sleep(every)
        try:
            stamps = await asyncio.to_thread(_stamps, files)
            if stamps != seen:
                await asyncio.to_thread(context.load_cert_chain, str(config.cert), config.key)
                if seen:
                    log.info("the listener for boxes has its renewed certificate")
                seen = stamps
        except OSError as error:
            log.warning("the listener for boxes keeps its certificate: %s", error)


def _stamps(files: Iterable[Path]) -> list[int]:
    return [path.stat().st_mtime_ns for path in files]


def _serial(transport: asyncio.BaseTransport | None) -> str | None:
    secure = transport.get_extra_info("ssl_object") if transport is not None else None
    certificate = secure.getpeercert() if secure is not None else None
    return serial_of(str(certificate["serialNumber"])) if certificate else None
