"""Documents are told one by one: what is another, what is gone, and never more than fit into a cursor."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.replica import parts as ways
from controller.replica.parts import Listed
from edge_agent.wire.open_work import Document, OpenCount


def documents(*numbers: int) -> list[Document]:
    return [OpenCount(id=number, number=f"CT-{number}", title="", time_zone="UTC", bins=[]) for number in numbers]


@given(st.lists(st.dictionaries(st.integers(0, 12), st.integers(0, 2)), max_size=8))
async def test_a_box_that_follows_has_what_there_is(steps: Sequence[dict[int, int]]) -> None:
    now: dict[int, int] = {}

    async def read(_: str) -> list[Document]:
        return [OpenCount(id=id_, number=str(id_), title=str(title), time_zone="UTC", bins=[]) for id_, title in now.items()]

    part, place, kept = Listed(name="counts", read=read), None, dict[str, str]()
    for step in steps:
        now = step
        told = await part.since("s1", place, 1)
        if told.rows.anew:
            kept = {}
        for gone in told.rows.gone:
            del kept[gone]
        kept |= {str(row.id): row.title for row in msgspec.json.decode(told.rows.rows, type=list[OpenCount])}
        place = told.place
        assert kept == {str(id_): str(title) for id_, title in now.items()}
        assert len(place) < 2000


async def test_only_so_many_are_told() -> None:
    async def read(_: str) -> list[Document]:
        return documents(*range(ways.MOST_LISTED + 5))

    told = await Listed(name="counts", read=read).since("s1", None, 1)
    assert len(msgspec.json.decode(told.rows.rows)) == ways.MOST_LISTED
    assert len(told.place) < 2000


@pytest.mark.parametrize("place", ["1", "x:1", "1:", "1:ab-", "::"])
async def test_a_place_that_is_none_begins_anew(place: str) -> None:
    async def read(_: str) -> list[Document]:
        return documents(1)

    assert (await Listed(name="counts", read=read).since("s1", place, 1)).rows.anew
