"""docs/operations.md, "From zero to a box on TLS", as it stands there: commands, real processes, and one that takes a box off."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from provisioning.__main__ import main
from tests.servers import free_port, wait_for_port

SECONDS = 30.0
TOKEN = "sw_it_of_the_test"


class Shop:
    """IT's folder, and what was started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker_port, self.door_port, self.api_port, self.floor_port = (free_port() for _ in range(4))
        (folder / "it.token").write_text(TOKEN)

    def provision(self, *words: str) -> dict[str, Any]:
        done = CliRunner().invoke(main, ["--folder", str(self.folder / "pki"), "--json", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    @contextmanager
    def running(self, name: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def asked(self, path: str) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.api_port}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def until(self, condition: Callable[[], object], *logs: str) -> float:
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < SECONDS, "\n".join(self.log(name)[-2000:] for name in logs)
            time.sleep(0.05)
        return time.monotonic() - began

    def shows_pages_to_who_trusts_the_ca(self, box: str) -> bool:
        tablet = ssl.create_default_context(cafile=str(self.folder / "pki/ca.pem"))
        try:
            plain = socket.create_connection(("127.0.0.1", self.floor_port), 5)
        except ConnectionRefusedError:
            return False  # the pages are loaded while the box works already
        with plain, tablet.wrap_socket(plain, server_hostname=f"{box}.local") as page:
            page.sendall(f"GET /floor HTTP/1.1\r\nHost: {box}.local\r\nConnection: close\r\n\r\n".encode())
            return page.recv(12).startswith(b"HTTP/1.1 ")

    # --- the steps of the page -----------------------------------------------------------------------------------------------

    def broker(self) -> tuple[str, ...]:
        self.provision(
            "mosquitto", "--to", str(self.folder / "broker"), "--port", str(self.broker_port), "--store", str(self.folder)
        )
        config = self.folder / "mosquitto.conf"
        user = "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")
        lines = f"user {user}\npid_file {self.folder}/mosquitto.pid\n"
        config.write_text((self.folder / "broker/shelfwire.conf").read_text() + lines)
        return shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or "mosquitto", "-c", str(config)

    def controller(self) -> tuple[str, ...]:
        """The fragment that provisioning wrote, at our ports, and what a controller needs besides."""
        own = self.folder / "pki/controllers/controller"
        fragment = (own / "controller.toml").read_text().replace("/etc/shelfwire", str(own)).replace("0.0.0.0", "127.0.0.1")
        fragment = fragment.replace("port = 8883", f"port = {self.broker_port}").replace("port = 8443", f"port = {self.door_port}")
        token = f'[[token]]\nname = "it"\nfile = "{self.folder}/it.token"\n'
        head = f'data = "{self.folder}/data"\n[http]\nport = {self.api_port}\n{token}'
        config = self.folder / "controller.toml"
        config.write_text(head + fragment)
        return sys.executable, "-m", "controller", "--verbose", "serve", "--config", str(config)

    def agent(self, box: str) -> tuple[str, ...]:
        """The bundle, unpacked; only where the box keeps its state differs from a shop's."""
        there = self.folder / box
        with tarfile.open(self.folder / f"pki/boxes/{box}.tar") as tar:
            tar.extractall(there, filter="data")
        config = there / "agent.toml"
        text = config.read_text().replace("/var/lib/shelfwire-agent", str(there / "state"))
        config.write_text(text.replace('host = "0.0.0.0"', f'host = "127.0.0.1"\nport = {self.floor_port}'))
        return sys.executable, "-m", "edge_agent", "run", "--config", str(config)


def test_from_zero_to_a_box_on_tls_and_off_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    api = ("--api", f"http://127.0.0.1:{shop.api_port}", "--token-file", str(tmp_path / "it.token"))
    shop.provision("ca")
    shop.provision("broker", "localhost")
    shop.provision("controller", "localhost")
    with ExitStack() as stack:
        broker = stack.enter_context(shop.running("broker", *shop.broker()))
        wait_for_port(shop.broker_port, broker)
        controller = stack.enter_context(shop.running("controller", *shop.controller()))
        wait_for_port(shop.api_port, controller, SECONDS)
        register_site(shop)
        where = ("--broker-port", str(shop.broker_port), "--controller", f"https://localhost:{shop.door_port}")
        shop.provision("box", "till-1", "--site", "sh-01", "--name", "Till 1", *where, *api)
        folder, pid = str(tmp_path / "broker"), str(tmp_path / "mosquitto.pid")
        agent = shop.agent("till-1")
        stack.enter_context(shop.running("agent", *agent))
        again = ("mosquitto", "--to", folder, "--port", str(shop.broker_port), "--store", str(tmp_path), "--pid-file", pid)
        assert shop.provision(*again)["boxes"] == 1
        shop.until(lambda: link(shop) == "online", "agent", "controller")
        shop.until(lambda: has_replica(tmp_path / "till-1/state/replica.db"), "agent", "controller")
        shop.until(lambda: shop.shows_pages_to_who_trusts_the_ca("till-1"), "agent")
        said = shop.provision("revoke", "till-1", "--mosquitto", folder, "--pid-file", pid, *api)
        assert said["told"]
        assert link(shop) == "offline"
        broker.send_signal(signal.SIGKILL)  # its session ends; the next one is not let in
        broker.wait(10)
        broker = stack.enter_context(shop.running("broker again", *shop.broker()))
        shop.until(lambda: "tls_revoked" in shop.log("agent"), "agent")
        assert link(shop) == "offline"


def register_site(shop: Shop) -> None:
    body = json.dumps({"id": "sh-01", "name": "Shop 1"}).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", "Idempotency-Key": "site"}
    request = urllib.request.Request(f"http://127.0.0.1:{shop.api_port}/api/v1/sites", data=body, headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 201


def link(shop: Shop) -> str:
    return str(shop.asked("/api/v1/boxes/till-1")["link"])


def has_replica(path: Path) -> bool:
    """Whether the box's catalogue came through the controller's door."""
    with closing(sqlite3.connect(path)) as database:
        try:
            return bool(database.execute("SELECT 1 FROM held WHERE as_of != ''").fetchall())
        except sqlite3.OperationalError:
            return False
