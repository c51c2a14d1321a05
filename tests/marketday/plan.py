"""What the buyers of a day do, from a seed: through which door an order comes, how it is paid, where it is given up."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from controller.tracking.nodes import Node

SITES = ("east", "west")
SKUS = 24
SCARCE = ("t20", "t21", "t22", "t23")
"""Too few for everybody who wants them."""
PLENTY = 20
LETTER = "reduced"
REDUCED = 5
"""Each fifth SKU is taxed at the reduced rate."""


class Door(StrEnum):
    """How an order comes: fetched from the marketplace, sent signed, over our own API."""

    POLLED = "polled"
    SENT = "sent"
    API = "api"


CHANNEL = {Door.POLLED: "bazaar", Door.SENT: "mall", Door.API: "web"}
EXACT = (Node.PLACED, Node.PAID, Node.APPROVED)
"""Only an order of the API is a draft for a while; only a channel that takes short orders has approved ones without goods."""


@dataclass(frozen=True, kw_only=True)
class Buy:
    """One order.  `cancel_at`: the node at which somebody wants it cancelled; `moves`: its address changes, `before` or `after` it
    was approved; `halves`: paid in two parts by two means; `again`: how often its message is sent once more; `twisted`: the same
    reference comes with other goods; `off_bp`: a discount by hand, in basis points; `freight`: minor units.
    """

    number: int
    door: Door
    lines: tuple[tuple[str, int, int], ...]
    """SKU, pieces, minor units for one."""
    site: str | None
    terms: str | None
    cancel_at: Node | None
    moves: str
    halves: bool
    again: int
    twisted: bool
    off_bp: int
    freight: int
    no_address: bool
    short_pick: bool
    refund: bool

    @property
    def reference(self) -> str:
        return f"{self.door.value[0].upper()}-{self.number:06d}"

    @property
    def channel(self) -> str:
        return CHANNEL[self.door]

    @property
    def collects(self) -> bool:
        return self.site is not None

    @property
    def buyer(self) -> str:
        return f"u-{self.number % 997}"

    @property
    def phone(self) -> str:
        return f"138{self.number % 997:08d}"


@dataclass(frozen=True)
class Day:
    """All orders of a day, in the order in which they come."""

    seed: int
    buys: list[Buy] = field(default_factory=list)


def price_of(sku: str) -> int:
    """Minor units of a piece, none of them round."""
    return 199 + 137 * int(sku[1:])


def day_of(seed: int, orders: int) -> Day:
    """Each node is somebody's to cancel at before chance has its turn."""
    random = Random(f"market/{seed}")
    nodes = list(Node)
    return Day(seed, [_buy(random, number, nodes[number % 40] if number % 40 < len(nodes) else None) for number in range(orders)])


def _buy(random: Random, number: int, cancel_at: Node | None) -> Buy:
    door = Door.API if cancel_at in EXACT else random.choices(list(Door), (50, 30, 20))[0]
    collects = cancel_at is None and random.random() < 0.1
    wanted = random.sample(range(PLENTY), random.randint(1, 3))
    codes = [f"t{each}" for each in wanted]
    if cancel_at is Node.APPROVED:
        codes = ["none"]
    elif cancel_at is None and random.random() < 0.03:
        codes[0] = random.choice(SCARCE)
    terms = "prepaid" if cancel_at is Node.PAID else random.choices(("prepaid", "on_delivery", None), (55, 15, 30))[0]
    lines = tuple((code, random.randint(1, 3), 500 if code == "none" else price_of(code)) for code in codes)
    is_plain = cancel_at is None
    return Buy(
        number=number,
        door=door,
        lines=lines,
        site=random.choice(SITES) if collects else None,
        terms=None if cancel_at is Node.APPROVED else terms,
        cancel_at=cancel_at,
        moves=random.choices(("", "before", "after"), (90, 4, 6))[0] if is_plain and not collects else "",
        halves=random.random() < 0.1,
        again=random.choices((0, 1, 3), (85, 10, 5))[0],
        twisted=random.random() < 0.02,
        off_bp=random.choice((500, 1000, 3333)) if random.random() < 0.1 else 0,
        freight=random.choice((0, 0, 799)),
        no_address=not collects and is_plain and random.random() < 0.03,
        short_pick=is_plain and random.random() < 0.02,
        refund=is_plain and random.random() < 0.05,
    )
