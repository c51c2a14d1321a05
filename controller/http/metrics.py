"""`/metrics` in the Prometheus text format.  Counters live here; gauges are read when they are asked for.

What each metric means to the person who watches it: `docs/operations.md`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

Reading = Callable[[], Awaitable[float]]
Readings = Callable[[], Awaitable[Mapping[str, float]]]


@dataclass(slots=True)
class Metrics:
    """One application's metrics, in a registry of its own so that two applications can live in one process.

    It is the gateway's observer (`committed`, `taken`, `acked`).
    """

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    messages: Counter = field(init=False)
    facts: Counter = field(init=False)
    commit_seconds: Histogram = field(init=False)
    ack_seconds: Histogram = field(init=False)
    http_seconds: Histogram = field(init=False)
    _gauges: list[tuple[Gauge, Reading]] = field(default_factory=list)
    _labelled: list[tuple[Gauge, Readings]] = field(default_factory=list)

    def __post_init__(self) -> None:
        registry = self.registry
        self.messages = Counter("shelfwire_messages", "Messages of boxes that were stored", registry=registry)
        self.commit_seconds = Histogram(
            "shelfwire_commit_seconds", "From taking messages into a transaction to its commit", buckets=FAST, registry=registry
        )
        self.ack_seconds = Histogram(
            "shelfwire_ack_seconds", "From taking messages into a transaction to their acks", buckets=FAST, registry=registry
        )
        self.facts = Counter(
            "shelfwire_facts", "New facts, by name and what became of them", ["name", "outcome"], registry=registry
        )
        self.http_seconds = Histogram(
            "shelfwire_http_seconds", "HTTP requests", ["method", "route", "status"], buckets=FAST, registry=registry
        )

    def committed(self, messages: int, seconds: float) -> None:
        """The gateway stored so many messages; `seconds` from their taking to the commit."""
        self.messages.inc(messages)
        self.commit_seconds.observe(seconds)

    def taken(self, facts: Mapping[tuple[str, str], int]) -> None:
        """New facts were committed: how many, by name and outcome (applied, parked, rejected)."""
        for (name, outcome), count in facts.items():
            self.facts.labels(name, outcome).inc(count)

    def acked(self, seconds: float) -> None:
        """A box's facts were acked; `seconds` from their taking."""
        self.ack_seconds.observe(seconds)

    def gauge(self, name: str, text: str, read: Reading) -> None:
        """A value that `read` tells when the metrics are asked for."""
        self._gauges.append((Gauge(name, text, registry=self.registry), read))

    def gauges(self, name: str, text: str, label: str, read: Readings) -> None:
        """The same with a value for each of several labels; one that is no longer read is gone."""
        self._labelled.append((Gauge(name, text, [label], registry=self.registry), read))

    async def render(self) -> bytes:
        for gauge, read in self._gauges:
            gauge.set(await read())
        for gauge, read_all in self._labelled:
            values = await read_all()
            gauge.clear()
            for label, value in values.items():
                gauge.labels(label).set(value)
        return generate_latest(self.registry)
