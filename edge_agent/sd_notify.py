"""What the service manager is told: that everything listens, that we stop, that we live.  Without one it is told nothing.

Source: sd_notify(3), systemd 252: one datagram to the AF_UNIX socket that NOTIFY_SOCKET names, ``NAME=value`` lines; a name that
begins with ``@`` is an abstract one.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Mapping

READY, STOPPING, WATCHDOG = "READY=1", "STOPPING=1", "WATCHDOG=1"
Notify = Callable[[str], None]

_log = logging.getLogger(__name__)


def notifier(environ: Mapping[str, str] | None = None) -> Notify:
    """Sends states to the service manager that started us; does nothing where none did.  Never raises, never blocks."""
    address = (os.environ if environ is None else environ).get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return lambda _: None
    where = "\0" + address[1:] if address.startswith("@") else address

    def notify(state: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(state.encode(), where)
        except OSError as error:
            _log.warning("the service manager could not be told %s: %s", state, error)

    return notify
