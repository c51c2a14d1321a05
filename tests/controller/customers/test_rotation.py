"""Keys: made at the first start, missing, wrong, rotated without stopping; what lies under old ones is sealed anew by batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller import db, events
from controller.customers import key_file, order_addresses, queries, resealing, rotation, sealing
from controller.customers.addresses import Address
from controller.customers.errors import KeysUnavailable, SealBroken
from controller.customers.keyring import Place
from controller.customers.merging import merge
from controller.customers.operations import add_customer, add_note, recognise
from controller.customers.policies import Contact, MergeReason, Profile
from controller.customers.sealed_columns import SEALED

HOME = Address(name="张三丰", phone="13812345678", province="广东", city="深圳市", street="科技园路1号")
HERE = Place("order_address", "sealed", "1")


@dataclass
class Later:
    """A clock that can be moved."""

    instant: datetime = field(default=datetime(2026, 11, 22, 8, tzinfo=UTC))

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return 0.0

    def mono_ms(self) -> int:
        return 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "sealing.key"


async def fill() -> int:
    """Something in every column that is sealed."""
    customer = await add_customer(Profile(name="张三丰", phone="13812345678"))
    other = await add_customer(Profile(name="张先生", phone="13812345678", email="zhang@example.com"))
    await merge(customer, other, MergeReason.SAME_PHONE)
    await add_note(customer, "rings at the back door")
    for order_id in range(1, 8):
        await order_addresses.set_address(order_id, HOME, customer_id=customer)
    return customer


async def sealed_by() -> set[str]:
    """The ids of the keys under which anything lies."""
    found = set()
    for column in (each for each in SEALED if each.table.startswith(("customer", "order_address"))):
        rows = await db.fetch(f"SELECT {column.column} AS v FROM {column.table} WHERE {column.column} IS NOT NULL")
        assert rows, f"nothing in {column.name}"
        found |= {row["v"].split(".")[1] for row in rows}
    return found


async def hashed_by() -> set[str]:
    rows = await db.fetch("SELECT hash FROM customer_identity UNION ALL SELECT phone_hash FROM order_address")
    return {row["hash"].partition(":")[0] for row in rows}


async def test_the_first_start_makes_the_file_and_the_keys_once(database: str, path: Path) -> None:
    assert await sealing.open_keys(path, may_create=True) is None
    sealed = await sealing.seal("张三丰", HERE)
    sealing.close_keys("stopped")
    assert await sealing.open_keys(path, may_create=True) is None
    assert await sealing.unseal(sealed, HERE) == "张三丰"
    assert len(await db.fetch("SELECT id FROM sealing_key")) == 2


async def test_a_lost_file_is_not_made_anew_over_what_it_wrapped(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    path.unlink()
    sealing.close_keys("stopped")
    trouble = await sealing.open_keys(path, may_create=True)
    assert trouble is not None
    assert "put it back" in trouble
    assert not path.exists()
    with pytest.raises(KeysUnavailable, match="put it back"):
        await sealing.seal("x", HERE)


async def test_a_file_of_another_database_is_told_as_such(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    key_file.replace(path, [key_file.new_master_key(db.now())])
    sealing.close_keys("stopped")
    trouble = await sealing.open_keys(path)
    assert trouble is not None
    assert "lacks the key m-" in trouble


async def test_a_file_that_comes_back_is_used_without_a_new_start(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    away = path.rename(path.with_name("away"))
    sealing.close_keys("stopped")
    assert await sealing.open_keys(path) is not None
    away.rename(path)
    sealing.look_again()
    assert await sealing.unseal(await sealing.seal("x", HERE), HERE) == "x"


async def test_keys_stay_open_while_their_file_is_replaced(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    path.unlink()
    sealing.look_again()
    assert await sealing.seal("x", HERE)


async def test_rotation_seals_all_of_it_anew_and_everything_is_found_as_before(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    customer = await fill()
    before, hashed = await sealed_by(), await hashed_by()
    await rotation.rotate_file(path, hashes=True)
    assert (await order_addresses.address_of(1)) == HOME, "old keys open what they sealed"
    assert await order_addresses.is_last_four(1, "5678")
    assert [found.id for found in await queries.found("13812345678")] == [customer]
    assert await resealing.waiting()
    await resealing.catch_up()
    assert await resealing.waiting() == {}
    assert not await sealed_by() & before
    assert not await hashed_by() & hashed
    assert (await order_addresses.address_of(1)) == HOME
    assert await order_addresses.is_last_four(1, "5678")
    assert [found.id for found in await queries.found("张三丰")] == [customer]
    assert await order_addresses.orders_by_phone("13812345678") == [7, 6, 5, 4, 3, 2, 1]
    again = await recognise(Contact(phone="13812345678"))
    assert again is not None
    assert again.customer_id == customer
    names = [event.name for event in await events.history("keys")]
    assert names == ["sealing_keys_rotated", "sealed_anew"]


async def test_a_pass_goes_on_from_where_it_was(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    await fill()
    await rotation.rotate_file(path)
    column = next(column for column in SEALED if column.table == "order_address")
    ring = await sealing.ring()
    assert await resealing.reseal_batch(column, ring, size=3) == 3
    (place,) = await db.fetch("SELECT place, resealed, done_at FROM sealing_pass")
    assert (place["place"], place["resealed"], place["done_at"]) == ("3", 3, None)
    assert await resealing.reseal_batch(column, ring, size=3) == 3
    assert await resealing.reseal_batch(column, ring, size=3) == 1
    assert await resealing.reseal_batch(column, ring, size=3) is None
    assert "order_address.sealed" not in await resealing.waiting()


async def test_what_an_old_process_sealed_meanwhile_is_found_by_the_next_pass(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    await fill()
    old = await sealing.ring()
    await rotation.rotate_file(path)
    await resealing.catch_up()
    await db.execute(
        "UPDATE order_address SET sealed = ? WHERE order_id = 2", old.seal('{"name":"late"}', Place("order_address", "sealed", "2"))
    )
    assert await resealing.catch_up() == 1
    assert (await order_addresses.address_of(2)).name == "late"


async def test_what_cannot_be_opened_keeps_its_old_key_and_stops_nothing(
    database: str, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await sealing.open_keys(path, may_create=True)
    await fill()
    await db.execute("UPDATE order_address SET sealed = (SELECT sealed FROM order_address WHERE order_id = 2) WHERE order_id = 1")
    await rotation.rotate_file(path)
    await resealing.catch_up()
    assert await resealing.waiting() == {"order_address.sealed": 1}
    assert "cannot be sealed anew" in caplog.text
    assert {state.state for state in await rotation.states()} == {"current", "old"}
    with pytest.raises(SealBroken):
        await order_addresses.address_of(1)
    assert (await order_addresses.address_of(2)) == HOME


async def test_an_old_key_is_destroyed_a_day_after_nothing_is_under_it(schema_url: str, path: Path) -> None:
    clock = Later()
    await db.connect(schema_url, clock=clock)
    try:
        await sealing.open_keys(path, may_create=True)
        await fill()
        await rotation.rotate_file(path, hashes=True)
        for hours in (0, 23):
            clock.instant += timedelta(hours=hours)
            await resealing.catch_up()
            assert len(await db.fetch("SELECT id FROM sealing_key")) == 4
        clock.instant += timedelta(hours=2)
        await resealing.catch_up()
        states = await rotation.states()
        assert [(state.purpose, state.state, state.opens) for state in states] == [
            ("seal", "current", True),
            ("hash", "current", True),
        ]
        assert await order_addresses.is_last_four(1, "5678")
    finally:
        await db.close()


async def test_an_old_master_key_leaves_the_file_with_the_rotation_after(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    (first,) = key_file.read(path)
    await rotation.rotate_file(path)
    second, also_first = key_file.read(path)
    assert also_first == first
    await rotation.rotate_file(path)
    assert [key.id for key in key_file.read(path)][1:] == [second.id]
    assert {state.master for state in await rotation.states()} == {key_file.read(path)[0].id}


async def test_a_crash_between_file_and_database_leaves_what_works(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    sealed = await sealing.seal("x", HERE)
    await rotation.new_master(path)
    sealing.close_keys("crashed")
    assert await sealing.open_keys(path) is None
    assert await sealing.unseal(sealed, HERE) == "x"
    await rotation.finish_rotation(path)
    assert await sealing.unseal(sealed, HERE) == "x"


async def test_another_process_sees_the_new_key_when_it_meets_it(database: str, path: Path) -> None:
    await sealing.open_keys(path, may_create=True)
    old = sealing._kept().ring
    await rotation.rotate_file(path)
    sealed = await sealing.seal("x", HERE)
    sealing._kept().ring = old
    sealing._kept().until = float("inf")
    assert await sealing.unseal(sealed, HERE) == "x"
