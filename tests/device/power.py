"""A shop whose box loses its power: the agent in a guest on a disk that forgets what was not flushed, all else on this machine.

The guest boots, and systemd starts the agent with our unit.  Scanner and printer stand on the network, so that they outlive the
box.  The plug is pulled while a person scans and an office prints; then the same disk boots again.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from tests.chaos.world import BOX, LABELS, SCANNER, SITE, STATION, World, open_world
from tests.device.guest import BROKER_HOST, BROKER_PORT, CODE, PYTHON
from tests.device.rig import Rig, stage
from tests.servers import Mosquitto
from tests.shopday.programs import toml

STATE = "/var/lib/shelfwire-agent"
HTTP_PORT, SCANNER_PORT, PRINTER_PORT = 8080, 3301, 3302
READY_SECONDS = 60.0
"""A cold boot takes 10 s without KVM, the agent 5 s more, beside other work."""
_FSTAB = "project /mnt/project 9p ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose 0 0\n"
_COPY = f"import sqlite3; sqlite3.connect('{STATE}/facts.db').execute('VACUUM INTO ?', ('/run/facts.db',))"
_WAITING = "SELECT count(*) FROM outbox WHERE state = 'pending'"
_COUNT = f"import sqlite3; print(sqlite3.connect('{STATE}/facts.db').execute(\"{_WAITING}\").fetchone()[0])"

_CARELESS = """
import sqlite3
db = sqlite3.connect('/var/lib/careless.db', isolation_level=None)
db.execute('pragma journal_mode = wal'); db.execute('pragma synchronous = normal')
db.execute('create table if not exists t (n integer primary key)')
while True:
    print(db.execute('insert into t default values returning n').fetchone()[0], flush=True)
