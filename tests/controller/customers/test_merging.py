"""One person under two records: suggested, merged, told apart, and a merge taken back."""

from __future__ import annotations

import pytest

from controller.customers import merging, queries
from controller.customers.errors import BadMerge, CustomerGone, MergeOvertaken
from controller.customers.merging import Suggestion, merge, suggestions, tell_apart, undo
from controller.customers.operations import Change, add_customer, change_customer, recognise
from controller.customers.policies import Contact, IdentityKind, MergeReason, Preferences, Profile
from controller.errors import NotFound
from controller.events import history

pytestmark = pytest.mark.usefixtures("keys")
SAME = MergeReason.SAME_PHONE


async def two() -> tuple[int, int]:
    """They share a telephone number; the second has an e-mail address besides."""
    one = await add_customer(Profile(name="张三丰", phone="13812345678"))
    other = await add_customer(Profile(name="张先生", phone="+86 13812345678", email="zhang@example.com"))
    return one, other


async def known(contact: Contact) -> int | None:
    found = await recognise(contact)
    return None if found is None else found.customer_id


async def test_who_shares_something_is_suggested_until_they_are_told_apart() -> None:
    one, other = await two()
    await add_customer(Profile(name="李四", phone="13900001111"))
    assert await suggestions() == [Suggestion(one, other, (IdentityKind.PHONE,))]
    assert await suggestions(of=other) == [Suggestion(one, other, (IdentityKind.PHONE,))]
    assert await suggestions(after=(one, other)) == []
    assert await merging.shared_with(one) == [other]
    await tell_apart(other, one)
    await tell_apart(one, other)
    assert await suggestions() == []
    assert [event.name for event in await history("CU-100001")].count("customers_told_apart") == 1


async def test_a_merge_fills_up_the_record_and_takes_over_what_one_is_known_by() -> None:
    one, other = await two()
    await merge(one, other, SAME)
    assert await suggestions() == []
    assert await known(Contact(email="zhang@example.com")) == one
    profile = await queries.profile_of(one)
    assert (profile.name, profile.email) == ("张三丰", "zhang@example.com")
    assert await queries.family(one) == [one, other]
    assert await queries.canonical(other) == one
    assert [found.id for found in await queries.found("张先生")] == []
    assert [found.id for found in await queries.found("CU-100002")] == [one]
    assert [row.id for row in await queries.customers(limit=5)] == [one]


async def test_a_merge_taken_back_leaves_two_as_they_were() -> None:
    one, other = await two()
    merged = await merge(one, other, SAME)
    await undo(merged)
    await undo(merged)
    assert await known(Contact(email="zhang@example.com")) == other
    assert (await queries.profile_of(one)).email == ""
    assert await queries.family(one) == [one]
    assert await suggestions() == [Suggestion(one, other, (IdentityKind.PHONE,))]
    (stored,) = await merging.merges_of([other])
    assert stored.undone_at is not None
    assert [event.name for event in await history("CU-100001")].count("customer_merge_undone") == 1


async def test_what_was_changed_since_is_kept_when_a_merge_is_taken_back() -> None:
    one, other = await two()
    merged = await merge(one, other, SAME)
    version = (await queries.customer(one)).version
    await change_customer(one, Change(version=version, profile=Profile(name="张翠山"), preferences=Preferences(), language=None))
    await undo(merged)
    assert (await queries.profile_of(one)).name == "张翠山"


async def test_the_owner_of_a_number_is_who_is_kept_whichever_that_is() -> None:
    one, other = await two()
    merged = await merge(other, one, SAME)
    assert await known(Contact(phone="13812345678")) == other
    await undo(merged)
    assert await known(Contact(phone="13812345678")) in (one, other)


async def test_merges_follow_each_other_and_are_taken_back_from_the_last() -> None:
    one, other = await two()
    third = await add_customer(Profile(name="张真人"))
    first = await merge(one, other, SAME)
    second = await merge(third, one, SAME)
    assert await queries.canonical(other) == third
    assert set(await queries.family(third)) == {one, other, third}
    with pytest.raises(MergeOvertaken):
        await undo(first)
    await undo(second)
    await undo(first)
    assert await queries.family(one) == [one]


async def test_what_cannot_be_merged() -> None:
    one, other = await two()
    with pytest.raises(BadMerge):
        await merge(one, one, SAME)
    with pytest.raises(NotFound):
        await merge(one, 99, SAME)
    await merge(one, other, SAME)
    for pair in ((other, one), (one, other)):
        with pytest.raises(CustomerGone):
            await merge(*pair, SAME)
    with pytest.raises(NotFound):
        await undo("nothing")
