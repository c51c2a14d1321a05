"""The pages over HTTPS: a certificate of the company's, cookies that stay there, a renewal, the CA for tablets."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar, TCPConnector
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge_agent.floor import server
from edge_agent.floor.config import FloorConfig
from tests.doubles import FixedClock
from tests.edge_agent.floor.fake_box import FakeBox
from tests.servers import free_port


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "floor.crt", folder / "floor.key"
    cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return cert, private


def trusting(cert: Path) -> ClientSession:
    context = ssl.create_default_context(cafile=str(cert))
    return ClientSession(connector=TCPConnector(ssl=context), cookie_jar=CookieJar(unsafe=True))


@contextlib.asynccontextmanager
async def serving(config: FloorConfig) -> AsyncIterator[server.Floor]:
    floor = server.Floor(FakeBox(), config, FixedClock(), "b1")
    running = asyncio.create_task(floor.run())
    try:
        async with asyncio.timeout(10):
            while floor.port is None:
                await asyncio.sleep(0.01)
        yield floor
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_https_serves_the_pages_and_keeps_the_cookie(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "floor")
    config = FloorConfig(port=free_port(), cert=cert, key=key, root=cert)
    async with serving(config), trusting(cert) as session:
        async with session.get(f"https://127.0.0.1:{config.port}/floor/login") as response:
            assert response.status == 200
            assert response.headers["Strict-Transport-Security"].startswith("max-age=")
            cookie = response.cookies["__Host-floor"]
            assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Strict", "/")
        async with session.get(f"https://127.0.0.1:{config.port}/floor/root.crt") as response:
            assert response.headers["Content-Type"] == "application/x-x509-ca-cert"
            assert await response.read() == cert.read_bytes()


async def test_a_renewed_certificate_is_taken_without_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.05)
    cert, key = certificate(tmp_path, "first")
    config = FloorConfig(port=free_port(), cert=cert, key=key)
    async with serving(config):
        cert, key = certificate(tmp_path, "second")
        async with asyncio.timeout(10):
            while True:
                try:
                    async with trusting(cert) as session, session.get(f"https://127.0.0.1:{config.port}/floor/login") as response:
                        assert response.status == 200
                        break
                except OSError:
                    await asyncio.sleep(0.05)


async def test_a_port_that_is_taken_is_tried_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(server, "AGAIN_SECONDS", 0.05)
    port = free_port()
    other = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
    floor = server.Floor(FakeBox(), FloorConfig(port=port), FixedClock(), "b1")
    running = asyncio.create_task(floor.run())
    async with asyncio.timeout(10):
        while "cannot be served" not in caplog.text:
            await asyncio.sleep(0.01)
        other.close()
        await other.wait_closed()
        while floor.port is None:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    assert caplog.text.count("cannot be served") == 1
