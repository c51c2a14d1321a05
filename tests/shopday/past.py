"""Ninety days that the demo's shop has behind it when it opens, so that each page of the office has something to say.

Nothing is put into tables: the controller's own operations and a box's own messages are used, by a clock that is moved along.
What the tour touches (the first forty articles, orders, readings at the box) is left alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

from controller import db, events
from controller.catalog.imports import import_catalog, lines_of
from controller.costing import valuing
from controller.fleet.operations import register_box
from controller.ingest import ingest
from controller.people.operations import add_person
from controller.people.policies import Grant
from controller.sites.operations import create_bin, create_site
from edge_agent.seams import uuid7
from edge_agent.ui.locales import Language
from edge_agent.wire.codec import batches, encode, encode_data
from edge_agent.wire.facts import Fact
from edge_agent.wire.messages import ClockState, Envelope, Stream, Symbol
from edge_agent.wire.roles import Role
from edge_agent.wire.session import Incoming
from edge_agent.wire.topics import BoxTopic, Family
from tests.shopday.catalogue import CURRENCY, ShopSku, catalogue_csv, shop_bins, shop_skus

SITE, OTHER_SITE, BOX = "sh-01", "sh-02", "sh-01-box-1"
OTHER_BIN = "A-01"
DAYS = 90
FIRST, ARTICLES = 90, 70
"""Which articles have a past: those that the tour uses have none."""
TRACKED = ("039", "040", "041")
"""Products whose lots are told: eggs, tofu, dumplings."""
SHANGHAI = timedelta(hours=8)
PEOPLE = (
    ("Li Wei", Language.CHINESE, Role.MANAGER),
    ("Ana Silva", Language.ENGLISH, Role.FLOOR),
    ("Zhang Min", Language.CHINESE, Role.FLOOR),
)


@dataclass
class MovedClock:
    """The controller's clock while the past is told."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def mono_ms(self) -> int:
        return int(self.at.timestamp() * 1000) % 10**9


@dataclass
class Past:
    """What the parts of the story share.  `today` is the shop's own day on which the demo is opened."""

    clock: MovedClock
    opened: datetime
    random: Random = field(default_factory=lambda: Random(2026))
    people: dict[str, str] = field(default_factory=dict)
    skus: dict[str, int] = field(default_factory=dict)
    noted: dict[str, str] = field(default_factory=dict)
    """Numbers of documents that are gone on with on a later day."""
    epoch: UUID = field(default_factory=uuid4)
    _seq: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def goods(self) -> Sequence[ShopSku]:
        return shop_skus()[FIRST : FIRST + ARTICLES]

    @property
    def today(self) -> date:
        return (self.opened + SHANGHAI).date()

    def move(self, days_ago: int, hour: int, minute: int = 0) -> datetime:
        """Set the clock to an hour of the shop, so many days before the demo is opened; never beyond that."""
        wanted = datetime.combine(self.today - timedelta(days=days_ago), time(hour, minute), UTC) - SHANGHAI
        self.clock.at = min(wanted, self.opened - timedelta(minutes=5))
        return self.clock.at

    def ago(self, **span: float) -> datetime:
        """The same by a span: for what is of today, whatever the hour."""
        self.clock.at = self.opened - timedelta(**span)
        return self.clock.at

    async def told(self, *facts: Fact, by: str = "Ana Silva", station: str = "counter") -> None:
        """The box reports what somebody did, a second apart."""
        envelopes = []
        for each in facts:
            self.clock.at += timedelta(milliseconds=1)
            envelopes.append(self._envelope(each, by, station))
        topic = str(BoxTopic(site=SITE, box=BOX, family=Family.BATCH))
        for payload, _ in batches(encode(one) for one in envelopes):
            await ingest([Incoming(topic, payload, False, False, _nobody)])

    def _envelope(self, fact: Fact, by: str, station: str) -> Envelope:
        return Envelope(
            v=fact.version,
            name=fact.name,
            id=uuid7(self.clock, self.random),
            box=BOX,
            station=station,
            device="scanner",
            person=self.people[by],
            stream=Stream.FACT,
            epoch=self.epoch,
            seq=next(self._seq),
            boot="boot-before",
            at=self.clock.at,
            mono_ms=self.clock.mono_ms(),
            clock=ClockState(synced=True, error_ms=5),
            data=encode_data(fact),
        )


def _nobody() -> None:
    """Nobody waits for these messages' acks."""


def read(sku: ShopSku) -> dict[str, Any]:
    """What a fact says of a piece's barcode."""
    return {"symbol": Symbol(text=sku.ean13), "gtin": sku.gtin}


async def tell(database: Path) -> None:
    """Write the past into a database that is not there yet."""
    from tests.shopday import past_trade, past_work  # noqa: PLC0415 -- they are parts of this story and build on it

    opened = datetime.now(UTC)
    past = Past(MovedClock(opened), opened)
    past.move(DAYS + 1, 9)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    await db.connect(f"sqlite://{database}", clock=past.clock)
    try:
        await db.migrate()
        with events.acting("system"):
            await _begin(past)
        with events.acting(f"person:{past.people['Li Wei']}"):
            await past_trade.tell(past, past_work.AGENDA)
            await past_work.tell_today(past)
            await valuing.catch_up()
    finally:
        await db.close()


async def _begin(past: Past) -> None:
    """Sites, bins, goods, people, the box."""
    await create_site(SITE, name="Shelfwire shop 1", currency=CURRENCY)
    await create_site(OTHER_SITE, name="Shelfwire shop 2", currency=CURRENCY)
    for code in shop_bins():
        await create_bin(SITE, code, zone=f"Aisle {code[0]}")
    await create_bin(OTHER_SITE, OTHER_BIN, zone="Aisle A")
    await import_catalog(lines_of(_tracked(catalogue_csv())))
    await register_box(BOX, site=SITE, name="Counter 1")
    past.skus = {row["code"]: row["id"] for row in await db.fetch("SELECT id, code FROM sku")}
    for name, language, role in PEOPLE:
        past.people[name] = await add_person(name, language=language, roles=[Grant(role, SITE)])


def _tracked(catalogue: str) -> str:
    """The catalogue with a column that says whose lots are told."""
    head, *rows = catalogue.splitlines()
    return "\n".join([f"{head},tracking", *(f"{row},{'lot' if row[:3] in TRACKED else 'none'}" for row in rows)]) + "\n"
