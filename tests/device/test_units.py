"""Our units in a real systemd: ready is told, a kill is survived within seconds, a boot brings everything back with its state."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.mosquitto import Listener, configuration
from tests.device.guest import BROKER_HOST, BROKER_PORT, CODE, PYTHON, Guest, _careless, running_guest
from tests.device.rig import Rig
from tests.integration.secure_broker import RawClient, SecureBroker, running

BOX, SITE = "b1", "dv-02"
BACK_SECONDS = 5.0
"""From a kill until systemd has the next process; what it then loads takes long without KVM."""
READY_SECONDS = 180.0
STATE = "/var/lib/shelfwire-agent"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """A broker with TLS, under the address that the guest has for it."""
    shop = SecureBroker(tmp_path_factory.mktemp("units"), hosts=(BROKER_HOST, "localhost", "127.0.0.1"), seen_as=BROKER_PORT)
    shop.box(BOX, SITE)
    shop.write()
    with running(shop):
        yield shop


@pytest.fixture(scope="module")
def machine(rig: Rig, shop: SecureBroker) -> Iterator[Guest]:
    """A guest of its own, as it is booted anew: code, units and the box's bundle in it."""
    with running_guest(rig, shop.port) as guest:
        for name in ("agent", "controller"):
            package = "edge_agent" if name == "agent" else "controller"
            guest.vm.put(f"/opt/shelfwire/bin/shelfwire-{name}", f'#!/bin/sh\nexec env {PYTHON} -m {package} "$@"\n', 0o755)
            guest.shell(f"install -m 644 -t /etc/systemd/system {CODE}/systemd/shelfwire-{name}.service")
        guest.vm.put("/root/bundle.tar", (shop.folder / "pki/boxes" / f"{BOX}.tar").read_bytes())
        guest.shell("install -d -m 755 /etc/shelfwire && tar -C /etc/shelfwire -xf /root/bundle.tar && systemctl daemon-reload")
        guest.vm.put("/etc/shelfwire/controller.toml", '[http]\nhost = "127.0.0.1"\n')
        yield guest
        print(guest.shell("journalctl -u shelfwire-agent -u shelfwire-controller --no-pager -o short-monotonic | tail -60"))


def pid(guest: Guest, unit: str) -> int:
    return int(guest.shell(f"systemctl show -P MainPID {unit}"))


def heard_online(shop: SecureBroker) -> bool:
    """Whether the box's retained state says so."""
    ear = RawClient(shop.port, shop.client(shop.gateway(), "gateway"))
    ear.subscribe(f"shelfwire/1/{SITE}/{BOX}/_/state".encode())
    states = ear.unsubscribe(f"shelfwire/1/{SITE}/{BOX}/_/state".encode())
    ear.leave()
    return bool(states) and b'"online"' in states[-1][1]


