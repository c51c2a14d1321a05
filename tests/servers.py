"""Mosquitto and PostgreSQL for tests and benches, each on loopback with a data folder and a port of its own."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

POSTGRES_USER = "postgres"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    """Until something listens; raises when the process ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before it listened on port {port}")
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port} after {seconds} s")


@dataclass
class Mosquitto:
    """A Mosquitto that a test may stop, kill and start again on the same port."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        config = self.folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 100000\n"
            f"max_queued_bytes 268435456\npersistence true\npersistence_location {self.folder}/\n"
        )
        binary = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or "mosquitto"
        # mosquitto drops root by itself to a user that cannot write here; it stays who we are instead
        with config.open("a") as file:
            file.write(f"user {'root' if os.geteuid() == 0 else os.environ.get('USER', 'nobody')}\n")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen([binary, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=log)
        wait_for_port(self.port, self.process)

    def stop(self, *, kill: bool = False) -> None:
        if self.process is None:
            return
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(10)
        self.process = None

    def wipe(self) -> None:
        """Forget the store: sessions, queues, retained messages."""
        for path in self.folder.glob("mosquitto.db*"):
            path.unlink()


@contextmanager
def running_mosquitto(folder: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(folder, free_port())
    broker.start()
    try:
        yield broker
    finally:
        broker.stop(kill=True)


def _postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise RuntimeError("PostgreSQL is not installed: run `make test`, it installs the Debian package `postgresql`")
    return found[-1].parent


@dataclass
class Postgres:
    """A PostgreSQL cluster on loopback."""

    folder: Path
    port: int
    bin: Path
    flushes: bool = True

    def _run(self, *command: str) -> None:
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        result = subprocess.run([*as_user, *command], capture_output=True, text=True, cwd="/", check=False)
        if result.returncode:
            raise RuntimeError(f"{command[0]} failed: {result.stdout}{result.stderr}")

    def create(self) -> None:
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run(
            str(self.bin / "initdb"),
            "-D",
            str(self.folder / "data"),
            "-U",
            POSTGRES_USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
        )

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "''",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "fsync": "on" if self.flushes else "off",
        }
        options = f"-p {self.port} " + " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run(
            str(self.bin / "pg_ctl"),
            "-D",
            str(self.folder / "data"),
            "-w",
            "-t",
            "30",
            "-l",
            str(self.folder / "log"),
            "-o",
            options,
            "start",
        )

    def stop(self, mode: str = "immediate") -> None:
        self._run(str(self.bin / "pg_ctl"), "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def url(self, database: str) -> str:
        return f"postgres://{POSTGRES_USER}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def fresh_database(self, like: str = "template1") -> Iterator[str]:
        """The address of a new database, dropped in the end whoever still uses it; `like`: the name of one that it is a copy of."""
        name = self.create_database(like)
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    def create_database(self, like: str = "template1") -> str:
        """Its name."""
        name = f"t_{secrets.token_hex(6)}"
        strategy = "WAL_LOG" if self.flushes else "FILE_COPY"
        asyncio.run(self._statement(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY {strategy}"))
        return name

    def drop_database(self, name: str) -> None:
        """Whoever still uses it."""
        asyncio.run(self._statement(f"DROP DATABASE {name} WITH (FORCE)"))

    async def _statement(self, sql: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        await connection.execute(sql)
        await connection.close()


@contextmanager
def running_postgres(*, flushes: bool = True) -> Iterator[Postgres]:
    """A new cluster under /tmp, so that PostgreSQL's own user can reach it.

    Without `flushes` it survives its own death but not the machine's; a test's database comes and goes in 50 ms instead of 2.5 s.
    """
    base = Path("/tmp") / f"shelfwire-pg-{secrets.token_hex(6)}"  # noqa: S108 -- pytest's folder is closed to the postgres user
    cluster = Postgres(base, free_port(), _postgres_bin(), flushes)
    try:
        cluster.create()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)
