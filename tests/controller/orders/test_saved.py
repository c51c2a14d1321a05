"""Saved views: one's own by name, others' by role, on both engines."""

from __future__ import annotations

import pytest

from controller.errors import NotFound
from controller.orders import saved
from controller.orders.saved import BadView, TooManyViews
from edge_agent.wire.roles import Role


async def names(owner: str, *roles: Role) -> list[str]:
    return [view.name for view in await saved.views(owner, roles)]


@pytest.mark.usefixtures("database")
async def test_views_are_one_s_own_and_those_that_others_share_with_a_role() -> None:
    await saved.save("person:a", "mine", "state=approved")
    await saved.save("person:b", "shared", "stage=late", role=Role.MANAGER)
    await saved.save("person:b", "private", "stage=late")
    assert await names("person:a", Role.MANAGER) == ["mine", "shared"]
    assert await names("person:a", Role.PICKER) == ["mine"]
    assert await names("person:b") == ["private", "shared"]
    await saved.save("person:a", "  mine ", "state=closed")
    assert [view.query for view in await saved.views("person:a", [])] == ["state=closed"]


@pytest.mark.usefixtures("database")
async def test_only_their_owner_forgets_them_and_what_cannot_be_a_view_is_refused() -> None:
    await saved.save("person:b", "shared", "stage=late", role=Role.MANAGER)
    (view,) = await saved.views("person:a", [Role.MANAGER])
    with pytest.raises(NotFound):
        await saved.forget("person:a", view.id)
    assert (await saved.forget("person:b", view.id)).query == "stage=late"
    for name in ("", " ", "x" * 61, "two\nlines\x07"):
        with pytest.raises(BadView):
            await saved.save("person:a", name, "")
    for number in range(saved.MOST_VIEWS):
        await saved.save("person:a", f"view {number}", "")
    with pytest.raises(TooManyViews):
        await saved.save("person:a", "one more", "")
    assert len(await names("person:a")) == saved.MOST_VIEWS
