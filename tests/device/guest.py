"""The guest as tests see it: devices that are plugged and pulled, and drivers held open inside it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from drivers import errors
from drivers.emulators.usbip import BUS_ID
from tests.device.rig import Rig, stage
from tests.servers import free_port

HOLDER_PORT = 7000
BROKER_PORT = 1883
_SOCKETS = 2
_FIRST_SOCKET = 3300
BROKER_HOST = "10.0.2.100"
"""Where the guest finds a broker of the host."""
CODE = "/mnt/project/code"
PYTHON = f"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={CODE}:/mnt/project/packages python3"
AS_AGENT = "setpriv --reuid=shelfwire-agent --regid=shelfwire-agent --groups=dialout,lp --no-new-privs --inh-caps=-all"
"""The agent's user with no right to devices but what our udev rules give: not even the group input of its unit."""
_INSTALL = f"""
set -e
install -D -m 644 {CODE}/systemd/sysusers.conf /etc/sysusers.d/shelfwire.conf
systemd-sysusers
install -D -m 644 -t /etc/udev/rules.d {CODE}/systemd/udev/70-shelfwire.rules
udevadm control --reload
"""
_PRELOADED = ("scanner.wedge", "toledo.8217", "escpos")
_NODES = "/dev/ttyUSB* /dev/ttyACM* /dev/usb/lp* /dev/hidraw* /dev/input/by-path/* /dev/shelfwire/*/*"
_WAIT = 30.0
_Result = TypeVar("_Result")
_BY_CODE = {
    each.code: each for each in (errors.DeviceUnavailable, errors.DeviceTimeout, errors.ProtocolViolation, errors.Unsupported)
}


class Answer(msgspec.Struct):
    """What the holder said; `took` is in seconds of the guest's clock."""

    took: float
    value: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    message: str = ""
    faults: tuple[str, ...] = ()


