"""Network devices: a raw TCP connection, as printers have on port 9100 and serial device servers on theirs.

Link-local, multicast and unspecified addresses are none: under the first a machine in a cloud is told its own secrets
(169.254.169.254), and an address may come from the office.
"""

from __future__ import annotations

import ipaddress
import select
import socket

from drivers.errors import DeviceTimeout, DeviceUnavailable, Unsupported
from drivers.transports.opening import refuse_settings

_CONNECT_WAIT = _WRITE_WAIT = 1.0
_LONGEST_PORT = len("65535")


def open_pipe(where: str, settings: dict[str, str]) -> TcpPipe:
    """Connect to `host:port`.  Raises Unsupported (malformed), DeviceUnavailable (unknown, refused, silent)."""
    check(where, settings)
    host, _, port = where.rpartition(":")
    try:
        opened = socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_WAIT)
    except socket.gaierror as error:
        raise DeviceUnavailable(f"there is no host {host}: correct the address, or give the device's IP address") from error
    except ConnectionRefusedError as error:
        raise DeviceUnavailable(f"{where} refuses connections: is the port right, is another computer connected to it?") from error
    except (OSError, UnicodeError) as error:
        raise DeviceUnavailable(f"{where} does not answer: is the device on, and its network cable plugged in?") from error
    try:
        _refuse_place(opened.getpeername()[0])  # a name, or an address written in another way, may lead anywhere
    except (OSError, Unsupported) as error:
        opened.close()
        raise DeviceUnavailable(f"{where} cannot be used: {error}") from error
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    return TcpPipe(opened, where)


def check(where: str, settings: dict[str, str]) -> None:
    """What can be said of an address without a device.  Raises Unsupported (malformed, or no place for a device)."""
    refuse_settings("a tcp address", settings)
    host, _, port = where.rpartition(":")
    is_number = port.isascii() and port.isdigit() and len(port) <= _LONGEST_PORT
    if not host or not is_number or not 0 < int(port) < 65536:
        raise Unsupported(f"tcp:{where[:80]} needs a host and a port, as in tcp:192.168.1.50:9100")
    _refuse_place(host.strip("[]"))


def _refuse_place(host: str) -> None:
    """Raises Unsupported for an address where no device is; a name is looked at when it is known where it leads."""
    try:
        place = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    place = getattr(place, "ipv4_mapped", None) or place
    if place.is_link_local or place.is_multicast or place.is_unspecified:
        raise Unsupported(f"{host} is no address of a device: link-local, multicast and unspecified ones are refused")


class TcpPipe:
    def __init__(self, opened: socket.socket, name: str) -> None:
        self._socket = opened
        self._name = name

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            self._socket.settimeout(_WRITE_WAIT)
            while view:  # not sendall: its time-out is for all of it, and a long receipt may take longer
                view = view[self._socket.send(view) :]
        except TimeoutError as error:
            raise DeviceTimeout(f"{self._name} took no more bytes for {_WRITE_WAIT:g} s: is it out of paper or paused?") from error
        except OSError as error:
            raise self._gone() from error

    def receive(self, timeout: float) -> bytes:
        try:
            ready, _, _ = select.select([self._socket], [], [], timeout)
            if not ready:
                return b""
            received = self._socket.recv(4096)
        except (OSError, ValueError) as error:  # ValueError: closed under us
            raise self._gone() from error
        if not received:
            raise self._gone()
        return received

    def close(self) -> None:
        self._socket.close()

    def _gone(self) -> DeviceUnavailable:
        return DeviceUnavailable(f"{self._name} closed the connection: is the device on, and its network cable plugged in?")
