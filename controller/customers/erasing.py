"""Forgetting a customer, and telling one all that is stored of them.

`ask` notes the wish; `erase` forgets the person under all records that were merged, and the addresses of the orders it is given.
Whether orders are still under way is looked at by `controller/tracking/forgetting.py`, which knows orders.
"""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from controller import db, events
from controller.customers import order_addresses, queries
from controller.customers.addresses import Address
from controller.customers.events import CustomerErased, CustomerErasureAsked, CustomerExported, PersonalDataSeen
from controller.customers.identities import give_on, known_by
from controller.customers.merging import forget_merges
from controller.customers.numbers import CUSTOMERS, ORDERS
from controller.customers.policies import Preferences, Profile
from controller.errors import NotFound


class ExportedNote(Struct, frozen=True, kw_only=True):
    made_at: datetime
    text: str


class ExportedIdentity(Struct, frozen=True, kw_only=True):
    kind: str
    channel: str
    value: str


class ExportedAddress(Struct, frozen=True, kw_only=True):
    order: str
    address: Address


class Export(Struct, frozen=True, kw_only=True):
    """All that is stored of one person, in a form that programs read (GDPR article 20; PIPL article 45)."""

    customer: str
    also: list[str]
    created_at: datetime
    language: str | None
    grade: str | None
    credit: str | None
    profile: Profile
    preferences: Preferences
    identities: list[ExportedIdentity]
    notes: list[ExportedNote]
    addresses: list[ExportedAddress]


async def ask(customer_id: int) -> None:
    """Somebody wants to be forgotten.  Asking twice is once.  Records CustomerErasureAsked.  Raises NotFound."""
    async with db.transaction():
        changed = await db.execute(
            "UPDATE customer SET erasure_asked_at = ? WHERE id = ? AND erasure_asked_at IS NULL AND state = 'active'",
            *(db.now(), customer_id),
        )
        if changed:
            await events.record(CustomerErasureAsked(), subject=CUSTOMERS.number(customer_id))
        else:
            await queries.customer(customer_id)


async def asked(limit: int = 100) -> list[int]:
    """Who waits to be forgotten, the longest first."""
    rows = await db.fetch(
        "SELECT id FROM customer WHERE erasure_asked_at IS NOT NULL AND erased_at IS NULL AND state = 'active' "
        "ORDER BY erasure_asked_at, id LIMIT ?",
        limit,
    )
    return [int(row["id"]) for row in rows]


async def erase(customer_id: int, order_ids: Sequence[int]) -> None:
    """Forget who it is: record, identities, notes, merges, and where these orders went; the orders stay.  Twice is once.

    Records CustomerErased, which counts what was forgotten.  It needs no key.  Raises NotFound.
    """
    async with db.transaction():
        await _hold(customer_id)
        everybody = db.listing(family := await queries.family(customer_id))
        records = await db.execute(
            "UPDATE customer SET state = 'erased', sealed = NULL, name_bucket = NULL, merged_into = NULL, language = NULL, "
            "grade = NULL, credit = NULL, preferences = '{}', missing = '[]', completeness = 0, "
            "erasure_asked_at = COALESCE(erasure_asked_at, ?), erased_at = ?, "
            f"version = version + 1, changed_at = ? WHERE {db.among('id')} AND state <> 'erased'",
            *(db.now(), db.now(), db.now(), everybody),
        )
        if not records:
            return
        hashes = await db.fetch(f"DELETE FROM customer_identity WHERE {db.among('customer_id')} RETURNING hash", everybody)
        await give_on(row["hash"] for row in hashes)
        notes = await db.execute(f"DELETE FROM customer_note WHERE {db.among('customer_id')}", everybody)
        await forget_merges(family)
        told = {*order_ids, *(row["order_id"] for row in await _addressed(family))}
        erased = CustomerErased(
            records=records, identities=len(hashes), notes=notes, addresses=await order_addresses.erase_addresses(told)
        )
        await events.record(erased, subject=CUSTOMERS.number(customer_id))


async def hashes_of(customer_id: int) -> list[str]:
    """By what somebody, and all that were merged into them, can be known: what others keep of them is found by it."""
    everybody = db.listing(await queries.family(customer_id))
    rows = await db.fetch(f"SELECT DISTINCT hash FROM customer_identity WHERE {db.among('customer_id')} ORDER BY hash", everybody)
    return [str(row["hash"]) for row in rows]


async def _hold(customer_id: int) -> None:
    """Hold it.  Raises NotFound."""
    if not await db.fetch(f"SELECT id FROM customer WHERE id = ?{db.for_update()}", customer_id):
        raise NotFound("customer", CUSTOMERS.number(customer_id))


async def _addressed(family: Sequence[int]) -> list[db.Row]:
    return await db.fetch(
        f"SELECT order_id FROM order_address WHERE {db.among('customer_id')} ORDER BY order_id", db.listing(family)
    )


async def export(customer_id: int, order_ids: Sequence[int]) -> Export:
    """All that is stored of one person, in clear.  Records PersonalDataSeen and CustomerExported.

    Raises NotFound (erased, too), KeysUnavailable, SealBroken.
    """
    async with db.transaction():
        stored, family = await queries.customer(customer_id), await queries.family(customer_id)
        profile = await queries.profile_of(customer_id)
        orders = sorted({*order_ids, *(row["order_id"] for row in await _addressed(family))})
        addresses = [
            ExportedAddress(order=ORDERS.number(order_id), address=await order_addresses.address_of(order_id))
            for order_id in sorted(await order_addresses.stored_addresses(orders))
        ]
        await events.record_many([(PersonalDataSeen(what="customer"), stored.no), (CustomerExported(), stored.no)])
        return Export(
            customer=stored.no,
            also=[CUSTOMERS.number(other) for other in family[1:]],
            created_at=stored.created_at,
            language=stored.language,
            grade=stored.grade,
            credit=stored.credit,
            profile=profile,
            preferences=stored.preferences,
            identities=[
                ExportedIdentity(kind=known.identity.kind.value, channel=known.identity.channel, value=known.identity.value)
                for known in await known_by(family)
            ],
            notes=[ExportedNote(made_at=note.made_at, text=note.text) for note in await queries.notes_of(family)],
            addresses=addresses,
        )


async def reveal(customer_id: int) -> tuple[Profile, list[queries.Note]]:
    """A person and what was noted of them, in clear, for somebody who looks.  Records PersonalDataSeen.

    Raises NotFound (erased, too), KeysUnavailable, SealBroken.
    """
    async with db.transaction():
        profile = await queries.profile_of(customer_id)
        notes = await queries.notes_of(await queries.family(customer_id))
        await events.record(PersonalDataSeen(what="customer"), subject=CUSTOMERS.number(customer_id))
    return profile, notes


def encoded(export: Export) -> bytes:
    """JSON, readable."""
    return msgspec.json.format(msgspec.json.encode(export), indent=2)
