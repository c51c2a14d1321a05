"""A box for the floor's tests that behaves: repeated ids, counting, undo, training, prints, a wire that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from edge_agent.floor.goods import goods_of
from edge_agent.floor.port import (
    Answered,
    BoxShown,
    CannotPrint,
    Changed,
    Control,
    DeviceShown,
    HasMovedOn,
    HasToWait,
    Heard,
    LinkShown,
    Listener,
    OtherPrinter,
    Person,
    Press,
    PrintChoices,
    PrintShown,
    QueueShown,
    Reading,
    Said,
    ScreenReading,
    StationShown,
    Task,
    Topic,
    UnknownStation,
    WeightShown,
)
from edge_agent.stations import Item, Missing, Verdict
from edge_agent.wire.messages import Fault
from edge_agent.wire.roles import Role

PEOPLE = {
    ("SHELFXIDBCDEFGHIJKLNOPRS", "4711"): Person(id="p-1", name="Li Wei", roles=frozenset({Role.FLOOR.value})),
    ("SHELFXIDCCDEFGHIJKLNOPRS", "2222"): Person(id="p-2", name="Ada", language="en", roles=frozenset({Role.IT.value})),
    ("SHELFXIDDCDEFGHIJKLNOPRS", "3333"): Person(id="p-3", name="Max", roles=frozenset({Role.FINANCE.value})),
    ("SHELFXIDFCDEFGHIJKLNOPRS", "4444"): Person(id="p-4", name="Mei", roles=frozenset({Role.MANAGER.value})),
    ("SHELFXIDGCDEFGHIJKLNOPRS", "5555"): Person(id="p-5", name="Pia", roles=frozenset({Role.PICKER.value})),
    ("SHELFXIDHCDEFGHIJKLNOPRS", "6666"): Person(id="p-6", name="Adi", roles=frozenset({Role.ADMIN.value})),
    ("SHELFXIDJCDEFGHIJKLNOPRS", "7777"): Person(id="p-7", name="Nil", roles=frozenset()),
}
BADGE, PIN = next(iter(PEOPLE))
IT_BADGE, IT_PIN = list(PEOPLE)[1]
IMAGE = "a" * 64
ITEMS = {
    "4006381333931": Item(
        sku="MILK-1L", name_en="Whole milk 1 L", name_zh="全脂牛奶 1 升", unit="piece", price_minor=1290, currency="CNY", on_hand=5
    ),
    "6901234567892": Item(
        sku="TEA-500", name_en="Green tea 500 g", name_zh="绿茶 500 克", unit="gram", price_minor=2500, currency="CNY", on_hand=1200
    ),
}
TASKS = (
    Task(name="lookup", control="lookup", command="SHELFXLOOKUP", title=Said("Look up", "查询")),
    Task(name="shelf_label", control="sticker", command="SHELFXSTICKER", title=Said("Shelf label", "货架标签")),
    Task(name="counting", control="count", command="SHELFXCOUNT", title=Said("Count", "盘点")),
)
IDLE = Said("No task", "无任务")
START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@dataclass
class FakeStation:
    id: str
    task: str = "idle"
    counted: int = 0
    quantity: int = 1
    is_training: bool = False
    person: str | None = None
    person_id: str | None = None
    sign_in: str = "none"
    revision: int = 0
    readings: list[Reading] = field(default_factory=list)
    seen: dict[str, Reading] = field(default_factory=dict)
    booked: list[str] = field(default_factory=list)


def fault(code: str, message: str) -> Fault:
    return Fault(code=code, message=message)


class FakeBox:
    """Implements `FloorPort`."""

    def __init__(self, stations: Sequence[str] = ("counter-1",)) -> None:
        self.places = {each: FakeStation(each) for each in stations}
        self.answering = asyncio.Event()
        """Cleared: every answer waits until it is set again."""
        self.answering.set()
        self.wire = LinkShown(is_connected=True, is_heard=True, waiting=0)
        self.printers = [
            DeviceShown(id="labels", kind="label_printer", model="zpl", state="ready"),
            DeviceShown(id="receipts", kind="receipt_printer", model="escpos", state="ready"),
        ]
        self.others = [
            DeviceShown(id="scanner", kind="scanner", model="hid_wedge", state="ready"),
            DeviceShown(id="scale", kind="scale", model="toledo_8217", state="ready"),
        ]
        self.jobs: dict[str, list[PrintShown]] = {"labels": [], "receipts": []}
        self.why_not: dict[str, str] = {}
        self.items = dict(ITEMS)
        self.left: set[str] = set()
        """Ids of people who work here no more."""
        self.kept_at: Path | None = None
        self.boot = "boot-1"
        self.sheets: list[tuple[str, str]] = []
        self.weighed: dict[str, WeightShown] = {}
        self.said: list[tuple[str, str, str | None]] = []
        self.asked = 0
        self.has_catalogue = True
        self.images = {IMAGE: Path(__file__)}
        self.is_weighing = False
        self.tried = self.must_wait = 0
        self._listeners: list[Listener] = []
        self._count = 0

    # --- the port ------------------------------------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def stations(self) -> Sequence[str]:
        return tuple(self.places)

    def tasks(self) -> Sequence[Task]:
        return TASKS

    async def station(self, station: str) -> StationShown:
        at = self._at(station)
        titles = {task.name: task.title for task in TASKS}
        details: dict[str, str | int] = {"bin": "A-03", "items": at.counted} if at.task == "counting" else {}
        controls = (Control(name="quantity", label=Said("Labels each", "每次张数"), takes_number=True, number=at.quantity),)
        return StationShown(
            id=at.id,
            task=at.task,
            title=titles.get(at.task, IDLE),
            revision=str(at.revision),
            details=details,
            controls=controls if at.task == "shelf_label" else (),
            person=at.person,
            person_id=at.person_id,
            sign_in=at.sign_in,
            is_training=at.is_training,
            tasks=TASKS,
            readings=tuple(at.readings[:20]),
            devices={"scanner": "scanner", "scale": "scale", "label_printer": "labels"},
        )

    async def read(self, station: str, reading: ScreenReading, person: str | None) -> Reading:
        at = self._at(station)
        self.asked += 1
        await self.answering.wait()
        if reading.id in at.seen:
            return at.seen[reading.id]
        at.person = next((each.name for each in PEOPLE.values() if each.id == person), None)
        at.booked.append(reading.text)
        verdict, said, code = self._step(at, reading.text)
        can_undo = verdict is Verdict.OK and not reading.text.startswith("SHELFX")
        return self._answer(at, reading.id, reading.text, (verdict, said, code), can_undo=can_undo)

    async def press(self, station: str, press: Press, person: str | None) -> Reading:
        at = self._at(station)
        at.person = person or at.person
        await self.answering.wait()
        if press.id in at.seen:
            return at.seen[press.id]
        match press.control:
            case "undo":
                return self._undo(at, press)
            case "drill":
                at.is_training = not at.is_training
                said = Said("Training begins.", "练习开始。") if at.is_training else Said("Training is over.", "练习结束。")
                return self._answer(at, press.id, "", (Verdict.OK, said, "training"))
            case "quantity":
                at.quantity = press.number or 1
                said = Said(f"{at.quantity} labels each.", f"每次 {at.quantity} 张。")
                return self._answer(at, press.id, "", (Verdict.OK, said, "label_quantity"))
            case control if control.upper() in {"DONE", "STOP", *(task.control.upper() for task in TASKS)}:
                told = self._step(at, f"SHELFX{control.upper()}")
                return self._answer(at, press.id, "", told)
            case _:
                return self._answer(at, press.id, "", (Verdict.WRONG, Said("Not here.", "这里不能用。"), "not_here"))

    async def arrive(self, station: str, person: Person | None) -> None:
        at = self._at(station)
        at.person, at.person_id = (person.name, person.id) if person else (None, None)
        self.tell(Changed(Topic.STATION))

    def devices(self) -> Sequence[DeviceShown]:
        return [*self.others, *self.printers]

    def weigh(self, *, wanted: bool) -> None:
        self.is_weighing = wanted

    def weights(self) -> Mapping[str, WeightShown]:
        return self.weighed

    async def link(self) -> LinkShown:
        return self.wire

    async def look_up(self, symbol: str) -> Item | Missing:
        return self.items.get(symbol, Missing.UNKNOWN) if self.has_catalogue else Missing.NO_CATALOGUE

    async def image(self, digest: str) -> Path | None:
        return self.images.get(digest)

    async def search(self, words: str, limit: int) -> Sequence[Item]:
        found = [item for item in self.items.values() if words.lower() in f"{item.name_en} {item.name_zh} {item.sku}".lower()]
        return found[:limit]

    async def sign_in(self, badge: str, pin: str) -> Person | None:
        self.tried += 1
        if self.must_wait:
            raise HasToWait(self.must_wait)
        return PEOPLE.get((badge, pin))

    async def queues(self) -> Sequence[QueueShown]:
        return [QueueShown(printer=each, jobs=tuple(self.jobs[each.id])) for each in self.printers]

    async def resolve(self, job: str, *, came_out: bool, person: str | None) -> None:
        found = self._job(job, "uncertain")
        self.said.append((job, "printed" if came_out else "again", person))
        self._drop(found)
        if not came_out:
            self.put_job("labels", replace(found, state="queued", is_copy=True, reason=None, can_cancel=True))

    async def cancel(self, job: str, person: str | None) -> None:
        self._drop(self._job(job, "queued"))
        self.said.append((job, "cancel", person))

    async def print_choices(self, job: str) -> PrintChoices:
        found = self._job(job, "queued")
        at = next(printer for printer, jobs in self.jobs.items() if found in jobs)
        others = [OtherPrinter(printer=each, why_not=self.why_not.get(each.id, "")) for each in self.printers if each.id != at]
        return PrintChoices(job=found, printer=at, others=tuple(others))

    async def put_first(self, job: str, person: str | None) -> None:
        found = self._job(job, "queued")
        self.said.append((job, "first", person))
        self.jobs = {
            at: sorted(
                (replace(each, is_urgent=True) if each is found else each for each in jobs), key=lambda each: not each.is_urgent
            )
            for at, jobs in self.jobs.items()
        }
        self.tell(Changed(Topic.PRINTS))

    async def move(self, job: str, printer: str, person: str | None) -> None:
        found = self._job(job, "queued")
        if printer not in self.jobs or printer in self.why_not:
            raise CannotPrint(printer)
        self.said.append((job, printer, person))
        self._drop(found)
        self.put_job(printer, found)

    async def box(self) -> BoxShown:
        return BoxShown(
            id="counter-1",
            site="sh-01",
            version="0.1.0",
            serving_since=START,
            clock_synced=True,
            clock_error_ms=12,
            free_disk_bytes=5 << 30,
            broker="127.0.0.1:1883",
            controller="https://controller.example",
        )

    def log_lines(self) -> Sequence[str]:
        return [f"2026-11-22 03:00:{second:02} INFO line {second}" for second in range(50)]

    def as_known(self, person: Person) -> Person | None:
        return next((each for each in PEOPLE.values() if each.id == person.id and each.id not in self.left), None)

    def sessions_kept(self) -> tuple[Path, str] | None:
        return (self.kept_at, self.boot) if self.kept_at is not None else None

    async def print_sheet(self, printer: str, language: str) -> None:
        if printer not in self.jobs or printer in self.why_not:
            raise CannotPrint(printer)
        self.sheets.append((printer, language))

    # --- what tests do to it ---------------------------------------------------------------------------------------------------

    def tell(self, heard: Heard) -> None:
        for listener in list(self._listeners):
            listener(heard)

    def scan(self, station: str, symbol: str) -> Reading:
        """The station's own scanner read something."""
        self._count += 1
        at = self._at(station)
        return self._answer(at, f"scanner-{self._count}", symbol, self._step(at, symbol))

    def put_on_scale(self, grams: str, *, stable: bool) -> None:
        self.weighed["scale"] = WeightShown(scale="scale", grams=Decimal(grams), is_stable=stable, at=START)
        self.tell(self.weighed["scale"])

    def put_job(self, printer: str, job: PrintShown) -> None:
        self.jobs[printer].append(job)
        self.tell(Changed(Topic.PRINTS))

    def device(self, device: str, state: str, *faults: Fault) -> None:
        for devices in (self.printers, self.others):
            devices[:] = [replace(each, state=state, faults=faults) if each.id == device else each for each in devices]
        self.tell(Changed(Topic.DEVICES))

    def link_is(self, *, up: bool, waiting: int = 0) -> None:
        self.wire = LinkShown(is_connected=up, is_heard=up, waiting=waiting)
        self.tell(Changed(Topic.LINK))

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _at(self, station: str) -> FakeStation:
        if station not in self.places:
            raise UnknownStation(station)
        return self.places[station]

    def _step(self, at: FakeStation, text: str) -> tuple[Verdict, Said, str]:
        begins = {task.command: task for task in TASKS}
        if text in begins:
            at.task, at.counted = begins[text].name, 0
            title = begins[text].title
            return Verdict.OK, Said(f"{title.en}. Scan an item.", f"{title.zh}。扫描商品。"), "begun"
        if text in ("SHELFXDONE", "SHELFXSTOP"):
            at.task = "idle"
            return Verdict.OK, Said("Left the task.", "已离开任务。"), "left"
        if text.startswith("WRONG"):
            return Verdict.WRONG, Said(f"{text} is not on this pick.", f"{text} 不在本拣货单。"), "not_on_pick"
        if text.startswith("AGAIN"):
            return Verdict.DUPLICATE, Said("Already counted. Not added.", "已计入,没有重复计入。"), "already"
        item = self.items.get(text)
        if item is None:
            return Verdict.UNKNOWN, Said(f"No product has code {text}.", f"没有商品使用条码 {text}。"), "lookup_unknown"
        if at.task == "lookup":
            return Verdict.OK, Said(f"{item.name_en}: CNY 12.90", f"{item.name_zh}:CNY 12.90"), "lookup_found"
        at.counted += 1
        return Verdict.OK, Said(f"{item.name_en} — {at.counted}", f"{item.name_zh} — {at.counted}"), "counted_item"

    def _answer(
        self,
        at: FakeStation,
        reading_id: str,
        symbol: str,
        told: tuple[Verdict, Said, str],
        *,
        can_undo: bool = False,
        undoes: str | None = None,
    ) -> Reading:
        verdict, said, code = told
        at.revision += 1
        reading = Reading(
            id=reading_id,
            at=START + timedelta(seconds=at.revision),
            symbol=symbol,
            verdict=verdict,
            said=said,
            code=code,
            is_training=at.is_training,
            undo=reading_id if can_undo else None,
            undoes=undoes,
            goods=goods_of(self.items[symbol], START) if code == "lookup_found" else None,
        )
        at.seen[reading_id] = reading
        if symbol and not symbol.startswith("SHELFX"):
            at.readings.insert(0, reading)
        self.tell(Answered(at.id, reading))
        self.tell(Changed(Topic.STATION))
        return reading

    def _undo(self, at: FakeStation, press: Press) -> Reading:
        wanted = next((each for each in at.readings if each.undo and not each.is_undone and press.reading in (None, each.id)), None)
        if wanted is None:
            return self._answer(at, press.id, "", (Verdict.WRONG, Said("Nothing to undo.", "没有可撤销的。"), "nothing_to_undo"))
        at.counted -= 1
        at.readings[at.readings.index(wanted)] = replace(wanted, is_undone=True)
        said = Said(f"{wanted.symbol} is taken back.", f"{wanted.symbol} 已撤销。")
        return self._answer(at, press.id, "", (Verdict.OK, said, "undone"), undoes=wanted.id)

    def _job(self, job: str, state: str) -> PrintShown:
        found = next((each for jobs in self.jobs.values() for each in jobs if each.id == job and each.state == state), None)
        if found is None:
            raise HasMovedOn(job)
        return found

    def _drop(self, job: PrintShown) -> None:
        for jobs in self.jobs.values():
            jobs[:] = [each for each in jobs if each.id != job.id]
        self.tell(Changed(Topic.PRINTS))