"""
_CARELESS_HAS = (
    "import sqlite3; print(sqlite3.connect('/var/lib/careless.db').execute('select coalesce(max(n), 0) from t').fetchone()[0])"
)


@dataclass
class Ended:
    """What the chaos tests ask of a process."""

    returncode: int | None = None


@dataclass
class PoweredBox:
    """The agent as the chaos tests' people see a program; killing it cuts the power.  `boots`: seconds of each."""

    vm: Any
    disk: Any
    mode: str
    scanner_port: int
    name: str = "agent"
    environment: dict[str, str] = field(default_factory=dict)
    process: Ended | None = None
    boots: list[float] = field(default_factory=list)
    careless_lost: int = 0
    """Rows that a writer beside the agent lost, which does not flush its commits (synchronous=NORMAL): what a cut can take here."""
    _careless: Any = None

    async def start(self) -> None:
        with _careless():
            await asyncio.to_thread(self.vm.start, cold=True)
        self.boots.append(self.vm.boot_seconds)
        self.process = Ended()
        if self._careless is not None:
            said = [int(line) for line in self._careless.buf.split(b"\n")[:-1]]
            self.careless_lost += max(said) - int(self.vm.run(["python3", "-c", _CARELESS_HAS]).out)
        self._careless = self.vm.spawn(["python3", "-c", _CARELESS])

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def is_connected_to_scanner(self) -> bool:
        """By this machine's own table of connections: the guest's come out of a relay here."""
        wanted = f":{self.scanner_port:04X}"
        lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        return any(line.split()[1].endswith(wanted) and line.split()[3] == "01" for line in lines)

    async def kill(self) -> None:
        """Cut the power.  Returns when nothing that the box said is on its way any more."""
        if not self.is_running or self.process is None:
            return
        await asyncio.to_thread(self.vm.power_cut)
        deadline = time.monotonic() + READY_SECONDS
        while self.is_connected_to_scanner():
            assert time.monotonic() < deadline, "the scanner's line is still open"
            await asyncio.sleep(0.05)
        while self._careless.rc is None:
            self._careless._take(READY_SECONDS)
        self.disk.cut(self.mode)
        self.process.returncode = -9

    async def wait_until(self, is_so: Any, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not is_so():
                await asyncio.sleep(0.1)

    def tail(self) -> str:
        if not self.is_running:
            return "(the power is off)"
        return str(self.vm.run("journalctl -u shelfwire-agent --no-pager -o cat | tail -40", check=False).out)


@dataclass
class PoweredWorld(World):
    """A `World` whose agent is in a guest."""

    @property
    def box(self) -> PoweredBox:
        return cast("PoweredBox", self.agent)

    def has_agent_the_scanner(self) -> bool:
        return self.box.is_running and self.box.is_connected_to_scanner()

    def waiting(self) -> int:
        return int(self.box.vm.run(["python3", "-c", _COUNT]).out)

    def fetch_facts(self) -> None:
        """The box's file as it is now, to where the oracle looks."""
        self.box.vm.run(["python3", "-c", f"import os; os.path.exists('/run/facts.db') and os.remove('/run/facts.db'); {_COPY}"])
        self.facts_db.parent.mkdir(exist_ok=True)
        self.facts_db.write_bytes(self.box.vm.get("/run/facts.db"))


@asynccontextmanager
async def open_powered_world(
    rig: Rig, folder: Path, broker: Mosquitto, *, seed: int, pieces: int, mode: str = "lose"
) -> AsyncIterator[PoweredWorld]:
    """All of it running, on a disk with a volatile cache.  `mode`: `lose` all that was not flushed, or a `random` part of it."""
    place = Path(tempfile.mkdtemp(prefix="shelfwire-power-"))
    stage(place / "project", rig.packages)
    image = place / "root.img"
    base = Path(rig.vm.CACHE) / "base.qcow2"
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", str(base), str(image)], check=True)
    disk = import_module("nbd_volatile").VolatileDisk(str(image), str(place / "nbd.sock"), seed)
    try:
        async with open_world(folder, broker, seed=seed, pieces=pieces, has_agent=False) as world:
            with _careless():
                box = _box(rig, place, disk, world, mode)
            powered = PoweredWorld(**{**vars(world), "agent": box})
            powered.scanner.changed, powered.printer.changed = powered.on_scanner, powered.on_printer
            try:
                await _install(powered)
                yield powered
            except Exception as error:
                with suppress(Exception):
                    error.add_note(box.tail())
                raise
            finally:
                with _careless():
                    await asyncio.to_thread(box.vm.quit)
    finally:
        disk.close()
        shutil.rmtree(place, ignore_errors=True)


def _box(rig: Rig, place: Path, disk: Any, world: World, mode: str) -> PoweredBox:
    ports = {name: int(device.address.rpartition(":")[2]) for name, device in ((SCANNER, world.scanner), (LABELS, world.printer))}
    http_port = int(world.api.url.rpartition(":")[2])
    forwards = [
        (BROKER_PORT, world.broker.port),
        (HTTP_PORT, http_port),
        (SCANNER_PORT, ports[SCANNER]),
        (PRINTER_PORT, ports[LABELS]),
    ]
    vm = rig.vm.VM(str(place / "vm"), project=str(place / "project"), guestfwd=forwards, disk=disk.drive)
    return PoweredBox(vm, disk, mode, ports[SCANNER])


async def _install(world: PoweredWorld) -> None:
    """Our unit, enabled: from the second boot on, nobody but systemd starts the agent."""
    box = world.box
    await box.start()
    vm = box.vm
    vm.mount_project()
    vm.put("/opt/shelfwire/bin/shelfwire-agent", f'#!/bin/sh\nexec env {PYTHON} -m edge_agent "$@"\n', 0o755)
    vm.put("/etc/shelfwire/agent.toml", _agent_toml())
    vm.put("/etc/shelfwire/box.token", (world.folder / "box.token").read_text(encoding="utf-8"), 0o644)
    vm.put("/etc/systemd/system/shelfwire-agent.service.d/code.conf", "[Unit]\nRequiresMountsFor=/mnt/project\n")
    vm.run(f"echo '{_FSTAB.strip()}' >> /etc/fstab; systemctl daemon-reload")
    vm.run(f"install -D -m 644 {CODE}/systemd/sysusers.conf /etc/sysusers.d/shelfwire.conf && systemd-sysusers")
    vm.run(
        f"install -m 644 -t /etc/systemd/system {CODE}/systemd/shelfwire-agent.service && systemctl enable --now shelfwire-agent",
        timeout=120,
    )
    vm.run("sync")
    await box.wait_until(box.is_connected_to_scanner, READY_SECONDS)


def _agent_toml() -> str:
    scanner = {"model": "scanner.serial", "options": {"sends_aim": True, "beeps_on_bel": True}}
    return toml(
        [
            ("[box]", {"id": BOX, "site": SITE, "state_dir": STATE}),
            ("[broker]", {"host": BROKER_HOST, "port": BROKER_PORT}),
            ("[controller]", {"url": f"http://{BROKER_HOST}:{HTTP_PORT}", "token_file": "/etc/shelfwire/box.token"}),
            ("[limits]", {"ballast_bytes": 1 << 20}),
            ("[[device]]", {"id": SCANNER, "kind": "scanner", "address": f"tcp:{BROKER_HOST}:{SCANNER_PORT}", **scanner}),
            ("[[device]]", {"id": LABELS, "kind": "label_printer", "address": f"tcp:{BROKER_HOST}:{PRINTER_PORT}", "model": "zpl"}),
            ("[[station]]", {"id": STATION, "scanner": SCANNER, "label_printer": LABELS}),
        ]
    )


@contextmanager
def _careless() -> Iterator[None]:
    """The rig leaves files to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
