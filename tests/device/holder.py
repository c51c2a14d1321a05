"""Runs inside the guest: holds drivers open for the tests, which speak JSON lines to it, one connection for each device.

    {"do": "open", "model": …, "address": …, "options": {…}}
    {"do": "call", "method": "read_symbol", "arguments": {"timeout": 5}}
    {"do": "encode", "lines": ["…", …]}    a receipt of these lines, or a label of these barcodes; the answer is its bytes
    {"do": "send"}, {"do": "prove", "timeout": 5}

The end of a connection closes its device.

Answers: {"value": …, "took": seconds} or {"error": code, "message": …, "faults": […], "took": seconds}.
"""

from __future__ import annotations

import socketserver
import sys
import time
from decimal import Decimal

import msgspec

from drivers.devices import Encoded, LabelPrinter, POSPrinter
from drivers.documents.model import Barcode, Label, Line, Receipt, Symbology
from drivers.errors import DeviceFault, DriverError
from drivers.registry import OpenDevice, find, open_device


def encode(driver: POSPrinter | LabelPrinter, lines: list[str]) -> Encoded:
    if isinstance(driver, POSPrinter):
        return driver.encode_receipt(Receipt(parts=tuple(Line(text=each) for each in lines)))
    bars = [
        Barcode(
            x=Decimal(1),
            y=Decimal(1 + 6 * number),
            width=Decimal(27),
            height=Decimal(5),
            symbology=Symbology.CODE128,
            data=each,
            human_readable=False,  # the guest has no fonts
        )
        for number, each in enumerate(lines)
    ]
    return driver.encode_label(Label(width=Decimal(29), height=Decimal(20), elements=tuple(bars)))


class Connection(socketserver.StreamRequestHandler):
    """One device.  Whoever hangs up closes it."""

    def setup(self) -> None:
        super().setup()
        self.opened: OpenDevice | None = None
        self.encoded: Encoded | None = None

    def handle(self) -> None:
        for line in self.rfile:
            command = msgspec.json.decode(line)
            began = time.monotonic()
            try:
                answer = {"value": self.do(command)}
            except DriverError as error:
                faults = error.faults if isinstance(error, DeviceFault) else ()
                answer = {"error": error.code, "message": str(error), "faults": faults}
            except Exception as error:  # told to the test, which fails with it
                answer = {"error": "internal", "message": repr(error)}
            self.wfile.write(msgspec.json.encode({**answer, "took": time.monotonic() - began}) + b"\n")

    def do(self, command: dict) -> object:
        if command["do"] == "open":
            self.opened = open_device(command["model"], command["address"], command["options"])
            return None
        assert self.opened is not None
        driver = self.opened.driver
        if command["do"] == "call":
            return getattr(driver, command["method"])(**command["arguments"])
        assert isinstance(driver, POSPrinter | LabelPrinter)
        if command["do"] == "encode":
            self.encoded = encode(driver, command["lines"])
            return self.encoded.data
        assert self.encoded is not None
        if command["do"] == "prove":
            return driver.prove(self.encoded, command["timeout"])
        driver.send(self.encoded)
        return None

    def finish(self) -> None:
        if self.opened is not None:
            self.opened.close()
        super().finish()


class Holder(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    for model in sys.argv[2:]:
        find(model)  # loaded before a test waits for it
    with Holder(("0.0.0.0", int(sys.argv[1])), Connection) as holder:
        print("ready", flush=True)
        holder.serve_forever()


if __name__ == "__main__":
    main()
