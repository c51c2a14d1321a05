from __future__ import annotations

import pytest

from controller.db import fetch
from controller.documents import queries
from controller.documents.operations import store, store_builtin
from controller.errors import NotFound
from drivers.documents.errors import BadTemplate
from drivers.documents.templates import content_version

LABEL = b"""{"name": "tag", "kind": "label", "width": "60", "height": "40", "fields": {"a": {"type": "text", "about": "A"}},
 "elements": [{"type": "text", "x": "2", "y": "2", "width": "56", "height": "8", "text": "%s{a}"}]}"""


async def test_a_template_is_stored_under_the_hash_of_its_bytes(database: str) -> None:
    version = await store(LABEL % b"")
    assert version == content_version(LABEL % b"")
    assert (await queries.template("tag", version)).body == LABEL % b""


async def test_the_latest_stored_is_current_and_older_versions_stay(database: str) -> None:
    first, second = await store(LABEL % b"1"), await store(LABEL % b"2")
    assert (await queries.current("tag")).version == second
    assert not (await queries.template("tag", first)).is_current
    assert await store(LABEL % b"1") == first
    assert (await queries.current("tag")).version == first


async def test_storing_again_changes_nothing(database: str) -> None:
    await store_builtin()
    before = await fetch("SELECT name, version, created_at FROM print_template ORDER BY id")
    versions = await store_builtin()
    assert await fetch("SELECT name, version, created_at FROM print_template ORDER BY id") == before
    assert len(set(versions)) == len(versions) >= 3


async def test_what_is_no_template_is_not_stored(database: str) -> None:
    with pytest.raises(BadTemplate):
        await store(b'{"name": "tag"}')
    assert not await fetch("SELECT 1 FROM print_template")


async def test_the_list_pages_by_name_and_version(database: str) -> None:
    await store_builtin()
    await store(LABEL % b"1")
    await store(LABEL % b"2")
    every = await queries.templates(after="", limit=100)
    paged, after = [], ""
    while rows := await queries.templates(after=after, limit=2):
        paged += rows
        after = f"{rows[-1].name}/{rows[-1].version}"
    assert paged == every == sorted(every, key=lambda row: (row.name, row.version))


async def test_unknown_templates_are_told(database: str) -> None:
    with pytest.raises(NotFound):
        await queries.current("tag")
    with pytest.raises(NotFound):
        await queries.template("tag", "0" * 64)
