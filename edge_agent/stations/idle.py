"""Idle: a scan is only a scan; a weight is only shown."""

from __future__ import annotations

from edge_agent.stations.model import Done, Idle, Scanned, ok


def scan(now: Idle, read: Scanned) -> Done:
    return Done(activity=now, feedback=ok("scanned", symbol=read.symbol.text))
