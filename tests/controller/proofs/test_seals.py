"""Sealing: below the horizon only, resumed by whoever comes next; what is changed behind our back is found, and named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import db
from controller.http.cli_ledger import verify_all
from controller.proofs.seal_policies import COLUMNS, GENESIS, Broken, differing, seal
from controller.proofs.seals import Sealer, head, unsealed, verify
from controller.stock.operations import move
from tests.controller.goods import Shop

AT_ONCE = timedelta(0)


async def sealed(sealer: Sealer | None = None) -> None:
    """Seal all that there is, however young; on PostgreSQL a sealer notes a horizon before it trusts it."""
    sealer = sealer or Sealer(AT_ONCE)
    for _ in range(3):
        while await sealer.step():
            pass


def entry(number: int, **changed: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(COLUMNS, 1)
    instant = datetime(2026, 11, 22, 8, tzinfo=UTC)
    row |= {"id": number, "serial": None, "document": "receipt", "occurred_at": instant, "recorded_at": instant}
    return {**row, **changed}


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=20, unique=True).map(sorted), st.data())
def test_the_entry_that_was_changed_is_named(ids: list[int], data: st.DataObject) -> None:
    entries = [entry(number) for number in ids]
    block = seal(GENESIS, entries)
    assert differing(1, block.first_id, block.digests, entries) == []
    which = data.draw(st.integers(0, len(ids) - 1))
    match data.draw(st.sampled_from(["changed", "missing", "added"])):
        case "changed":
            column = data.draw(st.sampled_from([name for name in COLUMNS if name != "id"]))
            entries[which] = entry(ids[which], **{column: "other"})
            expected = Broken(1, ids[which], "changed")
        case "missing":
            expected = Broken(1, entries.pop(which)["id"], "missing")  # type: ignore[arg-type]  # the id is a number
        case _:
            entries.append(entry(10_001))
            expected = Broken(1, 10_001, "added")
    assert differing(1, block.first_id, block.digests, entries) == [expected]


def test_a_block_depends_on_the_one_before() -> None:
    assert seal(GENESIS, [entry(1)]).hash != seal("1" * 64, [entry(1)]).hash


@pytest.fixture
async def shop(database: str) -> Shop:
    shop = await Shop.open()
    skus = [await shop.stock(f"sku{n}", 9) for n in range(3)]
    await move([shop.sale(sku, 1 + n, minute=n) for n, sku in enumerate(skus)])
    return shop


async def test_few_entries_wait_until_they_are_old(shop: Shop) -> None:
    await sealed(Sealer())
    assert ((await head()).number, (await unsealed()).entries) == (0, 6)
    await sealed()
    assert ((await head()).number, (await unsealed()).entries) == (1, 0)
    found, broken = await verify()
    assert [(block.first_id, block.last_id, block.entries) for block in found] == [(1, 6, 6)]
    assert broken == []


async def test_the_next_sealer_goes_on_where_one_ended(shop: Shop) -> None:
    await sealed()
    await shop.stock("later", 1)
    first, second = Sealer(AT_ONCE), Sealer(AT_ONCE)
    for sealer in (first, second, first, second):
        await sealer.step()
    found, broken = await verify()
    assert [(block.number, block.first_id, block.entries) for block in found] == [(1, 1, 6), (2, 7, 1)]
    assert found[1].previous == found[0].hash
    assert broken == []


@pytest.mark.parametrize(
    ("damage", "entry_id", "what"),
    [
        ("UPDATE stock_movement SET quantity = quantity + 1 WHERE id = 2", 2, "changed"),
        ("UPDATE stock_movement SET person = 'somebody else' WHERE id = 5", 5, "changed"),
        ("DELETE FROM stock_movement WHERE id = 3", 3, "missing"),
        ("UPDATE stock_movement SET id = 900 WHERE id = 8", 8, "missing"),
        ("UPDATE ledger_seal SET hash = previous WHERE number = 1", None, "its hash was changed"),
        ("DELETE FROM ledger_seal WHERE number = 1", None, "block before it is missing"),
    ],
)
async def test_what_was_changed_behind_our_back_is_found(shop: Shop, damage: str, entry_id: int | None, what: str) -> None:
    await sealed()
    await shop.stock("later", 1)
    await shop.stock("latest", 1)
    await sealed()
    for table in ("stock_movement", "ledger_seal"):
        if db.engine() is db.Engine.SQLITE:
            for verb in ("update", "delete"):
                await db.execute(f"DROP TRIGGER {table}_no_{verb}")
        else:
            await db.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    assert await db.execute(damage) == 1
    _, broken = await verify()
    assert (entry_id, what) in [(each.entry, each.what) for each in broken]
    assert {each.block for each in broken} <= {1, 2}


async def test_the_ledger_itself_refuses_to_be_changed(shop: Shop) -> None:
    with pytest.raises(db.ConstraintViolated):
        await db.execute("UPDATE stock_movement SET quantity = 1 WHERE id = 2")
    await sealed()
    with pytest.raises(db.ConstraintViolated):
        await db.execute("DELETE FROM ledger_seal")


async def test_an_entry_that_commits_late_is_waited_for(postgres_url: str) -> None:
    """Its id is smaller than ids that are there already: sealed too early, it would look like one that was put in afterwards."""
    await db.connect(postgres_url, create_schema=True)
    shop = await Shop.open()
    sku = await shop.stock("milk", 9)
    await sealed()
    slow = await asyncpg.connect(postgres_url)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(
        "INSERT INTO stock_movement (sku_id, from_location_id, to_location_id, quantity, reason, occurred_at, recorded_at) "
        "VALUES ($1, $2, $3, 1, 'received', now(), now())",
        *(sku, shop.supplier, shop.bin),
    )
    await move([shop.sale(sku, 1)])
    sealer = Sealer(AT_ONCE)
    await sealed(sealer)
    assert (await head()).last_id == 1
    await transaction.commit()
    await slow.close()
    await sealed(sealer)
    assert (await head()).last_id == 3
    assert (await verify())[1] == []
    await db.close()


async def test_verifying_all_tells_which_entry_differs(shop: Shop) -> None:
    await sealed()
    told: list[str] = []
    assert await verify_all(told.append)
    newest = (await head()).hash
    assert told == ["1 blocks with 6 entries; 0 entries are not sealed yet", f"the newest seal is 1:{newest}"]
    assert await verify_all(told.append, expect=f"1:{newest}")
    assert not await verify_all(told.append, expect=f"1:{'0' * 64}")
    if db.engine() is db.Engine.SQLITE:
        await db.execute("DROP TRIGGER stock_movement_no_update")
    else:
        await db.execute("DROP TRIGGER stock_movement_append_only ON stock_movement")
    await db.execute("UPDATE stock_movement SET device = 'other' WHERE id = 4")
    told.clear()
    assert not await verify_all(told.append)
    assert told[0] == "block 1: entry 4 is changed"
