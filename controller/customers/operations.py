"""Verbs on customers: recognised when they order, added and changed by people, rated, noted.  Each one transaction.

What concerns an order's address is in `order_addresses`, merging in `merging`, forgetting in `erasing`.
"""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from controller import db, events
from controller.customers import deriving, identities, sealing
from controller.customers.errors import BadCustomer, CustomerGone
from controller.customers.events import CustomerAdded, CustomerChanged, CustomerNoted, CustomerRated, CustomerRecognised
from controller.customers.identities import Identity
from controller.customers.keyring import Keyring, Place
from controller.customers.numbers import CUSTOMERS
from controller.customers.order_addresses import check_form
from controller.customers.phones import normal_phone
from controller.customers.policies import (
    MAX_NOTE,
    Contact,
    IdentityKind,
    Preferences,
    Profile,
    check_profile,
    check_rating,
    completeness,
    filled_up,
    missing_fields,
    normal_email,
)
from controller.errors import NotFound, StaleVersion

CHANGED_BY_PEOPLE = (IdentityKind.PHONE, IdentityKind.EMAIL)


@dataclass(frozen=True, slots=True)
class Recognised:
    """`doubles`: others who have some of what was told: the same person, perhaps (`merging.suggestions`)."""

    customer_id: int
    is_new: bool
    doubles: tuple[int, ...] = ()


async def recognise(contact: Contact, *, country: str = "CN", language: str | None = None) -> Recognised | None:
    """Who ordered: somebody known by a channel's id, telephone or e-mail address, in this order, or somebody new.

    What was told and is new is noted; what a record says already is not overwritten.  None: nothing was told to know them by.
    In the caller's transaction, if there is one.  Records CustomerAdded or CustomerRecognised.  Raises KeysUnavailable.
    """
    told = identities.identities_of(contact, country)
    if not told:
        return None
    async with db.transaction():
        known = await identities.owners(told)
        if not known:
            customer_id = await _insert(_profile_of(contact, country), Preferences(), language)
            if await _claimed(customer_id, told):
                event = CustomerAdded(known_by=[identity.kind.value for identity in told], channel=contact.channel)
                await events.record(event, subject=CUSTOMERS.number(customer_id))
                return Recognised(customer_id, is_new=True)
            known = await identities.owners(told)
        customer_id = known[0][1]
        await _learn(customer_id, contact, told, country)
        others = tuple(sorted({owner for _, owner in known} - {customer_id}))
    return Recognised(customer_id, is_new=False, doubles=others)


async def _claimed(customer_id: int, told: Sequence[Identity]) -> bool:
    """Whether the new one has all of it to themselves; else somebody was quicker, who is it, and the new one is taken back."""
    await identities.attach(customer_id, told)
    if not await db.fetch("SELECT id FROM customer_identity WHERE customer_id = ? AND is_shared LIMIT 1", customer_id):
        return True
    hashes = await db.fetch("DELETE FROM customer_identity WHERE customer_id = ? RETURNING hash", customer_id)
    await identities.give_on(row["hash"] for row in hashes)
    await db.execute("DELETE FROM customer WHERE id = ?", customer_id)
    return False


async def _learn(customer_id: int, contact: Contact, told: Sequence[Identity], country: str) -> None:
    new = await identities.attach(customer_id, told)
    if not new:
        return
    row = await _locked(customer_id)
    profile = await profile_in(row)
    fuller = filled_up(profile, _profile_of(contact, country))
    if fuller != profile:
        await _store(row, fuller, _preferences(row))
    event = CustomerRecognised(new=sorted({identity.kind.value for identity in new}), channel=contact.channel)
    await events.record(event, subject=CUSTOMERS.number(customer_id))


def _profile_of(contact: Contact, country: str) -> Profile:
    """What is worth to be kept of what a channel told."""
    name = " ".join(contact.name.split())[:100]
    phone = contact.phone if normal_phone(contact.phone, country) else ""
    return Profile(name=name if name.isprintable() else "", phone=phone, email=contact.email if normal_email(contact.email) else "")


