"""Forgetting a customer, with evidence that names nobody; and all that is stored of one."""

from __future__ import annotations

import msgspec
import pytest

from controller import db
from controller.customers import erasing, order_addresses, queries, sealing
from controller.customers.addresses import Address
from controller.customers.merging import merge
from controller.customers.operations import add_customer, add_note, recognise
from controller.customers.policies import Contact, MergeReason, Profile
from controller.errors import NotFound
from controller.events import history

pytestmark = pytest.mark.usefixtures("keys")
HOME = Address(name="张三丰", phone="13812345678", province="广东", city="深圳市", street="科技园路1号")


async def somebody() -> int:
    """With a note, another record merged, and two orders: one of them known by its address alone."""
    customer = await add_customer(Profile(name="张三丰", phone="13812345678"))
    other = await add_customer(Profile(name="张先生", email="zhang@example.com"))
    await merge(customer, other, MergeReason.TOLD_BY_CUSTOMER)
    await add_note(customer, "rings at the back door")
    await order_addresses.set_address(1, HOME, customer_id=other)
    await order_addresses.set_address(2, HOME)
    return customer


async def test_who_is_erased_is_found_by_nothing_and_their_orders_stay() -> None:
    customer = await somebody()
    await order_addresses.set_address(3, HOME)
    await erasing.ask(customer)
    assert await erasing.asked() == [customer]
    await erasing.erase(customer, [2])
    assert await erasing.asked() == []
    for typed in ("13812345678", "zhang@example.com", "张三丰"):
        assert await queries.found(typed) == []
    (row,) = await db.fetch("SELECT * FROM customer WHERE id = ?", customer)
    assert (row["sealed"], row["state"]) == (None, "erased")
    assert await db.fetch("SELECT * FROM customer_note") == []
    assert await db.fetch("SELECT * FROM customer_identity") == []
    assert sorted(await order_addresses.stored_addresses([1, 2, 3])) == [3]
    evidence = (await history("CU-100001"))[-1]
    assert evidence.data == {"records": 2, "identities": 2, "notes": 1, "addresses": 2}
    with pytest.raises(NotFound):
        await queries.profile_of(customer)


async def test_erasing_twice_is_once_and_needs_no_key() -> None:
    customer = await somebody()
    sealing.close_keys("there is no key file")
    await erasing.erase(customer, [])
    await erasing.erase(customer, [])
    assert [event.name for event in await history("CU-100001")].count("customer_erased") == 1
    stored = await queries.customer(customer)
    assert (stored.state, stored.person, stored.grade) == ("erased", None, None)


async def test_who_was_erased_and_comes_again_is_somebody_new() -> None:
    customer = await somebody()
    await erasing.erase(customer, [])
    again = await recognise(Contact(phone="13812345678"))
    assert again is not None
    assert again.is_new
    assert again.customer_id != customer


async def test_asking_twice_is_once_and_nobody_cannot_be_asked_for() -> None:
    customer = await somebody()
    await erasing.ask(customer)
    await erasing.ask(customer)
    assert [event.name for event in await history("CU-100001")].count("customer_erasure_asked") == 1
    with pytest.raises(NotFound):
        await erasing.ask(99)
    with pytest.raises(NotFound):
        await erasing.erase(99, [])


async def test_an_export_has_all_of_it_and_is_told() -> None:
    customer = await somebody()
    export = await erasing.export(customer, [2])
    assert export.profile.name == "张三丰"
    assert export.also == ["CU-100002"]
    assert {identity.value for identity in export.identities} == {"+8613812345678", "zhang@example.com"}
    assert [note.text for note in export.notes] == ["rings at the back door"]
    assert [(each.order, each.address) for each in export.addresses] == [("SO-100001", HOME), ("SO-100002", HOME)]
    assert [event.name for event in await history("CU-100001")][-2:] == ["personal_data_seen", "customer_exported"]
    assert msgspec.json.decode(erasing.encoded(export), type=erasing.Export) == export


async def test_looking_at_a_person_is_told() -> None:
    customer = await somebody()
    profile, notes = await erasing.reveal(customer)
    assert (profile.phone, notes[0].text) == ("13812345678", "rings at the back door")
    assert (await history("CU-100001"))[-1].data == {"what": "customer"}