def busy_day(box: FakeBox) -> None:
    """Readings of all verdicts, prints in all states that are shown, a fault, a weight."""
    for symbol in ("SHELFXCOUNT", "4006381333931", "4006381333931", "AGAIN-4006381333931", "9521000001015", "WRONG-6901234567892"):
        box.scan("counter-1", symbol)
    now = datetime.now(UTC)
    empty = fault("paper_out", "The printer is out of paper or labels. Load a roll, close the cover; printing goes on by itself.")
    waiting = PrintShown(
        id="job-1", template="shelf-label", document="MILK-1L", state="queued", since=now - timedelta(minutes=3), can_cancel=True,
        reason=empty,
    )  # fmt: skip
    broken = fault(
        "interrupted", "The box stopped while this was being printed. It is not known whether this came out. Look at the printer."
    )
    box.put_job("labels", replace(waiting, id="job-0", document="TEA-500", state="uncertain", reason=broken, can_cancel=False))
    box.put_job("labels", waiting)
    box.put_job(
        "labels",
        replace(waiting, id="job-2", template="shipping-label", document="PK-100001", copies=2, is_urgent=True, reason=None),
    )
    box.put_job("receipts", replace(waiting, id="job-3", template="receipt", document="SO-100001", is_copy=True, reason=None))
    box.device(
        "labels",
        "fault",
        fault("paper_out", "The printer is out of paper or labels. Load a roll, close the cover; printing goes on by itself."),
    )
    box.put_on_scale("1234", stable=True)
