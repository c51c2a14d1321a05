"""Idle: a scan is only a scan; a weight is only shown."""

from __future__ import annotations

from edge_agent.stations.model import Pressed, Scanned, ok, wrong
from edge_agent.stations.station import Done, Idle, Says, Station


def begin() -> Done:
    return Done(activity=Idle(), feedback=ok("left"))


def scan(now: Idle, read: Scanned) -> Done:
    return Done(activity=now, feedback=ok("scanned", symbol=read.symbol.text))


def finish(now: Idle, _: Pressed) -> Done:
    return Done(activity=now, feedback=wrong("no_task"))


STATION = Station(
    name="idle",
    command=None,
    state=Idle,
    title=Says(en="Scan", zh="扫描"),
    words={"scanned": Says(en="{symbol} — saved", zh="{symbol} — 已保存")},
    begin=begin,
    scan=scan,
    finish=finish,
)
