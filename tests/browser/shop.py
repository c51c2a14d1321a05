"""A small shop in all the states that pages show, made by the same code that makes it in life."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from msgspec import Struct

from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.db import transaction
from controller.documents.operations import store_builtin
from controller.fleet import presence
from controller.fleet.operations import PrintOrder, register_box, request_print
from controller.ingest import ingest
from controller.orders.operations import place
from controller.orders.policies import NewLine, NewOrder
from controller.sites.operations import create_bin, create_site
from edge_agent.seams import SystemClock, uuid4
from edge_agent.wire.codec import encode
from edge_agent.wire.facts import Fact, JobChanged, JobState, Proof, Received, Scan, Weighed, Weight
from edge_agent.wire.messages import (
    BoxDescription,
    BoxState,
    Condition,
    DeviceDescription,
    DeviceState,
    Fault,
    Link,
    Stream,
    Symbol,
)
from edge_agent.wire.session import Incoming
from edge_agent.wire.telemetry import Telemetry
from edge_agent.wire.topics import BoxTopic, Family
from tests.controller.boxes import WireBox

GOODS = [
    ("MILK-1L", "Whole milk 1 L", "全脂牛奶 1 升", "4006381333931"),
    ("TEA-500", "Green tea 500 g", "绿茶 500 克", "6901234567892"),
    ("RICE-5KG", "Jasmine rice 5 kg", "茉莉香米 5 公斤", "9521000001015"),
    ("SOAP-3", "Hand soap, three bars in a family pack with lavender", "薰衣草香皂三块家庭装", "9521000001022"),
]
DEVICES = [
    ("scanner", "serial_scanner", "Serial scanner"),
    ("scale", "scale", "Toledo 8217"),
    ("receipt-printer", "receipt_printer", "ESC/POS, 80 mm"),
    ("label-printer", "label_printer", "ZPL, 203 dpi"),
]


@dataclass
class BrowserShop:
    """Site `sh-01` with box `counter-1`."""

    wire: WireBox = field(default_factory=lambda: WireBox(box="counter-1", clock=SystemClock()))  # type: ignore[arg-type]  # a Clock

    async def open(self) -> None:
        await create_site("sh-01", name="Nanjing Road", time_zone="Asia/Shanghai")
        await create_bin("sh-01", "A-01")
        await store_builtin()
        for code, english, chinese, barcode in GOODS:
            await create_sku(NewSku(code=code, name_en=english, name_zh=chinese, price_minor=1290), [NewBarcode(barcode=barcode)])
        await register_box("counter-1", site="sh-01", name="Counter 1")
        await self.come_online()

    async def come_online(self) -> None:
        random, now = Random(3), datetime.now(UTC)
        session = uuid4(random)
        await self.say(Family.STATE, BoxState(state=Link.ONLINE, session=session, boot="b", at=now))
        devices = [DeviceDescription(id=device, kind=kind, model=model, address="/dev/ttyS0") for device, kind, model in DEVICES]
        await self.say(Family.DESC, BoxDescription(agent="0.1.0", epoch=session, speaks={"scan": [1]}, devices=devices))
        for device, *_ in DEVICES:
            await self.device(device, Condition.READY)
        await self.say(Family.TEL, Telemetry(waiting=0, oldest_at=None, disk_free=10**9, at=now))

    async def device(self, device: str, state: Condition, *faults: Fault) -> None:
        await self.say(Family.STATE, DeviceState(state=state, faults=list(faults), at=datetime.now(UTC)), device=device)

    async def say(self, family: Family, message: Struct, *, device: str = "_") -> None:
        topic = str(BoxTopic(site="sh-01", box="counter-1", device=device, family=family))
        async with transaction():
            await presence.note([Incoming(topic, encode(message), False, False, lambda: None)])

    async def happens(self, *facts: Fact, stream: Stream = Stream.FACT) -> None:
        await ingest([self.wire.message(self.wire.envelope(fact, stream=stream)) for fact in facts])

    async def busy_day(self) -> None:
        """Deliveries, scans, an order, an unknown barcode, prints that came out and one that may have, a printer out of paper."""
        await self.happens(
            *[Received(document="D-1001", symbol=Symbol(text=barcode), gtin=f"0{barcode}", quantity=24) for *_, barcode in GOODS]
        )
        await place(
            NewOrder(
                site="sh-01",
                channel="web",
                reference="W-20261121-0007",
                currency="CNY",
                lines=[NewLine(sku="MILK-1L", quantity=2, unit_price_minor=1290)],
            )
        )
        await self.happens(Weighed(weight=Weight(grams=Decimal(512), raw_b64="MDA1MTI=")))
        for number in range(4):
            await self.happens(Scan(symbol=Symbol(text=GOODS[number][3]), gtin=f"0{GOODS[number][3]}"))
        await self.happens(Received(document="D-1001", symbol=Symbol(text="2012345678900-UNKNOWN-CODE-OF-A-SUPPLIER"), quantity=1))
        for state, proof in ((JobState.PRINTED, Proof.CONFIRMED), (JobState.UNCERTAIN, None)):
            job = await request_print(PrintOrder(box="counter-1", template="shelf-label", data={}, document="SO-100001"))
            await self.happens(JobChanged(job=job, step=1, state=state, proof=proof, printer="label-printer"), stream=Stream.RESULT)
        await self.device("label-printer", Condition.FAULT, Fault(code="paper_out", message="Out of labels."))
        await self.device("scale", Condition.UNKNOWN, Fault(code="device_timeout", message="no answer"))