class Held:
    """A driver that is open in the guest.  Its errors are raised here as what they are there."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_WAIT)
        self._lines = self._socket.makefile("rb")
        self.took = 0.0
        """Seconds of the last command, by the guest's clock."""

    def ask(self, kind: type[_Result], do: str, **more: object) -> _Result:
        """Give a command and wait for its answer."""
        self.start(do, **more)
        return self.finish(kind)

    def call(self, kind: type[_Result], method: str, **arguments: object) -> _Result:
        return self.ask(kind, "call", method=method, arguments=arguments)

    def maybe(self, kind: type[_Result], method: str, **arguments: object) -> _Result | None:
        """A call whose answer may be None."""
        self.start("call", method=method, arguments=arguments)
        return self.finish_maybe(kind)

    def finish_maybe(self, kind: type[_Result]) -> _Result | None:
        answer = self.finish(msgspec.Raw)
        return None if bytes(answer) == b"null" else msgspec.json.decode(answer, type=kind)

    def start(self, do: str, **more: object) -> None:
        """Give a command; `finish` waits for its answer, and what happens in between happens while the driver is at it."""
        self._socket.sendall(msgspec.json.encode({"do": do, **more}) + b"\n")

    def finish(self, kind: type[_Result]) -> _Result:
        answer = msgspec.json.decode(self._lines.readline(), type=Answer)
        self.took = answer.took
        if answer.error == errors.DeviceFault.code:
            raise errors.DeviceFault(answer.message, answer.faults)
        if answer.error in _BY_CODE:
            raise _BY_CODE[answer.error](answer.message)
        assert not answer.error, f"{answer.error}: {answer.message}"
        return msgspec.json.decode(answer.value, type=kind)

    def close(self) -> None:
        """Returns when the device is closed in the guest."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            self._lines.read()
        self._lines.close()
        self._socket.close()


class Guest:
    """A running guest with our code in it."""

    def __init__(self, rig: Rig, folder: Path, broker_port: int) -> None:
        self.folder = folder
        self._rig = rig
        self._port = free_port()
        self.sockets = {_FIRST_SOCKET + number: free_port() for number in range(_SOCKETS)}
        """Where USB/IP devices besides the rig's can be: ports of the host, by the guest's ports that lead there."""
        self.usbip = rig.usbip
        self._server = rig.usbip.Server()
        stage(folder / "project", rig.packages)
        self.vm = rig.vm.VM(
            str(folder / "vm"),
            project=str(folder / "project"),
            usbip_port=self._server.port,
            hostfwd=[(self._port, HOLDER_PORT)],
            guestfwd=[(BROKER_PORT, broker_port), *self.sockets.items()],
        )
        self._serial_ids: list[str] = []
        self._ports: dict[str, str] = {}
        self._bus_ids = 0

    def start(self) -> None:
        self.vm.start()
        self.vm.mount_project()
        self.shell(_INSTALL)
        holder = self.vm.spawn(f"exec {AS_AGENT} env {PYTHON} {CODE}/holder.py {HOLDER_PORT} {' '.join(_PRELOADED)}")
        assert holder.line(timeout=60) == "ready", holder.wait().err

    def quit(self) -> None:
        self.vm.quit()
        self._server.close()

    # --- devices -----------------------------------------------------------------------------------------------------------------

    def plug(self, device: Any) -> int:
        """Plug a USB/IP device in, for the first time or again; its port of the virtual hub."""
        bus_id = next((name for name, each in self._server.devices.items() if each is device), None)
        if bus_id is None:
            self._bus_ids += 1
            bus_id = f"1-{self._bus_ids}"
            self._server.add(bus_id, device)
        return int(self.vm.usbip_attach(bus_id))

    def attach(self, socket: int) -> None:
        """Plug in what serves USB/IP behind one of `sockets`, by its number in the guest."""
        self.shell(
            "[ -d /sys/devices/platform/vhci_hcd.0 ] || modprobe vhci-hcd; "
            f"python3 -S /opt/rig/vhci.py attach {BROKER_HOST} {socket} {BUS_ID}"
        )

    def plug_serial(self, name: str) -> Path:
        """Plug an FTDI adapter in, each name at a port of its own; the socket on which the other end of its line listens."""
        path = self.folder / f"{name}.sock"
        path.unlink(missing_ok=True)
        where = {"type": "unix", "data": {"path": str(path)}}
        self.vm.qmp(
            "chardev-add", id=f"{name}-chr", backend={"type": "socket", "data": {"addr": where, "server": True, "wait": False}}
        )
        port = self._ports.setdefault(name, str(len(self._ports) + 1))
        self.vm.plug("usb-serial", name, chardev=f"{name}-chr", port=port, serial=name.upper(), **{"always-plugged": True})
        self._serial_ids.append(name)
        return path

    def unplug_serial(self, name: str) -> None:
        self._serial_ids.remove(name)
        self.vm.unplug_serial(name)

    def unplug_all(self) -> None:
        """After a test: nothing is plugged in any more."""
        for device in self._server.devices.values():
            device.unplug()
        self._server.devices.clear()
        for name in list(self._serial_ids):
            self.unplug_serial(name)
        self.wait_for(f'[ -z "$(ls -d {_NODES} 2>/dev/null)" ]')

    # --- inside ------------------------------------------------------------------------------------------------------------------

    def shell(self, command: str) -> str:
        return str(self.vm.run(command).out)

    def wait_for(self, shell_test: str, seconds: float = 15) -> None:
        self.vm.wait_for(shell_test, seconds)

    def node(self, pattern: str, seconds: float = 15) -> str:
        """The one device file of this pattern, as soon as udev is done with it."""
        self.wait_for(f"ls {pattern} >/dev/null 2>&1", seconds)
        (found,) = self.shell(f"udevadm settle; ls -d {pattern}").split()
        return found

    @contextmanager
    def held(self, model: str, address: str, options: Mapping[str, object] | None = None) -> Iterator[Held]:
        """The driver of `model`, open in the guest until the block ends.  Raises what opening raises."""
        held = Held(self._port)
        try:
            held.ask(object, "open", model=model, address=address, options=options or {})
            yield held
        finally:
            held.close()


@contextmanager
def running_guest(rig: Rig, broker_port: int) -> Iterator[Guest]:
    """A guest of its own, thrown away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="shelfwire-device-"))
    with _careless():
        guest = Guest(rig, folder, broker_port)
    try:
        with _careless():
            guest.start()
        yield guest
    finally:
        with _careless():
            guest.quit()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _careless() -> Iterator[None]:
    """The rig leaves files to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
