"""A scale's driver on its emulator, without a process: what one writes, the other reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.emulators.emulator import Emulator, make_emulator
from drivers.registry import find
from drivers.transports.buffered import Buffered


class _Wire:
    """Never waits; a device that talks by itself talks once each time it is listened to and has not answered."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._answers = b""

    def send(self, data: bytes) -> None:
        self._answers += self._emulator.on_bytes(data)

    def receive(self, timeout: float) -> bytes:
        every = getattr(self._emulator, "tick_every", 0.0)
        if not self._answers and every and timeout:
            self._answers = self._emulator.on_tick(every)  # type: ignore[attr-defined]  # it has `tick_every`: it is a Talks
        answers, self._answers = self._answers, b""
        return answers

    def close(self) -> None:
        self._answers = b""


class OnPlatter:
    """`scale`, its emulator, and what a bystander saw."""

    def __init__(self, protocol: str, model: str, options: Mapping[str, object] | None = None) -> None:
        self.reports: list[Mapping[str, object]] = []
        self.emulator = make_emulator(protocol, self.reports.append)
        self.scale: Any = find(model).build(Buffered(_Wire(self.emulator), "pair"), options)

    def do(self, what: str, **arguments: object) -> None:
        self.emulator.on_command({"do": what, **arguments})

    def put(self, grams: int | str) -> None:
        self.do("put", grams=str(grams))

    def fault(self, name: str, *, on: bool = True) -> None:
        self.do("fault", name=name, on=on)

    def told(self, event: str) -> list[Mapping[str, object]]:
        return [report for report in self.reports if report["event"] == event]
