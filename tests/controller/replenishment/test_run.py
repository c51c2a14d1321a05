"""Runs: what they propose, what they keep, and that each happens once."""

from __future__ import annotations

import asyncio
import json

import pytest

from controller import db
from controller.errors import Conflict
from controller.purchasing import operations as purchasing
from controller.replenishment import night
from controller.replenishment.operations import accept, change, dismiss
from controller.replenishment.run import run_sites
from controller.replenishment.runs import AlreadyRunning, ask, begin_nights, claim
from controller.replenishment.site_run import SiteRun, TakenOver
from tests.controller.replenishment.chain import Chain, proposals, run, supplier


async def test_what_is_below_its_reorder_point_is_proposed_with_every_number(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk", pack=6)
    await run("s1")
    (row,) = await proposals()
    told = json.loads(row["explanation"])
    assert (row["kind"], row["state"], row["pack"]) == ("purchase", "proposed", 6)
    assert (told["method"], told["demand"], told["mean"], told["lead_days"]) == ("simple", "smooth", 10.0, 3)
    assert told["reorder"] == 30
    assert told["upto"] == 40
    assert told["position"] == told["on_hand"] == 10
    assert told["need"] + told["by_pack"] == row["quantity"] == 30
    assert row["value_minor"] == 5 * 50
    assert row["days_left_tenths"] == 10


async def test_what_is_on_its_way_is_not_ordered_again_also_not_as_a_draft(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk")
    await run("s1")
    (row,) = await proposals()
    (made,) = await accept([row["id"]])
    await run("s1")
    assert await proposals(state="proposed") == []
    await purchasing.approve(made.number)
    await run("s1")
    assert await proposals(state="proposed") == []
    await purchasing.cancel(made.number, reason="closed")
    await run("s1")
    assert [row["quantity"] for row in await proposals(state="proposed")] == [30]


async def test_a_second_run_replaces_and_never_doubles_and_lapses_what_is_no_more_needed(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk")
    await run("s1")
    await chain.sell(sku, "s1", 5)
    await run("s1")
    assert [(row["state"], row["quantity"]) for row in await proposals()] == [("proposed", 35)]
    await chain.arrive(sku, "s1", 100)
    await run("s1")
    assert [row["state"] for row in await proposals()] == ["lapsed"]


async def test_what_a_person_changed_is_kept(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk")
    await run("s1")
    (row,) = await proposals()
    await change(row["id"], 99)
    await chain.sell(sku, "s1", 5)
    await run("s1")
    (row,) = await proposals()
    assert (row["state"], row["quantity"], row["proposed"]) == ("changed", 99, 35)


async def test_what_a_person_dismissed_does_not_come_back_the_next_night(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk")
    await run("s1")
    (row,) = await proposals()
    await dismiss([row["id"]], "delisted")
    await run("s1")
    assert [row["state"] for row in await proposals()] == ["dismissed"]
    await db.execute("UPDATE replenishment_proposal SET changed_at = '2020-01-01 00:00:00+00:00'")
    await run("s1")
    assert [row["state"] for row in await proposals()] == ["dismissed", "proposed"]


async def test_surplus_elsewhere_comes_first_and_only_the_rest_is_bought(database: str) -> None:
    chain = await Chain.open(3)
    sku = await chain.goods("tea", s1=5, s2=30, s3=200)
    for site, daily in (("s1", 10), ("s2", 1), ("s3", 10)):
        await chain.sold(sku, site, [daily] * 60)
    await supplier("farm", "tea")
    await run("s1", "s2", "s3")
    found = {(row["kind"], row["site_id"], row["source"]): row["quantity"] for row in await proposals()}
    # s3 has 20 beyond S and two weeks; the 12 of s2 are less than two days of s1: not worth the way
    assert found == {("transfer", "s1", "s3"): 20, ("purchase", "s1", ""): 15}


async def test_a_site_that_gives_keeps_what_it_needs(database: str) -> None:
    chain = await Chain.open(2)
    sku = await chain.goods("tea", s1=1, s2=60)
    await chain.sold(sku, "s1", [2] * 60)
    await chain.sold(sku, "s2", [2] * 60)
    await supplier("farm", "tea")
    await run("s1", "s2")
    (row,) = await proposals(kind="transfer")
    kept = 60 - row["quantity"]
    (level,) = await db.fetch("SELECT upto FROM replenishment_level WHERE site_id = 's2'")
    assert kept >= level["upto"] + 2 * 14
    assert await proposals(kind="purchase") == []


async def test_orders_are_raised_to_the_suppliers_least_value(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk", minimum=5000)
    await run("s1")
    (row,) = await proposals()
    assert (row["value_minor"], row["quantity"]) == (5000, 100)
    assert json.loads(row["explanation"])["by_value"] == 70


async def test_what_people_switched_on_accepts_itself_below_its_value(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    farm = await supplier("farm", "milk")
    await db.execute(
        "INSERT INTO replenishment_auto (supplier_id, below_minor, changed_at, changed_by) VALUES (?, 1500, ?, 'li')",
        farm,
        db.now(),
    )
    await run("s1")
    assert [row["state"] for row in await proposals()] == ["proposed"], "1,500 is not below 1,500"
    await db.execute("UPDATE replenishment_auto SET below_minor = 1501")
    await run("s1")
    (row,) = await proposals()
    assert row["state"] == "done"
    orders = await db.fetch("SELECT state, origin FROM purchase_order")
    assert [(order["state"], order["origin"]) for order in orders] == [("approved", "replenishment")]


async def test_a_rule_for_a_sku_at_a_site_is_the_narrowest(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk")
    values = "(site_id, sku_id, lead_days, least_shelf, most_shelf, off, changed_at, changed_by)"
    for rule in (("", 0, 10, None, None, None), ("s1", sku, 1, None, 35, None)):
        await db.execute(f"INSERT INTO replenishment_rule {values} VALUES (?, ?, ?, ?, ?, ?, ?, 'li')", *rule, db.now())
    await run("s1")
    (row,) = await proposals()
    told = json.loads(row["explanation"])
    assert (told["lead_days"], told["reorder"], told["capacity"], row["quantity"]) == (1, 10, 35, 10)
    await db.execute("UPDATE replenishment_rule SET off = ? WHERE site_id = ''", True)
    await run("s1")
    assert [row["state"] for row in await proposals()] == ["lapsed"]


async def test_accepting_twice_orders_once_and_groups_by_supplier(database: str) -> None:
    chain = await Chain.open()
    for code in ("milk", "tea", "rice"):
        sku = await chain.goods(code, s1=10)
        await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk", "tea")
    await supplier("mill", "rice")
    await run("s1")
    ids = [row["id"] for row in await proposals()]
    made = await accept(ids)
    assert sorted(each.lines for each in made) == [1, 2]
    assert await accept(ids) == []
    assert len(await db.fetch("SELECT id FROM purchase_order")) == 2
    with pytest.raises(Conflict):
        await dismiss(ids, "too late")


async def test_of_many_who_accept_at_once_one_does(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk")
    await run("s1")
    (row,) = await proposals()
    made = await asyncio.gather(*(accept([row["id"]]) for _ in range(8)))
    assert sum(len(each) for each in made) == 1
    assert len(await db.fetch("SELECT id FROM purchase_order")) == 1


async def test_a_transfer_is_made_of_its_proposals(database: str) -> None:
    chain = await Chain.open(2)
    for code in ("milk", "tea"):
        sku = await chain.goods(code, s1=1, s2=500)
        await chain.sold(sku, "s1", [4] * 60)
    await run("s1", "s2")
    ids = [row["id"] for row in await proposals(kind="transfer")]
    (made,) = await accept(ids)
    assert (made.number[:3], made.lines) == ("TR-", 2)
    await run("s1", "s2")
    assert await proposals(state="proposed") == []


async def test_a_night_is_run_once_whoever_is_restarted(database: str) -> None:
    await Chain.open(2)
    assert await begin_nights() == 2
    assert await begin_nights() == 0
    assert await night.work_off() == 2
    assert await begin_nights() == 0
    assert await night.work_off() == 0


async def test_of_many_processes_each_run_is_claimed_by_one(database: str) -> None:
    await Chain.open(3)
    await begin_nights()
    claims = await asyncio.gather(*(claim() for _ in range(6)))
    assert sorted(run.site_id for each in claims for run in each) == ["s1", "s2", "s3"]


async def test_one_run_of_a_site_at_a_time(database: str) -> None:
    await Chain.open()
    await ask("s1")
    with pytest.raises(AlreadyRunning):
        await ask("s1")


async def test_a_run_whose_process_is_gone_is_taken_over_and_the_other_writes_nothing_more(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=10)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk")
    await ask("s1")
    (dead,) = await claim()
    assert await claim() == []
    await db.execute("UPDATE replenishment_run SET told_at = '2020-01-01 00:00:00+00:00'")
    assert await night.work_off() == 1
    with pytest.raises(TakenOver):
        await run_sites([SiteRun(dead.id, dead.site_id, dead.day, dead.claim)])
    assert [row["state"] for row in await proposals()] == ["proposed"]
    (row,) = await db.fetch("SELECT state, done, total, proposals FROM replenishment_run")
    assert (row["state"], row["done"], row["total"], row["proposals"]) == ("done", 1, 1, 1)


async def test_many_skus_go_by_in_ranges(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = await Chain.open()
    for number in range(7):
        sku = await chain.goods(f"sku-{number}", s1=10)
        await chain.sold(sku, "s1", [10] * 60)
    monkeypatch.setattr("controller.replenishment.run.SKUS_AT_ONCE", 3)
    await run("s1")
    assert len(await db.fetch("SELECT id FROM replenishment_level")) == 7


async def test_what_is_new_at_a_site_is_expected_to_sell_as_elsewhere_and_each_site_by_its_own_days(database: str) -> None:
    chain = await Chain.open(3)
    milk, tea = await chain.goods("milk", s1=10, s2=10, s3=5), await chain.goods("tea", s3=5)
    await chain.sold(milk, "s1", [10] * 60)
    await chain.sold(milk, "s2", [4] * 60)
    await run("s1", "s2", "s3")
    rows = await db.fetch("SELECT site_id, sku_id, mean_micro, abc FROM replenishment_level")
    found = {(row["site_id"], row["sku_id"]): (row["mean_micro"], row["abc"]) for row in rows}
    assert found == {
        ("s1", milk): (10_000_000, "A"),
        ("s2", milk): (4_000_000, "A"),
        ("s3", milk): (7_000_000, "C"),  # nothing sold here, and here since today
        ("s3", tea): (0, "C"),  # nobody knows
    }
