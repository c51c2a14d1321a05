"""One person across channels: recognised, learned of, changed, rated, noted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from controller import db
from controller.customers import operations, queries
from controller.customers.addresses import Address
from controller.customers.errors import BadCustomer, CustomerGone
from controller.customers.merging import merge
from controller.customers.operations import Change, add_customer, change_customer, rate, recognise
from controller.customers.policies import Contact, Field, MergeReason, Preferences, Profile
from controller.errors import NotFound, StaleVersion
from controller.events import history

pytestmark = pytest.mark.usefixtures("keys")
ZHANG = Contact(name="张三丰", phone="138 1234 5678", channel="tmall", channel_id="tb-4711")


async def known(contact: Contact) -> int:
    found = await recognise(contact)
    assert found is not None
    return found.customer_id


async def test_somebody_new_becomes_a_customer_once() -> None:
    first, again = await recognise(ZHANG), await recognise(ZHANG)
    assert first is not None
    assert again is not None
    assert (first.is_new, again.is_new) == (True, False)
    assert first.customer_id == again.customer_id
    (event,) = await history("CU-100001")
    assert event.data == {"known_by": ["channel", "phone"], "channel": "tmall"}


@pytest.mark.parametrize(
    "seen",
    [
        Contact(name="张先生", phone="+8613812345678", channel="jd", channel_id="jd-9"),
        Contact(channel="tmall", channel_id="tb-4711", phone="13900001111"),
        Contact(phone="１３８１２３４５６７８"),
    ],
)
async def test_somebody_is_recognised_across_channels(seen: Contact) -> None:
    first = await known(ZHANG)
    assert await known(seen) == first


async def test_what_another_channel_tells_is_learned_and_recognised_from_then_on() -> None:
    first = await known(ZHANG)
    await known(Contact(phone="13812345678", email="Zhang@Example.com", channel="jd", channel_id="jd-9"))
    assert await known(Contact(channel="jd", channel_id="jd-9")) == first
    assert await known(Contact(email="zhang@example.com ")) == first
    profile = await queries.profile_of(first)
    assert (profile.name, profile.phone, profile.email) == ("张三丰", "138 1234 5678", "Zhang@Example.com")


async def test_the_same_id_at_another_channel_is_somebody_else() -> None:
    assert await known(Contact(channel="jd", channel_id="7")) != await known(Contact(channel="pdd", channel_id="7"))


async def test_who_is_known_by_two_records_is_taken_by_the_surer_one_and_the_other_is_told() -> None:
    by_phone = await known(Contact(phone="13812345678"))
    by_mail = await known(Contact(email="zhang@example.com"))
    found = await recognise(Contact(phone="13812345678", email="zhang@example.com"))
    assert found is not None
    assert (found.customer_id, found.doubles) == (by_phone, (by_mail,))


async def test_nothing_told_is_nobody() -> None:
    assert await recognise(Contact(name="张三", phone="none", email="?")) is None
    assert await queries.customers(limit=10) == []


async def test_many_orders_of_one_new_person_at_once_make_one_customer() -> None:
    async def order(number: int) -> int:
        contact = Contact(phone="13812345678", channel="jd", channel_id="jd-9" if number % 2 else "")
        return await db.in_transaction(lambda: known(contact))

    assert len(set(await asyncio.gather(*(order(number) for number in range(12))))) == 1
    assert len(await queries.customers(limit=10)) == 1


async def test_a_record_is_masked_in_lists_and_sealed_in_the_database() -> None:
    customer = await add_customer(Profile(name="张三丰", phone="13812345678", email="zhang@example.com"))
    (shown,) = await queries.customers(limit=10)
    assert shown.person is not None
    assert (shown.no, shown.person.name, shown.person.phone, shown.person.email) == (
        "CU-100001",
        "张**",
        "138****5678",
        "z***@example.com",
    )
    rows = [*await db.fetch("SELECT * FROM customer"), *await db.fetch("SELECT * FROM customer_identity")]
    for word in ("张", "13812345678", "zhang"):
        assert word not in str(rows)
    assert await queries.masked_names([customer, 99]) == {customer: "张**"}


@pytest.mark.parametrize("typed", ["13812345678", "+86 138-1234-5678", "ZHANG@example.com", "张三丰", " 张 三丰", "cu-100001"])
async def test_customers_are_found_by_what_is_exactly_theirs(typed: str) -> None:
    await add_customer(Profile(name="张三丰", phone="13812345678", email="zhang@example.com"))
    await add_customer(Profile(name="李四", phone="13812345679"))
    assert [found.no for found in await queries.found(typed)] == ["CU-100001"]


@pytest.mark.parametrize("typed", ["", "张", "张三", "1381234567", "zhang", "CU-1", "CU-999999"])
async def test_parts_of_what_is_sealed_find_nobody(typed: str) -> None:
    await add_customer(Profile(name="张三丰", phone="13812345678"))
    assert await queries.found(typed) == []


async def test_completeness_is_measured() -> None:
    await add_customer(Profile(name="张三丰", phone="13812345678"))
    address = Address(name="李四", phone="13900001111", province="广东", city="深圳", street="人民路1号")
    full = Profile(name="李四", phone="13900001111", email="li@example.com", birthday=date(1990, 1, 2), addresses=(address,))
    await add_customer(full, Preferences(delivery="home"))
    assert [found.completeness for found in await queries.customers(limit=10)] == [100, 33]
    whole = await queries.how_complete()
    assert (whole.customers, whole.percent) == (2, 66)
    assert (whole.missing[Field.NAME], whole.missing[Field.EMAIL]) == (0, 1)


async def test_a_change_needs_the_version_that_was_read_and_moves_what_one_is_known_by() -> None:
    customer = await add_customer(Profile(name="张三丰", phone="13812345678"))
    wanted = Change(version=1, profile=Profile(name="张三丰", phone="13900001111"), preferences=Preferences(), language="zh-CN")
    await change_customer(customer, wanted)
    with pytest.raises(StaleVersion):
        await change_customer(customer, wanted)
    assert await queries.found("13812345678") == []
    assert [found.id for found in await queries.found("13900001111")] == [customer]
    assert (await history("CU-100001"))[-1].data == {"fields": ["phone", "language"]}
    await change_customer(customer, replace(wanted, version=2, language=None))
    assert len(await history("CU-100001")) == 2, "what is as it was is no change"


async def test_a_number_that_somebody_gives_up_belongs_to_who_shared_it() -> None:
    first = await add_customer(Profile(name="A B", phone="13812345678"))
    second = await add_customer(Profile(name="C D", phone="13812345678"))
    assert await known(Contact(phone="13812345678")) == first
    await change_customer(first, Change(version=1, profile=Profile(name="A B"), preferences=Preferences(), language=None))
    assert await known(Contact(phone="13812345678")) == second


async def test_ratings_are_letters_and_follow_a_merge() -> None:
    one, other = await add_customer(Profile(name="A B")), await add_customer(Profile(name="A B"))
    await rate(one, grade="A", credit="C")
    assert await queries.rating(one) == queries.Rating("A", "C")
    assert await queries.rating(None) == queries.Rating(None, None)
    await merge(one, other, MergeReason.SEEN_BY_STAFF)
    assert await queries.rating(other) == queries.Rating("A", "C")
    with pytest.raises(CustomerGone):
        await rate(other, grade="B", credit=None)
    for grade in ("", "a", "AA", "1"):
        with pytest.raises(BadCustomer):
            await rate(one, grade=grade, credit=None)


async def test_notes_are_sealed_and_come_back_the_newest_first() -> None:
    customer = await add_customer(Profile(name="张三丰"))
    await operations.add_note(customer, "rings at the back door")
    await operations.add_note(customer, "allergic to nuts")
    assert {note.text for note in await queries.notes_of([customer])} == {"rings at the back door", "allergic to nuts"}
    assert "back door" not in str(await db.fetch("SELECT * FROM customer_note"))
    with pytest.raises(BadCustomer):
        await operations.add_note(customer, "  ")
    with pytest.raises(NotFound):
        await operations.add_note(99, "x")


@pytest.mark.parametrize(
    "profile",
    [
        Profile(),
        Profile(name="x" * 101),
        Profile(name="two\nlines"),
        Profile(phone="call me"),
        Profile(email="nobody"),
        Profile(name="x", addresses=(Address(),) * 21),
        Profile(name="x", addresses=(Address(country="China"),)),
    ],
)
async def test_what_is_no_record_is_refused(profile: Profile) -> None:
    with pytest.raises(BadCustomer):
        await add_customer(profile)
