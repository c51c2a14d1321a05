"""Our units in a real systemd: ready is told, a kill is survived within seconds, a boot brings everything back with its state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.device.guest import BROKER_HOST, BROKER_PORT, CODE, PYTHON, Guest, _careless, running_guest
from tests.device.rig import CHECKOUT, Rig
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


def test_the_agent_killed_is_back_within_seconds(machine: Guest, shop: SecureBroker) -> None:
    killed = pid(machine, "shelfwire-agent")
    began = time.monotonic()
    machine.shell(f"kill -9 {killed}")
    machine.wait_for(f'p=$(systemctl show -P MainPID shelfwire-agent); [ "$p" != 0 ] && [ "$p" != {killed} ]', BACK_SECONDS + 2)
    took = time.monotonic() - began
    print(f"the agent's next process was there after {took:.1f} s")
    assert took <= BACK_SECONDS
    machine.wait_for("systemctl is-active -q shelfwire-agent", READY_SECONDS)
    wait_online(shop)


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


def test_the_access_list_that_changed_makes_the_broker_reload(machine: Guest) -> None:
    """With a stand-in for Mosquitto: what is tried is that systemd sees a file that is replaced whole."""
    machine.vm.put(
        "/etc/systemd/system/mosquitto.service",
        "[Service]\nExecStart=/bin/sleep infinity\nExecReload=/bin/sh -c 'echo again >> /run/reloaded'\n",
    )
    machine.shell(f"install -m 644 -t /etc/systemd/system {CODE}/systemd/shelfwire-broker-reload.*; systemctl daemon-reload")
    machine.shell("mkdir -p /var/lib/shelfwire-broker/access && echo one > /var/lib/shelfwire-broker/access/shelfwire.acl")
    machine.shell("systemctl start mosquitto shelfwire-broker-reload.path")
    machine.shell("cd /var/lib/shelfwire-broker/access && echo two > .new && mv .new shelfwire.acl")
    machine.wait_for("[ -s /run/reloaded ]", 10)
    machine.shell("systemctl stop shelfwire-broker-reload.path mosquitto")


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


def test_our_units_are_those_that_were_tried(machine: Guest) -> None:
    for name in ("agent", "controller"):
        ours = Path(CHECKOUT / "systemd" / f"shelfwire-{name}.service").read_text()
        assert machine.shell(f"cat /etc/systemd/system/shelfwire-{name}.service") == ours
