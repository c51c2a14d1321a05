"""The other end of a supplier: a small SMTP server (RFC 5321) and an HTTP server, which can be made to refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class MailServer:
    """Speaks enough of SMTP for smtplib.  `refusals`: answers to RCPT, each used once; `hang_up`: closes after DATA, once."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    hang_up: bool = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test ESMTP\r\n")
        while line := await reader.readline():
            verb = line.decode("ascii", "replace").strip().upper()
            if verb.startswith("DATA"):
                writer.write(b"354 go on\r\n")
                content = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
                self.mails.append(message_from_bytes(content.replace(b"\r\n..", b"\r\n."), policy=default))
                if self.hang_up:
                    self.hang_up = False
                    break
                writer.write(b"250 kept\r\n")
            elif verb.startswith("RCPT") and self.refusals:
                writer.write(f"{self.refusals.pop(0)}\r\n".encode())
            elif verb.startswith("QUIT"):
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()


@dataclass
class WebSupplier:
    """Keeps what was posted to it; `answers` are used one after the other, then 200 and an empty body."""

    address: str = ""
    posted: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.posted.append((dict(request.headers), await request.read()))
        status, body = self.answers.pop(0) if self.answers else (200, b"")
        return web.Response(status=status, body=body)


@asynccontextmanager
async def web_supplier() -> AsyncIterator[WebSupplier]:
    supplier = WebSupplier()
    app = web.Application()
    app.router.add_post("/orders", supplier.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    supplier.address = str(server.make_url("/orders"))
    try:
        yield supplier
    finally:
        await server.close()
