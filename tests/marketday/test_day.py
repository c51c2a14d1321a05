"""A marketplace's day with everything that goes wrong: by all books, nothing is lost, doubled, oversold or left to itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.marketday import plan
from tests.marketday.day import Course, Report, play
from tests.marketday.oracle import payable
from tests.servers import Mosquitto
from tests.soak.market import section

ORDERS, FEWER = 80, 40


async def test_a_day_on_postgresql(own_mosquitto: Mosquitto, postgres_url: str, tmp_path: Path) -> None:
    report = await play(tmp_path, own_mosquitto, postgres_url, Course(1, ORDERS, kills=1, seconds=150))
    _all_held(report)
    assert "| result | all held |" in section(report, {"seed": "1"})


async def test_a_day_on_sqlite(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/controller.db"
    _all_held(await play(tmp_path, own_mosquitto, url, Course(2, FEWER, kills=1, seconds=150)))


def _all_held(report: Report) -> None:
    assert not report.findings, "\n".join([str(report.ends), *report.findings[:40]])
    assert not report.is_cut_short
    assert report.faults["kill -9 of the controller"] == 1
    assert sum(report.cancelled_at.values()) > 10, "too little was cancelled to prove anything"


def test_the_same_seed_is_the_same_day_and_each_node_is_somebody_s_to_cancel_at() -> None:
    assert plan.day_of(7, 200) == plan.day_of(7, 200)
    assert plan.day_of(7, 200) != plan.day_of(8, 200)
    assert len({buy.cancel_at for buy in plan.day_of(7, 200).buys}) == 1 + 15


def test_what_an_order_comes_to_is_worked_out_to_the_cent() -> None:
    """10 % of 3.33 is 0.33; 13 % in 3.00 is 0.35 (0.3451), 13 % in 7.99 is 0.92 (0.9192)."""
    (buy,) = plan.day_of(1, 1).buys
    lines = (("t1", 1, 333),)
    assert payable(_like(buy, off_bp=1000, freight=799), lines) == (300 + 799, 35 + 92)
    assert payable(_like(buy, off_bp=3333, freight=0), (("t1", 1, 333), ("t2", 1, 333), ("t3", 1, 334)))[0] == 1000 - 333


def _like(buy: plan.Buy, *, off_bp: int, freight: int) -> plan.Buy:
    return replace(buy, off_bp=off_bp, freight=freight)