def wait_online(shop: SecureBroker, seconds: float = READY_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not heard_online(shop):
        assert time.monotonic() < deadline, "the box did not come online"
        time.sleep(0.2)


def test_the_agent_is_active_once_it_says_so_and_connects_by_its_bundle(machine: Guest, shop: SecureBroker) -> None:
    began = time.monotonic()
    machine.vm.run("systemctl enable --now shelfwire-agent", timeout=READY_SECONDS)
    print(f"the agent was ready after {time.monotonic() - began:.1f} s")
    assert machine.shell("systemctl is-active shelfwire-agent").strip() == "active"
    assert "READY" not in machine.shell("journalctl -u shelfwire-agent -o cat --no-pager | grep -i 'not.*supported' || true")
    wait_online(shop)


def test_the_agent_killed_is_back_within_seconds_and_connects_with_a_clock_of_1970(machine: Guest, shop: SecureBroker) -> None:
    """As after a power cut of a box without a clock of its own."""
    killed = pid(machine, "shelfwire-agent")
    machine.shell("date -s '1970-01-02 00:00:00'")
    began = time.monotonic()
    machine.shell(f"kill -9 {killed}")
    machine.wait_for(f'p=$(systemctl show -P MainPID shelfwire-agent); [ "$p" != 0 ] && [ "$p" != {killed} ]', BACK_SECONDS + 2)
    took = time.monotonic() - began
    print(f"the agent's next process was there after {took:.1f} s")
    assert took <= BACK_SECONDS
    machine.wait_for("systemctl is-active -q shelfwire-agent", READY_SECONDS)
    machine.wait_for('journalctl -u shelfwire-agent -o cat --no-pager | grep -q "before its CA\'s beginning"', READY_SECONDS)
    machine.wait_for(connected_since(killed), READY_SECONDS)
    machine.shell(f"date -s @{int(time.time())}")
    wait_online(shop)


def connected_since(killed: int) -> str:
    """A shell test: another process than the killed one says that it is connected."""
    return f"journalctl -u shelfwire-agent -o short --no-pager | grep 'connected to the broker' | grep -qv '\\[{killed}\\]'"


def test_the_controller_runs_in_its_sandbox_and_is_back_after_a_kill(machine: Guest) -> None:
    began = time.monotonic()
    machine.vm.run("systemctl enable --now shelfwire-controller", timeout=READY_SECONDS)
    print(f"the controller was ready after {time.monotonic() - began:.1f} s")
    killed = pid(machine, "shelfwire-controller")
    assert "200" in machine.shell(asked("/healthz"))
    machine.shell(f"kill -9 {killed}")
    machine.wait_for(f'p=$(systemctl show -P MainPID shelfwire-controller); [ "$p" != 0 ] && [ "$p" != {killed} ]', BACK_SECONDS)
    machine.shell("systemctl disable --now shelfwire-controller")


def asked(path: str) -> str:
    code = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080{path}', timeout=30).status)"
    return f'python3 -c "{code}"'


def test_the_broker_runs_without_root_comes_back_and_follows_its_access_list(machine: Guest, shop: SecureBroker) -> None:
    """This machine's Mosquitto in the guest, as Debian's unit with our drop-in has it."""
    install_mosquitto(machine, shop)
    machine.shell("systemctl start mosquitto shelfwire-broker-reload.path")
    assert machine.shell(f"ps -o user= -p {pid(machine, 'mosquitto')}").split() == ["mosquitto"]
    assert "TLS" in machine.shell(GREETED)
    killed = pid(machine, "mosquitto")
    machine.shell(f"kill -9 {killed}")
    machine.wait_for("systemctl is-active -q mosquitto", BACK_SECONDS)
    assert pid(machine, "mosquitto") != killed
    machine.shell(f"cd {BROKER}/access && cp -p shelfwire.acl .new && mv .new shelfwire.acl")
    machine.wait_for("journalctl -u mosquitto -o cat --no-pager | grep -q 'Reloading config'", 15)
    assert "TLS" in machine.shell(GREETED)
    machine.shell("systemctl stop shelfwire-broker-reload.path mosquitto")


BROKER = "/var/lib/shelfwire-broker"
GREETED = f"""cd /etc/shelfwire && {PYTHON} -c "
import socket
from pathlib import Path
from edge_agent.wire.tls import Tls, client_context
context = client_context(Tls(ca=Path('ca.pem'), cert=Path('box.pem'), key=Path('box.key')))
with context.wrap_socket(socket.create_connection(('127.0.0.1', 8883), 30), server_hostname='localhost') as secure:
    print(secure.version())
" """


def install_mosquitto(machine: Guest, shop: SecureBroker) -> None:
    """The program and its libraries, which the guest has not; the broker's folder; units."""
    found = shutil.which("mosquitto", path="/usr/sbin:/usr/bin") or "mosquitto"
    machine.vm.put("/usr/sbin/mosquitto", Path(found).read_bytes(), 0o755)
    for line in subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout.splitlines():
        path = line.partition("=> ")[2].split(" ")[0]
        if path.startswith("/") and machine.vm.run(f"[ -e {path} ]", check=False).rc:
            machine.vm.put(path, Path(path).read_bytes())
    machine.shell("ldconfig; useradd --system --no-create-home mosquitto")
    machine.vm.put("/etc/systemd/system/mosquitto.service", Path("/lib/systemd/system/mosquitto.service").read_bytes())
    units = f"{CODE}/systemd"
    machine.shell(
        f"install -D -m 644 -t /etc/systemd/system/mosquitto.service.d {units}/mosquitto.service.d/shelfwire.conf && "
        f"install -m 644 -t /etc/systemd/system {units}/shelfwire-broker-reload.* && systemctl daemon-reload"
    )
    folder = shop.folder / "broker"
    for file in folder.rglob("*"):
        if file.is_file():
            machine.vm.put(f"{BROKER}/{file.relative_to(folder)}", file.read_bytes())
    machine.vm.put(f"{BROKER}/shelfwire.conf", configuration(Path(BROKER), Listener()).encode())
    machine.shell(f"chown -R root:mosquitto {BROKER} && chmod -R u=rwX,g=rX,o= {BROKER} && chmod 2770 {BROKER}/access")


def test_a_boot_brings_the_agent_back_with_its_state(machine: Guest, shop: SecureBroker) -> None:
    files = f"stat -c %i {STATE}/facts.db; ls {STATE} | grep -c quarantined || true"
    before = machine.shell(files).split()
    with _careless():
        machine.vm.shutdown()
        assert not heard_online(shop), "it said goodbye"
        machine.vm.start()
        machine.vm.mount_project()  # the code; until now the unit tried again and again
    machine.wait_for("systemctl is-active -q shelfwire-agent", READY_SECONDS)
    wait_online(shop)
    assert machine.shell(files).split() == before
