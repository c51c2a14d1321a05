"""The configuration that boxes are to have: set with a version, checked by the box's own reader, published until the box has it.

The controller owns it.  A version only rises, also where a box tells that it knows a higher one than this database (a backup was
put back): then what stands here becomes the next version after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec
from msgspec import Struct

from controller.db import Engine, engine, execute, execute_many, fetch, now, transaction
from controller.errors import NotFound, Rejected, StaleVersion
from controller.events import actor, record
from controller.fleet import requests
from controller.fleet.dating import in_utc
from controller.fleet.events import TwinChanged, TwinReported
from controller.fleet.twin_diff import TwinFault, diff
from controller.fleet.twin_views import TwinCheck
from edge_agent.wire import messages
from edge_agent.wire.codec import encode
from edge_agent.wire.topics import BoxTopic, Family
from provisioning.box_config import check_document, document_hash

KEPT: Final = 50
"""Versions of each box."""
AGAIN: Final = timedelta(seconds=15)
AT_ONCE: Final = 50
_CAUGHT_UP: Final = "taken up again: the box knew a version that this controller did not"


class BadTwin(Rejected):
    """The box would not take all of it; `errors` names every key."""

    code = "bad_configuration"

    def __init__(self, errors: list[TwinFault]) -> None:
        super().__init__("; ".join(f"{error.key or 'the document'}: {error.message}" for error in errors)[:2000])
        self.errors = errors


class Publication(Struct, frozen=True):
    """A desired document on its way; retained."""

    box: str
    version: int
    topic: str
    payload: bytes


async def check(box: str, document: Mapping[str, object]) -> TwinCheck:
    """What it would do to the box, without doing it."""
    checked = check_document(document)
    rows = await fetch("SELECT reported FROM box_twin WHERE box = ?", box)
    reported = msgspec.json.decode(rows[0]["reported"], type=messages.TwinReported).document if rows and rows[0]["reported"] else {}
    errors = [TwinFault(key=each.key, code=each.code, message=each.message) for each in checked.errors]
    return TwinCheck(errors=errors, diff=diff(document if errors else checked.document, reported, errors))


async def desire(box: str, document: Mapping[str, object], *, version: int, note: str | None = None) -> int:
    """The box is to be so; the new version.  `version` is the one that was read before.  Records TwinChanged.

    Raises NotFound (box), BadTwin, StaleVersion.
    """
    checked = check_document(document)
    if checked.errors:
        raise BadTwin([TwinFault(key=each.key, code=each.code, message=each.message) for each in checked.errors])
    async with transaction():
        site = await _site(box)
        await execute("INSERT INTO box_twin (box, version, hash) VALUES (?, 0, '') ON CONFLICT (box) DO NOTHING", box)
        before = await fetch("SELECT document FROM box_twin WHERE box = ?", box)
        text = msgspec.json.encode(checked.document).decode()
        rows = await fetch(
            "UPDATE box_twin SET version = CASE WHEN reported_version > version THEN reported_version ELSE version END + 1, "
            "document = ?, hash = ?, changed_at = ?, changed_by = ?, sent_at = NULL WHERE box = ? AND version = ? "
            "RETURNING version",
            *(text, document_hash(checked.document), now(), actor().actor, box, version),
        )
        if not rows:
            raise StaleVersion("the configuration of box", box)
        new = int(rows[0]["version"])
        await _remember(box, new, text, note)
        changed = diff(checked.document, _decoded(before[0]["document"]))
        await record(TwinChanged(box=box, version=new, keys=[each.key for each in changed][:100]), subject=box, site=site)
        requests.announce()
        return new


async def roll_back(box: str, to: int, *, version: int) -> int:
    """What version `to` said becomes the newest.  Raises NotFound, BadTwin, StaleVersion."""
    rows = await fetch("SELECT document FROM box_twin_version WHERE box = ? AND version = ?", box, to)
    if not rows:
        raise NotFound(f"configuration of box {box} with version", to)
    return await desire(box, _decoded(rows[0]["document"]), version=version, note=f"as in version {to}")


async def note_reported(box: str, site: str, reported: messages.TwinReported) -> None:
    """What a box says that it is.  Records TwinReported when that is something else than before."""
    at = in_utc(reported.at)
    text = msgspec.json.encode(msgspec.structs.replace(reported, at=at)).decode()
    before = await fetch("SELECT reported FROM box_twin WHERE box = ?", box)
    await execute(
        "INSERT INTO box_twin (box, version, hash, reported_version, applied_version, reported, reported_at) "
        "VALUES (?, 0, '', ?, ?, ?, ?) ON CONFLICT (box) DO UPDATE SET reported_version = excluded.reported_version, "
        "applied_version = excluded.applied_version, reported = excluded.reported, reported_at = excluded.reported_at",
        *(box, reported.version, reported.applied_version, text, now()),
    )
    if not before or _but_when(before[0]["reported"]) != _but_when(text):
        event = TwinReported(
            box=box, version=reported.version, applied_version=reported.applied_version, errors=[e.key for e in reported.errors]
        )
        await record(event, subject=box, site=site)
    await _catch_up(box, reported)


async def due(box: str) -> None:
    """It came online, perhaps at a broker that forgot everything: it is told again."""
    await execute("UPDATE box_twin SET sent_at = NULL WHERE box = ?", box)


async def claim() -> list[Publication]:
    """What is to be published now, in the caller's transaction: what was never sent, and what its box does not report in time.

    A box answers what it knows already by its report: with several gateways an older one of them may be the last to be noted.
    """
    skip = "FOR UPDATE OF t SKIP LOCKED" if engine() is Engine.POSTGRES else ""
    rows = await fetch(
        "SELECT t.box, t.version, t.document, box.site FROM box_twin t JOIN box ON box.id = t.box WHERE t.document IS NOT NULL "  # noqa: S608 -- ours
        "AND (t.sent_at IS NULL OR (t.sent_at < ? AND box.link = 'online' "
        "AND (coalesce(t.reported_version, 0) < t.version OR coalesce(t.applied_version, 0) < t.version))) "
        f"ORDER BY t.box LIMIT {AT_ONCE:d} {skip}",
        now() - AGAIN,
    )
    await execute_many("UPDATE box_twin SET sent_at = ? WHERE box = ?", [(now(), row["box"]) for row in rows])
    return [
        Publication(
            row["box"],
            row["version"],
            str(BoxTopic(site=row["site"], box=row["box"], family=Family.TWIN, name="desired")),
            encode(messages.TwinDesired(version=row["version"], document=_decoded(row["document"]))),
        )
        for row in rows
    ]


async def unclaim(unsent: list[Publication]) -> None:
    """These could not be published: they are due at once."""
    await execute_many("UPDATE box_twin SET sent_at = NULL WHERE box = ?", [(one.box,) for one in unsent])


# --- inside -----------------------------------------------------------------------------------------------------------------


async def _catch_up(box: str, reported: messages.TwinReported) -> None:
    """The box has a version that is not ours: ours becomes a newer one."""
    rows = await fetch(
        "UPDATE box_twin SET version = ?, sent_at = NULL WHERE box = ? AND document IS NOT NULL "
        "AND (version < ? OR (version = ? AND ? <> '' AND hash <> ?)) RETURNING version, document",
        *(reported.version + 1, box, reported.version, reported.version, reported.hash, reported.hash),
    )
    for row in rows:
        await _remember(box, row["version"], row["document"], _CAUGHT_UP)
        requests.announce()


async def _remember(box: str, version: int, document: str, note: str | None) -> None:
    await execute(
        "INSERT INTO box_twin_version (box, version, document, changed_at, changed_by, note) VALUES (?, ?, ?, ?, ?, ?)",
        *(box, version, document, now(), actor().actor, note),
    )
    await execute(
        "DELETE FROM box_twin_version WHERE box = ? AND version <= (SELECT version FROM box_twin_version WHERE box = ? "
        "ORDER BY version DESC LIMIT 1 OFFSET ?)",
        *(box, box, KEPT),
    )


async def _site(box: str) -> str:
    rows = await fetch("SELECT site FROM box WHERE id = ?", box)
    if not rows:
        raise NotFound("box", box)
    return str(rows[0]["site"])


def _decoded(text: str | None) -> dict[str, object]:
    return {} if text is None else msgspec.json.decode(text, type=dict[str, object])


def _but_when(text: str | None) -> dict[str, object]:
    return {key: value for key, value in _decoded(text).items() if key != "at"}
