"""A box's configuration as the controller keeps, publishes and shows it; on both engines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from controller import db
from controller.errors import NotFound, StaleVersion
from controller.events import acting
from controller.fleet import presence, twin
from controller.fleet.twin_diff import KeyDiff, TwinFault, diff
from controller.fleet.twin_queries import twin_versions, twin_view
from controller.fleet.twin_views import TwinState
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.messages import BoxState, Link, TwinDesired, TwinError, TwinReported
from edge_agent.wire.session import Incoming
from provisioning.box_config import check_document, document_hash
from tests.controller.boxes import register
from tests.doubles import NOON

ROOT = "shelfwire/1/sh-01/b1"
SCANNER = {"id": "scanner", "kind": "scanner", "model": "scanner.serial", "address": "tcp:127.0.0.1:1"}
DOCUMENT: dict[str, Any] = {"device": [SCANNER], "station": [{"id": "desk", "scanner": "scanner"}], "symbols": {}, "settings": {}}
OTHER: dict[str, Any] = {**DOCUMENT, "device": [{**SCANNER, "address": "tcp:127.0.0.1:2"}]}


async def publish() -> list[TwinDesired]:
    async with db.transaction():
        claimed = await twin.claim()
    assert all(one.topic == f"{ROOT}/_/twin/desired" for one in claimed)
    return [decode(TwinDesired, one.payload) for one in claimed]


async def tell(
    version: int, document: dict[str, Any], *errors: TwinError, applied: int | None = None, hash_of: dict[str, Any] | None = None
) -> None:
    reported = TwinReported(
        version=version,
        applied_version=version if applied is None else applied,
        at=NOON,
        document=document,
        errors=list(errors),
        hash=document_hash(document if hash_of is None else hash_of) if version else "",
    )
    await hear(f"{ROOT}/_/twin/reported", encode(reported))


async def hear(topic: str, payload: bytes) -> None:
    async with db.transaction():
        await presence.note([Incoming(topic, payload, retain=True, duplicate=False, acknowledge=lambda: None)])


async def come_online() -> None:
    session = UUID(int=7)
    await hear(f"{ROOT}/_/state", encode(BoxState(state=Link.ONLINE, session=session, boot="boot-1", at=NOON)))


async def events(name: str) -> list[dict[str, Any]]:
    rows = await db.fetch("SELECT data FROM event WHERE name = ? ORDER BY id", name)
    return [msgspec.json.decode(row["data"]) for row in rows]


async def test_a_change_is_published_retained_until_the_box_reports_it(database: str) -> None:
    await register()
    await come_online()
    assert await publish() == []
    assert await twin.desire("b1", DOCUMENT, version=0) == 1
    assert await publish() == [TwinDesired(version=1, document=DOCUMENT)]
    assert await publish() == []
    await db.execute("UPDATE box_twin SET sent_at = ?", db.now() - twin.AGAIN - timedelta(seconds=1))
    assert [one.version for one in await publish()] == [1]
    await tell(1, DOCUMENT, applied=0)
    await db.execute("UPDATE box_twin SET sent_at = ?", db.now() - twin.AGAIN - timedelta(seconds=1))
    assert [one.version for one in await publish()] == [1]
    await tell(1, DOCUMENT)
    await db.execute("UPDATE box_twin SET sent_at = ?", db.now() - twin.AGAIN - timedelta(seconds=1))
    assert await publish() == []
    await come_online()  # perhaps at a broker that forgot everything
    assert [one.version for one in await publish()] == [1]


async def test_what_could_not_be_published_is_due_at_once(database: str) -> None:
    await register()
    await twin.desire("b1", DOCUMENT, version=0)
    async with db.transaction():
        await twin.unclaim(await twin.claim())
    assert [one.version for one in await publish()] == [1]


async def test_who_did_not_read_the_newest_does_not_change_it(database: str) -> None:
    await register()
    with acting("anna"):
        await twin.desire("b1", DOCUMENT, version=0)
    with pytest.raises(StaleVersion), acting("ben"):
        await twin.desire("b1", OTHER, version=0)
    assert await twin.desire("b1", OTHER, version=1) == 2
    first, second = reversed(await twin_versions("b1"))
    assert (first.version, first.changed_by, first.document) == (1, "anna", DOCUMENT)
    assert (second.version, second.document) == (2, OTHER)
    assert [event["keys"] for event in await events("twin_changed")][1] == ["device.scanner.address"]


async def test_a_roll_back_is_a_new_version(database: str) -> None:
    await register()
    await twin.desire("b1", DOCUMENT, version=0)
    await twin.desire("b1", OTHER, version=1)
    assert await twin.roll_back("b1", 1, version=2) == 3
    view = await twin_view("b1")
    assert (view.version, view.document) == (3, DOCUMENT)
    assert (await twin_versions("b1"))[0].note == "as in version 1"
    with pytest.raises(NotFound):
        await twin.roll_back("b1", 9, version=3)
    with pytest.raises(NotFound):
        await twin.desire("nobody", DOCUMENT, version=0)


async def test_only_the_latest_versions_are_kept(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin, "KEPT", 2)
    await register()
    for version in range(4):
        await twin.desire("b1", DOCUMENT, version=version)
    assert [row.version for row in await twin_versions("b1")] == [4, 3]


async def test_what_the_box_would_not_take_is_refused_with_each_key(database: str) -> None:
    await register()
    wrong = {**DOCUMENT, "device": [{**SCANNER, "address": "usb", "options": {"loud": 1}}], "broker": {"host": "elsewhere"}}
    with pytest.raises(twin.BadTwin) as caught:
        await twin.desire("b1", wrong, version=0)
    assert {(error.key, error.code) for error in caught.value.errors} >= {
        ("device[0].address", "wrong_value"),
        ("broker", "unknown_key"),
    }
    assert (await twin_view("b1")).version == 0
    tried = await twin.check("b1", wrong)
    assert tried.errors == caught.value.errors
    assert (await twin.check("b1", DOCUMENT)).errors == []
    assert check_document({"device": "x" * 40_000}).errors[0].code == "too_large"


async def test_where_a_box_is_on_its_way(database: str) -> None:
    await register()
    assert (await twin_view("b1")).state is TwinState.FILE
    await tell(0, DOCUMENT)
    view = await twin_view("b1")
    assert view.state is TwinState.FILE
    assert view.reported is not None
    assert view.reported.document == DOCUMENT
    await twin.desire("b1", OTHER, version=0)
    assert (await twin_view("b1")).state is TwinState.WAITING
    assert [each.key for each in (await twin_view("b1")).diff] == ["device.scanner.address"]
    await tell(1, DOCUMENT, applied=0, hash_of=OTHER)
    assert (await twin_view("b1")).state is TwinState.WAITING
    await tell(1, DOCUMENT, TwinError(key="device[0].address", code="wrong_value", message="no"), hash_of=OTHER)
    view = await twin_view("b1")
    assert view.state is TwinState.PARTLY
    fault = TwinFault(key="device[0].address", code="wrong_value", message="no")
    assert view.diff == [KeyDiff(key="device.scanner.address", desired="tcp:127.0.0.1:2", reported="tcp:127.0.0.1:1", error=fault)]
    await tell(1, OTHER)
    assert ((await twin_view("b1")).state, (await twin_view("b1")).diff) == (TwinState.APPLIED, [])
    assert len(await events("twin_reported")) == 4


async def test_a_report_that_says_nothing_new_is_no_event(database: str) -> None:
    await register()
    await tell(0, DOCUMENT)
    await tell(0, DOCUMENT)
    assert len(await events("twin_reported")) == 1


async def test_a_controller_from_an_older_backup_catches_up(database: str) -> None:
    await register()
    await twin.desire("b1", DOCUMENT, version=0)
    await tell(7, OTHER)
    assert [(one.version, one.document) for one in await publish()] == [(8, DOCUMENT)]
    await tell(8, DOCUMENT)
    assert await publish() == []
    await tell(8, OTHER)  # the same number, and not what we know by it
    assert [one.version for one in await publish()] == [9]


async def test_a_box_that_went_back_to_its_file_is_left_alone_until_the_next_change(database: str) -> None:
    await register()
    await twin.desire("b1", DOCUMENT, version=0)
    await publish()
    reset = TwinError(key="", code="reset_on_the_box", message="by hand")
    reported = TwinReported(version=1, applied_version=1, at=NOON, document=OTHER, errors=[reset])
    await hear(f"{ROOT}/_/twin/reported", encode(reported))
    assert await publish() == []
    assert (await twin_view("b1")).state is TwinState.PARTLY
    assert await twin.desire("b1", DOCUMENT, version=1) == 2


def test_a_difference_names_entries_by_id_and_options_one_by_one() -> None:
    desired = {"device": [{"id": "a", "options": {"x": 1, "y": 2}}], "settings": {"log_level": "DEBUG"}}
    reported = {
        "device": [{"id": "a", "options": {"x": 1}}, {"id": "b", "model": "zpl"}],
        "settings": {"log_level": "INFO", "replica_seconds": 60},
        "symbols": {"own_prefixes": ["20"]},
    }
    assert [(each.key, each.desired, each.reported) for each in diff(desired, reported)] == [
        ("device.a.options.y", 2, None),
        ("device.b.model", None, "zpl"),
        ("settings.log_level", "DEBUG", "INFO"),
    ]


@pytest.mark.parametrize("strange", [{"device": 7}, {"device": [3]}, {"": {}}, {"settings": []}])
def test_a_difference_bears_any_document(strange: dict[str, Any]) -> None:
    error = TwinError(key="device[4].x", code="c", message="m")
    assert diff(strange, {}, [error])[-1].error is not None or diff(strange, {}, [error])