async def add_customer(
    profile: Profile, preferences: Preferences | None = None, *, country: str = "CN", language: str | None = None
) -> int:
    """A new record, even if somebody has the same telephone: that becomes a suggestion.  Records CustomerAdded.

    Raises BadCustomer, KeysUnavailable.
    """
    _check(profile, country)
    async with db.transaction():
        customer_id = await _insert(profile, preferences or Preferences(), language)
        told = identities.identities_in(profile, country)
        await identities.attach(customer_id, told)
        event = CustomerAdded(known_by=[identity.kind.value for identity in told], channel="")
        await events.record(event, subject=CUSTOMERS.number(customer_id))
    return customer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a record is to say; `version` is the one that was read; `language` None: as it is."""

    version: int
    profile: Profile
    preferences: Preferences
    language: str | None
    country: str = "CN"


async def change_customer(customer_id: int, change: Change) -> None:
    """Records CustomerChanged, if something did.  Raises NotFound, CustomerGone, BadCustomer, StaleVersion, KeysUnavailable."""
    _check(change.profile, change.country)
    async with db.transaction():
        row = await _locked(customer_id)
        if row["version"] != change.version:
            raise StaleVersion("customer", CUSTOMERS.number(customer_id))
        before, likes = await profile_in(row), _preferences(row)
        fields = [name for name in Profile.__struct_fields__ if getattr(before, name) != getattr(change.profile, name)]
        fields += ["preferences"] * (likes != change.preferences) + ["language"] * (change.language not in (None, row["language"]))
        if not fields:
            return
        await _store(row, change.profile, change.preferences, change.language)
        wanted = identities.identities_in(change.profile, change.country)
        old = identities.identities_in(before, change.country)
        if wanted != old:
            kept = [known.identity for known in await identities.known_by([customer_id]) if known.identity not in old]
            await identities.detach(customer_id, [*kept, *wanted], CHANGED_BY_PEOPLE)
            await identities.attach(customer_id, wanted)
        await events.record(CustomerChanged(fields=fields), subject=CUSTOMERS.number(customer_id))


def _check(profile: Profile, country: str) -> None:
    check_profile(profile, country)
    for address in profile.addresses:
        check_form(address)


async def rate(customer_id: int, *, grade: str | None, credit: str | None) -> None:
    """Grade and credit rating, which rules of review ask for: a letter from A on, or none.  Records CustomerRated, if one changed.

    Raises BadCustomer, NotFound, CustomerGone.
    """
    check_rating("grade", grade)
    check_rating("credit", credit)
    async with db.transaction():
        row = await _locked(customer_id)
        if (row["grade"], row["credit"]) == (grade, credit):
            return
        await db.execute(
            "UPDATE customer SET grade = ?, credit = ?, version = version + 1, changed_at = ? WHERE id = ?",
            *(grade, credit, db.now(), customer_id),
        )
        await events.record(CustomerRated(grade=grade, credit=credit), subject=CUSTOMERS.number(customer_id))


async def add_note(customer_id: int, text: str) -> str:
    """1 to 2,000 characters; its id.  Records CustomerNoted.  Raises BadCustomer, NotFound, CustomerGone, KeysUnavailable."""
    text = text.strip()
    if not 0 < len(text) <= MAX_NOTE:
        raise BadCustomer("note", f"1 to {MAX_NOTE} characters")
    note = secrets.token_hex(16)
    async with db.transaction():
        await _locked(customer_id)
        sealed = await sealing.seal(text, Place("customer_note", "sealed", note))
        await db.execute(
            "INSERT INTO customer_note (id, customer_id, sealed, made_at, made_by) VALUES (?, ?, ?, ?, ?)",
            *(note, customer_id, sealed, db.now(), events.actor().actor),
        )
        await events.record(CustomerNoted(), subject=CUSTOMERS.number(customer_id))
    return note


# --- rows -----------------------------------------------------------------------------------------------------------------------


def place_of(customer_id: int) -> Place:
    return Place("customer", "sealed", str(customer_id))


async def profile_in(row: db.Row) -> Profile:
    """Raises KeysUnavailable, SealBroken."""
    return msgspec.json.decode(await sealing.unseal(row["sealed"], place_of(row["id"])), type=Profile)


def _preferences(row: db.Row) -> Preferences:
    return msgspec.json.decode(row["preferences"], type=Preferences)


async def _insert(profile: Profile, preferences: Preferences, language: str | None) -> int:
    ring, instant = await sealing.ring(), db.now()
    rows = await db.fetch(
        "INSERT INTO customer (state, sealed, language, preferences, missing, completeness, version, created_at, changed_at) "
        "VALUES ('active', '', ?, '{}', '[]', 0, 1, ?, ?) RETURNING id",
        *(language, instant, instant),
    )
    customer_id = int(rows[0]["id"])
    await _write(ring, customer_id, profile, preferences)  # its id is part of its seal
    return customer_id


async def _store(row: db.Row, profile: Profile, preferences: Preferences, language: str | None = None) -> None:
    await _write(await sealing.ring(), row["id"], profile, preferences)
    await db.execute(
        "UPDATE customer SET language = ?, version = version + 1, changed_at = ? WHERE id = ?",
        *(language if language is not None else row["language"], db.now(), row["id"]),
    )


async def _write(ring: Keyring, customer_id: int, profile: Profile, preferences: Preferences) -> None:
    missing = missing_fields(profile, preferences)
    values = {
        "sealed": ring.seal(msgspec.json.encode(profile).decode(), place_of(customer_id)),
        **deriving.of_profile(ring, profile),
        "preferences": msgspec.json.encode(preferences).decode(),
        "missing": json.dumps([field.value for field in missing]),
        "completeness": completeness(missing),
    }
    sets = ", ".join(f"{name} = ?" for name in values)
    await db.execute(f"UPDATE customer SET {sets} WHERE id = ?", *values.values(), customer_id)


async def write_profile(row: db.Row, profile: Profile) -> None:
    """Another profile for a record that is locked, its preferences kept."""
    await _store(row, profile, _preferences(row))


async def _locked(customer_id: int) -> db.Row:
    (row,) = await locked([customer_id])
    return row


async def locked(customer_ids: Sequence[int]) -> list[db.Row]:
    """The rows of active customers, held until the transaction ends, in order of their ids.  Raises NotFound, CustomerGone."""
    rows = await db.fetch(
        f"SELECT * FROM customer WHERE {db.among('id')} ORDER BY id{db.for_update()}", db.listing(sorted(set(customer_ids)))
    )
    found = {row["id"]: row for row in rows}
    for customer_id in customer_ids:
        if customer_id not in found:
            raise NotFound("customer", CUSTOMERS.number(customer_id))
        row = found[customer_id]
        if row["state"] != "active":
            into = row["merged_into"]
            raise CustomerGone(CUSTOMERS.number(customer_id), None if into is None else CUSTOMERS.number(into))
    return [found[customer_id] for customer_id in sorted(set(customer_ids))]
