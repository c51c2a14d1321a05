"""Somebody at a station: scans, presses, weighs and waits, a second between each; what the box would store of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations import (
    Feedback,
    Input,
    Item,
    Missing,
    Paper,
    Person,
    Pressed,
    Rules,
    Scanned,
    StationState,
    Step,
    Tick,
    Weighed,
    step,
)
from edge_agent.stations.model import NOTHING_KNOWN
from edge_agent.wire.facts import Fact, FactDraft, Scan, Weight
from edge_agent.wire.messages import Symbol

NOW = datetime(2026, 11, 22, 6, 2, tzinfo=UTC)
MILK, TEA = "6901234567892", "4006381333931"
LI = Person(id="p-1", name="Li Wei", language="zh-CN")
ANNA = Person(id="p-2", name="Anna")
ITEM = Item(
    sku="milk", name_en="Milk 1 L", name_zh="牛奶 1 升", unit="piece", price_minor=420, currency="CNY", on_hand=12, age_ms=0
)
PAPER = Paper(printer="labels", templates={"shelf-label": "a" * 64})


class Worker:
    """Keeps state and drafts as the box does."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.state = StationState()
        self.known = NOTHING_KNOWN
        """What the box knows around each reading."""
        self.bins: frozenset[str] | None = None
        """The site's bins, if the box knows them."""
        self.rules = rules or Rules(paper=PAPER)
        self.at_ms = 0
        self.drafts: list[FactDraft] = []
        self.last = Step(state=self.state)
        self._readings = 0

    def does(self, given: Input) -> Step:
        self.last = step(self.state, given, self.rules)
        self.state = self.last.state
        self.drafts += self.last.facts
        return self.last

    def reading(self) -> str:
        self._readings += 1
        return str(UUID(int=self._readings))

    def scans(self, *texts: str, item: Item | Missing | None = ITEM) -> Worker:
        for text in texts:
            self.at_ms += 1000
            self.reads(read_of(text, self.at_ms, self.reading(), item=item))
        return self

    def reads(self, read: Scanned) -> Worker:
        """With what the box knows around it; a code of one of its bins is no article."""
        is_bin = read.symbol.text in self.bins if self.bins is not None else None
        known = replace(self.known, is_bin=is_bin)
        self.does(replace(read, known=known, item=Missing.UNKNOWN if is_bin else read.item, at=NOW))
        return self

    def presses(self, control: str, number: int | None = None, target: str | None = None) -> Worker:
        self.at_ms += 1000
        pressed = Pressed(control=control, number=number, target=target, at_ms=self.at_ms, id=self.reading(), at=NOW)
        self.does(replace(pressed, known=self.known))
        return self

    def shows(self, person: Person | None) -> Worker:
        """A badge; None: one that nobody has."""
        self.at_ms += 1000
        symbol = Symbol(text="SHELFXID")
        self.does(Scanned(device="scanner", symbol=symbol, at_ms=self.at_ms, id=self.reading(), is_badge=True, person=person))
        return self

    def weighs(self, grams: int) -> Worker:
        self.at_ms += 1000
        weight = Weight(grams=Decimal(grams), raw_b64="")
        self.does(Weighed(device="scale", weight=weight, at_ms=self.at_ms, id=self.reading()))
        return self

    def waits(self, minutes: int) -> Worker:
        self.at_ms += minutes * 60_000
        self.does(Tick(at_ms=self.at_ms))
        return self

    @property
    def booked(self) -> list[Fact]:
        return [draft.data for draft in self.drafts if not isinstance(draft.data, Scan)]

    @property
    def there(self) -> str | None:
        """Who is signed in."""
        return self.state.person.id if self.state.person else None

    @property
    def answer(self) -> Feedback:
        assert self.last.feedback is not None
        return self.last.feedback

    @property
    def code(self) -> str:
        return self.answer.code


def read_of(text: str, at_ms: int, reading: str, *, post: str | None = None, item: Item | Missing | None = ITEM) -> Scanned:
    gtin = text.zfill(14) if text.isdigit() and len(text) == 13 else None
    command = Command(text) if text in Command.__members__ else None
    known = None if command is not None else item
    return Scanned(
        device="scanner", symbol=Symbol(text=text), at_ms=at_ms, id=reading, post=post, gtin=gtin, command=command, item=known
    )
