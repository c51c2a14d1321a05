"""Which USB device the address ``usb:…`` means; no library is needed to know it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.errors import Unsupported

_PLACE = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(?::(.+?))?(?:@([0-9]+-[0-9]+(?:\.[0-9]+)*))?")


@dataclass(frozen=True, slots=True)
class UsbPlace:
    """`serial` and `port` (as in sysfs: bus, hyphen, the hubs' ports) narrow it down where several have these ids."""

    vendor: int
    product: int
    serial: str | None = None
    port: str | None = None

    def __str__(self) -> str:
        name = f"{self.vendor:04x}:{self.product:04x}"
        name += f" with serial number {self.serial}" if self.serial else ""
        return name + (f" at port {self.port}" if self.port else "")


def parse_place(where: str) -> UsbPlace:
    """Read ``04b8:0202``, ``04b8:0202:J5KF012345``, ``04b8:0202@1-1.2``.  Raises Unsupported with examples."""
    found = _PLACE.fullmatch(where)
    if found is None:
        raise Unsupported(
            f"usb:{where} needs a vendor and a product id in hex, as in usb:04b8:0202, usb:04b8:0202:J5KF012345 (serial number) "
            "or usb:04b8:0202@1-1.2 (port)"
        )
    return UsbPlace(int(found[1], 16), int(found[2], 16), found[3], found[4])
