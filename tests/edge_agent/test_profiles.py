"""Station profiles: laid over the stations' configuration, whichever of the two changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.symbols.commands import Command
from edge_agent.config import BoxConfig, BrokerConfig, Config, StationConfig
from edge_agent.profiles import Profiles, laid_over
from edge_agent.station_book import rules_of
from edge_agent.stations import Scanned, StationState, Verdict, step
from edge_agent.wire.messages import Symbol
from edge_agent.wire.replica import ReplicaProfile

TILL = ReplicaProfile(
    name="till", activities=["lookup"], sign_in="pin", language="zh-CN", quiet_minutes=5, double_read_ms=0, is_default=True
)
STOCK_ROOM = ReplicaProfile(
    name="stock-room", activities=[], sign_in="badge", language="", quiet_minutes=30, double_read_ms=800, is_default=False,
    manager_adjusts=True,
)  # fmt: skip
PLAIN = StationConfig(id="a")


class Heard:
    def __init__(self) -> None:
        self.stations: list[tuple[StationConfig, ...]] = []

    async def reconfigure(self, config: Config) -> None:
        self.stations.append(config.stations)


def config(*stations: StationConfig) -> Config:
    return Config(
        box=BoxConfig(id="b1", site="s1", state_dir=Path("state")), broker=BrokerConfig(host="h", port=1883), stations=stations
    )


class TestLaidOver:
    def test_a_station_that_names_none_has_the_site_s(self) -> None:
        after = laid_over(PLAIN, [STOCK_ROOM, TILL])
        assert after == replace(PLAIN, sign_in="pin", quiet_minutes=5, double_read_ms=0, activities=("lookup",), language="zh-CN")

    def test_one_that_names_another_has_that_one(self) -> None:
        station = replace(PLAIN, profile="stock-room")
        assert laid_over(station, [STOCK_ROOM, TILL]) == replace(station, sign_in="badge", double_read_ms=800, manager_adjusts=True)

    def test_what_is_set_at_the_station_wins(self) -> None:
        own = replace(PLAIN, sign_in="badge", quiet_minutes=60, double_read_ms=500, activities=("counting",), language="en")
        assert laid_over(own, [TILL]) == own

    @pytest.mark.parametrize("rows", [[], [STOCK_ROOM]])
    def test_without_one_it_is_as_configured(self, rows: list[ReplicaProfile]) -> None:
        assert laid_over(PLAIN, rows) == PLAIN
        assert laid_over(replace(PLAIN, profile="gone"), [*rows, TILL]).sign_in == "none"


async def test_whichever_changes_the_parts_hear_the_outcome() -> None:
    heard = Heard()
    profiles = Profiles(config(PLAIN), [heard])
    await profiles.follow([TILL])
    await profiles.reconfigure(config(PLAIN, StationConfig(id="b", profile="none")))
    await profiles.follow([])
    assert [[station.sign_in for station in stations] for stations in heard.stations] == [
        ["pin"],
        ["pin", "none"],
        ["none", "none"],
    ]


class TestOffers:
    def begin(self, command: Command, offers: tuple[str, ...]) -> tuple[StationState, str]:
        rules = rules_of(replace(PLAIN, activities=offers))
        read = Scanned(device="scanner", symbol=Symbol(text=f"SHELFX{command.value}"), at_ms=1, command=command)
        after = step(StationState(), read, rules)
        assert after.feedback is not None
        assert (after.feedback.verdict is Verdict.OK) == (after.feedback.code != "not_offered")
        return after.state, after.feedback.code

    def test_a_task_that_is_not_offered_does_not_begin(self) -> None:
        state, code = self.begin(Command.COUNT, ("lookup",))
        assert (state.activity, code) == (StationState().activity, "not_offered")

    def test_one_that_is_offered_does_and_without_a_list_all_do(self) -> None:
        for offers in ((), ("lookup",)):
            assert self.begin(Command.LOOKUP, offers)[1] != "not_offered"
