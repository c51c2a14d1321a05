"""What a seed decides: how big the shop is, how long people work, how bad everything gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.sim.network import Weather
from tests.sim.printers import SHOP_FLOOR, Trouble
from tests.sim.swapping import Undo

SITE = "sh-01"
SKU = "TEA"
PIECE, DOZEN = "4006381333931", "5901234123457"
GOODS = {PIECE: 1, DOZEN: 12}
"""Barcode -> pieces that one scan of it stands for."""
BINS = ("A-01", "B-02")
STOCK = 30
"""Pieces in each bin in the morning."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many of what, in one world."""

    boxes: int
    gateways: int
    tasks: int
    """Per box: deliveries, counts, pick lists, parcels."""
    orders: int
    wishes: int
    """For paper, by the office."""
    crashes: int
    has_wrong_clocks: bool
    restores: int
    """Card images put back, on a box of its own that prints nothing: its paper would come out twice by all rights."""
    weather: Weather
    trouble: Trouble

    @classmethod
    def of(cls, random: Random) -> Plan:
        restores = random.choice([0, 0, 0, 1, 2])
        return cls(
            boxes=random.randint(1, 3),
            gateways=random.choice([1, 1, 2, 4]),
            tasks=random.randint(1, 3),
            orders=random.randint(0, 3),
            wishes=random.randint(0, 4),
            crashes=random.randint(0, 5),
            has_wrong_clocks=random.random() < 0.3,
            restores=restores,
            weather=Weather(
                drop_connection=random.choice([0, 0.01, 0.05]),
                duplicate=random.choice([0, 0.05, 0.3]),
                delay=random.choice([0.01, 0.1, 0.5]),
                long_delay=random.choice([0, 0.02, 0.1]),
                long_delay_seconds=random.choice([3.0, 12.0]),
            ),
            trouble=random.choice(
                [SHOP_FLOOR, Trouble(not_ready=0.3), Trouble(crash=0.1), Trouble(after_first_byte=0.2, silence=0.2)]
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A world with one rule taken out, to prove that the oracle would notice."""

    name: str
    outbox_survives: bool = True
    arm: Callable[[], Undo] = lambda: lambda: None
    """Takes the rule out, returns how to put it back."""
    worlds: Callable[[Plan], Plan] = lambda plan: plan
    """In which worlds the rule matters, where that is in few of all."""


HEALTHY = Mutant(name="healthy")
