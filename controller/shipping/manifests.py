"""What a carrier takes away from a site: a list that fills as labels are bought, and is closed by the scan of its last parcel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from controller import db, events
from controller.errors import Conflict, NotFound
from controller.shipping.events import ManifestClosed
from controller.shipping.numbers import MANIFESTS
from controller.shipping.states import MANIFEST, ManifestAction, ManifestState, ShipmentState
from controller.sites.policies import BusinessDays
from controller.sites.queries import site as site_of
from controller.states import advance


class NothingHandedOver(Conflict):
    """A list that nothing of was handed over is not closed."""

    code = "nothing_handed_over"

    def __init__(self, manifest: str) -> None:
        super().__init__(f"nothing of {manifest} was handed over yet: scan the parcels out first")
        self.manifest = manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredManifest:
    """`waiting` of its `shipments` are still here."""

    id: int
    carrier: str
    site: str
    day: date
    run: int
    state: ManifestState
    closed_at: datetime | None
    closed_by: str | None
    reference: str
    shipments: int
    waiting: int

    @property
    def no(self) -> str:
        return MANIFESTS.number(self.id)


async def put_on_manifest(shipment_id: int, carrier: str, site: str) -> None:
    """On the carrier's open list of this site; a new one, if there is none.  In the caller's transaction."""
    place = await site_of(site)
    day = BusinessDays(place.time_zone, place.day_starts).day_of(db.now())
    await db.execute(
        "INSERT INTO carrier_manifest (carrier, site, day, run, state) VALUES (?, ?, ?, "
        "(SELECT COUNT(*) + 1 FROM carrier_manifest WHERE carrier = ? AND site = ? AND day = ?), 'open') "
        "ON CONFLICT (carrier, site) WHERE state = 'open' DO NOTHING",
        *(carrier, site, day, carrier, site, day),
    )
    await db.execute(
        "UPDATE shipment SET manifest_id = (SELECT id FROM carrier_manifest WHERE carrier = ? AND site = ? AND state = 'open') "
        "WHERE id = ?",
        *(carrier, site, shipment_id),
    )


async def close(no: str) -> None:
    """The driver has gone: what was not scanned out goes onto the next list.  Closing twice is once.

    Records ManifestClosed.  Raises NotFound, NothingHandedOver.
    """
    async with db.transaction():
        row = await _locked(MANIFESTS.row_id(no))
        if ManifestState(row["state"]) is not ManifestState.OPEN:
            return
        left = await db.fetch(
            f"SELECT id, state FROM shipment WHERE manifest_id = ? ORDER BY id{db.for_update()}",  # noqa: S608 -- ours
            row["id"],
        )
        here = [one["id"] for one in left if one["state"] == ShipmentState.LABELLED.value]
        if len(here) == len(left):
            raise NothingHandedOver(no)
        await _close(row, len(left) - len(here))
        for shipment_id in here:
            await put_on_manifest(shipment_id, row["carrier"], row["site"])


async def close_when_empty(manifest_id: int) -> None:
    """By the scan of its last parcel.  In the caller's transaction."""
    row = await _locked(manifest_id)
    if ManifestState(row["state"]) is not ManifestState.OPEN:
        return
    rows = await db.fetch(
        "SELECT COUNT(*) AS n, COALESCE(SUM(CASE WHEN state = 'labelled' THEN 1 ELSE 0 END), 0) AS here FROM shipment "
        "WHERE manifest_id = ?",
        manifest_id,
    )
    if rows[0]["n"] and not rows[0]["here"]:
        await _close(row, int(rows[0]["n"]))


async def _close(row: db.Row, shipments: int) -> None:
    state = advance(MANIFEST, ManifestState(row["state"]), ManifestAction.CLOSE)
    await db.execute(
        "UPDATE carrier_manifest SET state = ?, closed_at = ?, closed_by = ?, next_at = ? WHERE id = ? AND state = 'open'",
        *(state.value, db.now(), events.actor().actor, db.now(), row["id"]),
    )
    closed = ManifestClosed(carrier=row["carrier"], shipments=shipments)
    await events.record(closed, subject=MANIFESTS.number(row["id"]), site=row["site"])


async def _locked(manifest_id: int) -> db.Row:
    rows = await db.fetch(f"SELECT * FROM carrier_manifest WHERE id = ?{db.for_update()}", manifest_id)  # noqa: S608 -- ours
    if not rows:
        raise NotFound(MANIFESTS.what, MANIFESTS.number(manifest_id))
    return rows[0]


async def manifest(no: str) -> StoredManifest:
    """Raises NotFound."""
    rows = await db.fetch(f"{_MANIFESTS} WHERE m.id = ?", MANIFESTS.row_id(no))
    if not rows:
        raise NotFound(MANIFESTS.what, no)
    return _stored(rows)[0]


async def manifests(*, before: int | None = None, limit: int = 50, sites: Sequence[str] | None = None) -> list[StoredManifest]:
    """The latest first, below the id `before`; of these sites (None: all)."""
    here, ids = ("", []) if sites is None else (f"AND {db.among('m.site')}", [db.listing(sites)])
    rows = await db.fetch(f"{_MANIFESTS} WHERE m.id < ? {here} ORDER BY m.id DESC LIMIT ?", before or 2**62, *ids, limit)
    return _stored(rows)


_MANIFESTS = (
    "SELECT m.*, (SELECT COUNT(*) FROM shipment s WHERE s.manifest_id = m.id) AS shipments, "
    "(SELECT COUNT(*) FROM shipment s WHERE s.manifest_id = m.id AND s.state = 'labelled') AS waiting FROM carrier_manifest m"
)


def _stored(rows: Sequence[db.Row]) -> list[StoredManifest]:
    names = ("id", "carrier", "site", "day", "run", "closed_at", "closed_by", "reference", "shipments", "waiting")
    return [StoredManifest(state=ManifestState(row["state"]), **{name: row[name] for name in names}) for row in rows]
