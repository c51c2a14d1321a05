"""How many of what, and in which time (seconds)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Tier:
    """Counts of faults; `seconds` bounds the whole run, each part gets its share of it."""

    name: str
    seconds: int
    seeds: int
    mutant_seeds: int = 200
    agent_kills: int
    controller_kills: int
    broker_kills: int
    print_kills: int
    """Of a box that prints, at any instant; the paper is counted."""
    recoveries: int
    rounds_of_network: int
    """Each: every fault of the network at box, at controller, at both."""
    syscalls: int
    """All N up to this fail once, in each way."""
    freezes: int
    full_disks: int


TIERS = {
    tier.name: tier
    for tier in (
        Tier(
            name="smoke", seconds=240, seeds=20, mutant_seeds=0, agent_kills=6, controller_kills=2, broker_kills=2, recoveries=5,
            print_kills=5, rounds_of_network=0, syscalls=4, freezes=1, full_disks=0,
        ),
        Tier(
            name="t0", seconds=25 * 60, seeds=2000, agent_kills=100, controller_kills=15, broker_kills=30, recoveries=50,
            print_kills=300, rounds_of_network=7, syscalls=40, freezes=10, full_disks=3,
        ),
        Tier(
            name="t1", seconds=100 * 60, seeds=20_000, agent_kills=800, controller_kills=100, broker_kills=300, recoveries=200,
            print_kills=2000, rounds_of_network=14, syscalls=400, freezes=20, full_disks=5,
        ),
        Tier(
            name="t2", seconds=8 * 3600, seeds=100_000, agent_kills=9000, controller_kills=500, broker_kills=1000, recoveries=1000,
            print_kills=20000, rounds_of_network=100, syscalls=400, freezes=60, full_disks=20,
        ),
    )
}  # fmt: skip
"""`smoke` is for whoever changes the soak itself.  Power cuts of a machine are `make test-device`'s (the rig)."""
