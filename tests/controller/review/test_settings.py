"""What reviews remember of their settings is never older than the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from controller import db
from controller.review.clocks import ClockKind, Counts, Span, Term
from controller.review.limits import set_limits
from controller.review.opening import Opening, set_opening, set_term
from controller.review.policies import Limits
from controller.review.settings import Settings, settings
from controller.review.tables import go_live, make_draft, put_rules, undo
from tests.controller.goods import Shop
from tests.controller.review.rule_tables import RV2

HOUR = Term(length=timedelta(hours=1), near=timedelta(0), counts=Counts.ALWAYS)


async def _stamp() -> str:
    return str((await db.fetch("SELECT stamp FROM review_stamp WHERE id = 1"))[0]["stamp"])


async def _now() -> Settings:
    return await settings(await _stamp())


async def _live(replaces: int | None) -> int:
    draft = await make_draft(note="x")
    await go_live(draft, edition=await put_rules(draft, RV2, edition=1), replaces=replaces)
    return draft


async def _undone() -> None:
    await undo(await _live(await _live(None)))


@pytest.mark.parametrize(
    "change",
    [
        lambda: set_limits(Limits(address=False), edition=0),
        lambda: set_term("s1", ClockKind.TOUCH, HOUR),
        lambda: set_term("", ClockKind.TOUCH, None),
        lambda: set_opening("s1", Opening(spans={0: [Span(0, 60)]}, closed=[])),
        lambda: _live(None),
        _undone,
    ],
)
async def test_each_change_of_a_setting_is_seen(change: Callable[[], Awaitable[object]], database: str) -> None:
    await Shop.open()
    before = await _stamp()
    await change()
    assert await _stamp() != before


async def test_what_did_not_change_is_not_read_again(database: str) -> None:
    first = await _now()
    assert await _now() is first


async def test_what_is_remembered_is_what_was_set(database: str) -> None:
    await Shop.open()
    assert (await _now()).live is None
    live = await _live(None)
    await set_limits(Limits(discount_bp=1), edition=0)
    await set_term("s1", ClockKind.TOUCH, HOUR)
    found = await _now()
    assert found.limits.discount_bp == 1
    assert found.live == (live, RV2)
    assert found.terms_of("s1")[ClockKind.TOUCH] == HOUR
    assert found.terms_of(None)[ClockKind.TOUCH].length == timedelta(minutes=30)


async def test_a_change_that_is_taken_back_is_forgotten_with_its_stamp(database: str) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction():
            await set_limits(Limits(discount_bp=1), edition=0)
            assert (await _now()).limits.discount_bp == 1
            raise RuntimeError
    assert (await _now()).limits == Limits()
    await set_limits(Limits(discount_bp=2), edition=0)
    assert (await _now()).limits.discount_bp == 2
