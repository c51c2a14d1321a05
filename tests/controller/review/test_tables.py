from __future__ import annotations

import asyncio

import pytest

from controller.errors import DomainError, IllegalTransition, NotFound
from controller.events import acting
from controller.review.rules import BadRule, Outcome, Rule
from controller.review.states import TableState
from controller.review.tables import TableMoved, discard, go_live, live_rules, make_draft, put_rules, table, tables, undo
from tests.controller.orders_shop import told
from tests.controller.review.rule_tables import RV2

pytestmark = pytest.mark.usefixtures("database")


async def brought_live(*rules: Rule, replaces: int | None = None) -> int:
    made = await make_draft(note="rules")
    edition = await put_rules(made, rules or RV2, edition=1)
    await go_live(made, edition=edition, replaces=replaces)
    return made


async def test_rules_come_back_as_they_were_stored() -> None:
    with acting("person:wu"):
        made = await brought_live()
    assert await live_rules() == (made, RV2)
    found = await table(made)
    assert (found.state, found.live_by, found.created_by, found.replaced) == (TableState.LIVE, "person:wu", "person:wu", None)


async def test_a_draft_is_a_copy_that_can_be_changed_by_itself() -> None:
    live = await brought_live()
    draft = await make_draft(note="stricter", copied=live)
    assert (await table(draft)).rules == RV2
    assert await put_rules(draft, RV2[1:], edition=1) == 2
    assert await live_rules() == (live, RV2)


async def test_who_changed_an_older_edition_is_told() -> None:
    draft = await make_draft(note="a")
    await put_rules(draft, RV2, edition=1)
    with pytest.raises(TableMoved):
        await put_rules(draft, RV2[:1], edition=1)
    assert (await table(draft)).rules == RV2


async def test_going_live_is_a_switch_that_names_what_it_replaces() -> None:
    first = await brought_live()
    second = await make_draft(note="b", copied=first)
    for replaces in (None, second, 999):
        with pytest.raises(TableMoved):
            await go_live(second, edition=1, replaces=replaces)
    with pytest.raises(TableMoved):
        await go_live(second, edition=2, replaces=first)
    assert await live_rules() == (first, RV2)
    await go_live(second, edition=1, replaces=first)
    assert [(each.id, each.state) for each in await tables(before=None, limit=5)] == [
        (second, TableState.LIVE),
        (first, TableState.PAST),
    ]


async def test_of_many_that_go_live_at_once_one_does() -> None:
    first = await brought_live()
    drafts = [await make_draft(note=str(number), copied=first) for number in range(6)]

    async def switch(draft: int) -> bool:
        try:
            await go_live(draft, edition=1, replaces=first)
        except TableMoved:
            return False
        return True

    assert sum(await asyncio.gather(*(switch(draft) for draft in drafts))) == 1
    assert sum(each.state is TableState.LIVE for each in await tables(before=None, limit=9)) == 1


async def test_the_first_table_of_two_that_go_live_at_once_wins_too() -> None:
    drafts = [await make_draft(note=str(number)) for number in range(4)]
    for draft in drafts:
        await put_rules(draft, RV2, edition=1)
    answers = await asyncio.gather(*(go_live(draft, edition=2, replaces=None) for draft in drafts), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert all(answer is None or isinstance(answer, TableMoved) for answer in answers)


async def test_undo_brings_back_what_was_live_before_step_by_step() -> None:
    first = await brought_live()
    second = await brought_live(RV2[0], replaces=first)
    third = await brought_live(RV2[1], replaces=second)
    assert await undo(third) == second
    assert await live_rules() == (second, RV2[:1])
    with pytest.raises(TableMoved):
        await undo(third)
    assert await undo(second) == first
    with pytest.raises(NotFound):
        await undo(first)
    await go_live(third, edition=2, replaces=first)
    assert await live_rules() == (third, (RV2[1],))


async def test_what_is_live_is_not_changed_and_not_discarded() -> None:
    live = await brought_live()
    with pytest.raises(TableMoved):
        await put_rules(live, RV2[:1], edition=2)
    with pytest.raises(IllegalTransition):
        await discard(live)
    draft = await make_draft(note="no")
    await discard(draft)
    await discard(draft)
    assert (await table(draft)).state is TableState.DISCARDED
    with pytest.raises(DomainError):
        await go_live(draft, edition=1, replaces=live)


async def test_an_empty_table_does_not_go_live_and_bad_rules_are_not_stored() -> None:
    draft = await make_draft(note="empty")
    with pytest.raises(BadRule):
        await go_live(draft, edition=1, replaces=None)
    with pytest.raises(BadRule):
        await put_rules(draft, [Rule(name="", outcome=Outcome.PASS)], edition=1)
    for note in ("", "a\nb", "x" * 201):
        with pytest.raises(BadRule):
            await make_draft(note=note)
    assert (await table(draft)).edition == 1
    assert await told("review_table_changed") == 1
