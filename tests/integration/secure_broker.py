"""A Mosquitto with the configuration that provisioning writes, a CA of its own, and a client that may say anything."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from provisioning import broker_files
from provisioning.authority import Authority, Signed, Wanted, make_authority, now
from provisioning.issuing import Addresses, Desk
from provisioning.mosquitto import Listener
from provisioning.register import Kind
from tests.servers import free_port, wait_for_port

HOST = "localhost"
NOT_AUTHORIZED = 0x87
SECONDS = 5.0


@dataclass
class SecureBroker:
    """`folder/pki` is the CA's folder, `folder/broker` what Mosquitto reads; `seen_as`: its port where boxes are."""

    folder: Path
    hosts: tuple[str, ...] = (HOST, "127.0.0.1")
    seen_as: int | None = None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        (self.folder / "pki").mkdir(parents=True)
        self.authority = make_authority(self.folder / "pki", "Test CA", None, now())
        self.desk = Desk(self.folder / "pki", self.authority, now())
        self.desk.broker(self.hosts, 30)
        self.desk.controller([HOST, "127.0.0.1"], "controller", 30)

    def box(self, box: str, site: str) -> Path:
        addresses = Addresses(broker_port=self.seen_as or self.port, controller=f"https://{HOST}:8443")
        return self.desk.box(box, site, addresses, 30).folder

    def gateway(self) -> Path:
        return self.desk.folder_of(Kind.GATEWAY, "controller")

    def write(self, extra: str = "") -> None:
        """What `shelfwire-provision mosquitto` writes; `extra` rights are for the test itself."""
        target = self.folder / "broker"
        listener = Listener(port=self.port, address="127.0.0.1", store=self.folder)
        broker_files.write(self.folder / "pki", target, self.desk.register, None, listener)
        with (target / "access/shelfwire.acl").open("a") as file:
            file.write(extra)

    def start(self) -> None:
        config = self.folder / "mosquitto.conf"
        user = "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")  # else it leaves the test's folder to root alone
        config.write_text((self.folder / "broker/shelfwire.conf").read_text() + f"user {user}\npid_file {self.pid_file}\n")
        binary = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or "mosquitto"
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen([binary, "-v", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=log)
        wait_for_port(self.port, self.process)

    @property
    def pid_file(self) -> Path:
        return self.folder / "mosquitto.pid"

    def reload(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    # --- certificates of others ----------------------------------------------------------------------------------------------

    def client(self, folder: Path, name: str = "box") -> ssl.SSLContext:
        """A client's context with a certificate of this CA."""
        return context(self.folder / "pki/ca.pem", folder / f"{name}.pem", folder / f"{name}.key")

    def issued(
        self, common_name: str, *, at: datetime | None = None, days: int = 30, hosts: tuple[str, ...] = ()
    ) -> ssl.SSLContext:
        """A certificate of this CA that is in no register."""
        wanted = Wanted(kind=Kind.BOX, name=common_name, common_name=common_name, days=days, hosts=hosts)
        return self.holding(self.authority.issue(wanted, at or now()), common_name)

    def foreign(self, authority: Authority, common_name: str) -> ssl.SSLContext:
        """A certificate of another CA, by somebody who trusts ours."""
        return self.holding(authority.issue(Wanted(kind=Kind.BOX, name="x", common_name=common_name), now()), common_name)

    def holding(self, signed: Signed, name: str) -> ssl.SSLContext:
        folder = self.folder / f"other-{signed.issued.serial[:8]}"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.pem").write_bytes(signed.certificate)
        (folder / f"{name}.key").write_bytes(signed.key)
        return self.client(folder, name)


def context(ca: Path, cert: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(ca))
    if cert is not None:
        made.load_cert_chain(cert, key)
    return made


def of_tomorrow(authority: Authority) -> Authority:
    """The same key under a certificate that begins tomorrow: what it signs is not valid yet."""
    old, key = authority.certificate, authority._key
    begins = now() + timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begins).not_valid_after(begins + timedelta(days=300))
    return Authority(builder.sign(key, hashes.SHA256()), key)


@contextmanager
def running(broker: SecureBroker) -> Iterator[SecureBroker]:
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


class Refused(Exception):
    """No session came up: TLS or CONNACK said no."""


@dataclass(frozen=True)
class Will:
    topic: bytes
    payload: bytes


class RawClient:
    """MQTT 5 on a blocking socket, byte by byte (MQTT 5.0, sections 3.1 to 3.14).  Topics are bytes, so that they may be wrong."""

    def __init__(
        self,
        port: int,
        tls: ssl.SSLContext | None,
        client_id: str = "x",
        *,
        will: Will | None = None,
        user: str | None = None,
    ) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._number = 0
        self._rest = b""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                self._socket = tls.wrap_socket(self._socket, server_hostname=HOST)
            self._send(0x10, self._connect(client_id, will, user))
            kind, body = self._packet()
        except OSError as error:
            self._socket.close()
            raise Refused(str(error)) from error
        if kind != 0x20 or body[1] != 0:
            self._socket.close()
            raise Refused(f"CONNACK {body[1]:#x}")

    def publish(self, topic: bytes, payload: bytes, *, retain: bool = False) -> int:
        """The reason code of the PUBACK."""
        self._number += 1
        self._send(0x32 | retain, _text(topic) + self._number.to_bytes(2) + b"\0" + payload)
        body = self._until(0x40)
        return body[2] if len(body) > 2 else 0

    def publish_all(self, messages: Sequence[tuple[bytes, bytes]], *, retain: bool = False) -> None:
        """Like `publish`, at most a window at once, all answered on return."""
        for topic, payload in messages:
            self.publish(topic, payload, retain=retain)

    def subscribe(self, *filters: bytes) -> list[int]:
        self._number += 1
        self._send(0x82, self._number.to_bytes(2) + b"\0" + b"".join(_text(name) + b"\0" for name in filters))
        return list(self._until(0x90)[3:])

    def unsubscribe(self, *filters: bytes) -> list[tuple[str, bytes]]:
        """What was heard until the broker's answer: all that it had for us before."""
        self._number += 1
        self._send(0xA2, self._number.to_bytes(2) + b"\0" + b"".join(_text(name) for name in filters))
        self._until(0xB0)
        heard, self.heard = self.heard, []
        return heard

    def ping(self) -> None:
        self._send(0xC0, b"")
        self._until(0xD0)

    def send(self, raw: bytes) -> None:
        self._socket.sendall(raw)

    def is_closed_by_broker(self, seconds: float = SECONDS) -> bool:
        self._socket.settimeout(seconds)
        try:
            while True:
                self._packet()
        except TimeoutError:
            self._socket.settimeout(SECONDS)
            return False
        except OSError:
            self._socket.close()
            return True

    def leave(self) -> None:
        """With a DISCONNECT, so that no will is sent."""
        with suppress(OSError):
            self._send(0xE0, b"")
        self._socket.close()

    def die(self) -> None:
        """Without one."""
        self._socket.close()

    @staticmethod
    def _connect(client_id: str, will: Will | None, user: str | None) -> bytes:
        flags = 0x02 | (0x04 | 0x08 if will else 0) | (0x80 if user else 0)
        body = _text(b"MQTT") + bytes([5, flags]) + (60).to_bytes(2) + b"\0" + _text(client_id.encode())
        if will:
            body += b"\0" + _text(will.topic) + _text(will.payload)
        return body + (_text(user.encode()) if user else b"")

    def _send(self, kind: int, body: bytes) -> None:
        length, size = b"", len(body)
        while True:
            size, digit = size >> 7, size & 0x7F
            length += bytes([digit | (0x80 if size else 0)])
            if not size:
                break
        self._socket.sendall(bytes([kind]) + length + body)

    def _until(self, wanted: int) -> bytes:
        while True:
            kind, body = self._packet()
            if kind == wanted:
                return body

    def _packet(self) -> tuple[int, bytes]:
        kind, size, shift = self._take(1)[0], 0, 0
        while True:
            digit = self._take(1)[0]
            size |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        body = self._take(size)
        if kind & 0xF0 == 0x30:
            self._hear(kind, body)
        return kind, body

    def _hear(self, kind: int, body: bytes) -> None:
        length = int.from_bytes(body[:2])
        topic, rest = body[2 : 2 + length].decode(), body[2 + length :]
        if kind & 0x06:
            rest = rest[2:]
        self.heard.append((topic, rest[1 + rest[0] :]))

    def _take(self, count: int) -> bytes:
        while len(self._rest) < count:
            piece = self._socket.recv(65536)
            if not piece:
                raise ConnectionError("the broker closed the connection")
            self._rest += piece
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken


def _text(raw: bytes) -> bytes:
    return len(raw).to_bytes(2) + raw


def wait_until(condition: object, seconds: float = SECONDS) -> float:
    """Seconds until it holds."""
    assert callable(condition)
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.005)
    return time.monotonic() - began
