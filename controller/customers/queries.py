"""Customers as people look for them: masked, unless whoever asks may look and it is recorded (`seeing`)."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from controller import db
from controller.customers import deriving, identities, sealing
from controller.customers.errors import BadCustomer
from controller.customers.identities import Identity
from controller.customers.keyring import Place
from controller.customers.masks import masked_email, masked_name, masked_phone
from controller.customers.numbers import CUSTOMERS
from controller.customers.operations import place_of
from controller.customers.order_addresses import MaskedAddress, masked
from controller.customers.phones import normal_phone
from controller.customers.policies import Field, IdentityKind, Preferences, Profile, folded_name, normal_email
from controller.errors import NotFound

_COLUMNS = (
    "id, state, merged_into, sealed, language, grade, credit, preferences, missing, completeness, version, created_at, changed_at, "
    "erasure_asked_at, erased_at"
)


class MaskedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Enough to recognise whom one knows."""

    name: str = ""
    phone: str = ""
    email: str = ""
    company: str = ""
    addresses: tuple[MaskedAddress, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCustomer:
    """`person` None: erased, or not to be opened here and now.  `state`: active, merged (into `merged_into`), erased."""

    id: int
    state: str
    merged_into: int | None
    person: MaskedPerson | None
    language: str | None
    grade: str | None
    credit: str | None
    preferences: Preferences
    missing: tuple[Field, ...]
    completeness: int
    version: int
    created_at: datetime
    changed_at: datetime
    erasure_asked_at: datetime | None
    erased_at: datetime | None

    @property
    def no(self) -> str:
        return CUSTOMERS.number(self.id)


@dataclass(frozen=True, slots=True)
class Rating:
    """What rules of review ask for."""

    grade: str | None
    credit: str | None


@dataclass(frozen=True, slots=True)
class Note:
    id: str
    text: str
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class Completeness:
    """`percent`: on average; `missing`: how many active records lack each field."""

    customers: int
    percent: int
    missing: dict[Field, int]


async def customer(customer_id: int) -> StoredCustomer:
    """Raises NotFound."""
    rows = await db.fetch(f"SELECT {_COLUMNS} FROM customer WHERE id = ?", customer_id)
    if not rows:
        raise NotFound("customer", CUSTOMERS.number(customer_id))
    return await _stored(rows[0])


async def customers(*, before: int | None = None, limit: int) -> list[StoredCustomer]:
    """The newest first, below the id `before`; those that were merged are left out."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM customer WHERE id < ? AND state <> 'merged' ORDER BY id DESC LIMIT ?",
        *(2**62 if before is None else before, limit),
    )
    return [await _stored(row) for row in rows]


async def found(text: str, *, country: str = "CN", limit: int = 50) -> list[StoredCustomer]:
    """Whoever has exactly this telephone number, e-mail address, name, or number (`CU-…`).

    What is sealed cannot be searched by its parts: telephone and address are found by keyed hashes, a whole name among the few that
    share its bucket.  Raises KeysUnavailable.
    """
    plain = text.strip()
    if not plain:
        return []
    ids = await _by_number(plain)
    for kind, value in _meanings(plain, country):
        ids += await identities.customers_with(Identity(kind, value))
    ids += await _by_name(plain)
    now = [await canonical(each) for each in dict.fromkeys(ids)]
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM customer WHERE {db.among('id')} ORDER BY id DESC LIMIT ?", db.listing(set(now)), limit
    )
    return [await _stored(row) for row in rows]


async def by_channel(channel: str, channel_id: str) -> int | None:
    """Whom a channel knows by this id."""
    owned = await identities.owners([Identity(IdentityKind.CHANNEL, channel_id, channel)])
    return owned[0][1] if owned else None


async def canonical(customer_id: int) -> int:
    """Who it turned out to be; the id itself when nobody merged it."""
    while rows := await db.fetch("SELECT merged_into FROM customer WHERE id = ? AND merged_into IS NOT NULL", customer_id):
        customer_id = int(rows[0]["merged_into"])
    return customer_id


async def family(customer_id: int) -> list[int]:
    """The id and all that were merged into it: whose orders are this person's."""
    found = [customer_id]
    level = [customer_id]
    while level:
        rows = await db.fetch(f"SELECT id FROM customer WHERE {db.among('merged_into')} ORDER BY id", db.listing(level))
        level = [int(row["id"]) for row in rows]
        found += level
    return found


async def rating(customer_id: int | None) -> Rating:
    """Of whoever it is now; nobody has none."""
    if customer_id is None:
        return Rating(None, None)
    rows = await db.fetch("SELECT grade, credit FROM customer WHERE id = ?", await canonical(customer_id))
    return Rating(rows[0]["grade"], rows[0]["credit"]) if rows else Rating(None, None)


async def masked_names(customer_ids: Iterable[int]) -> dict[int, str]:
    """For lists of orders: `张**` by id; who cannot be opened, or has no name, is left out."""
    wanted = sorted(set(customer_ids))
    rows = await db.fetch(f"SELECT id, sealed FROM customer WHERE {db.among('id')} AND sealed IS NOT NULL", db.listing(wanted))
    names: dict[int, str] = {}
    for row in rows:
        profile = await _opened(row)
        if profile is not None and profile.name:
            names[row["id"]] = masked_name(profile.name)
    return names


async def profile_of(customer_id: int) -> Profile:
    """In clear: who calls records it.  Raises NotFound (erased, too), KeysUnavailable, SealBroken."""
    rows = await db.fetch("SELECT id, sealed FROM customer WHERE id = ? AND sealed IS NOT NULL", customer_id)
    if not rows:
        raise NotFound("customer", CUSTOMERS.number(customer_id))
    return msgspec.json.decode(await sealing.unseal(rows[0]["sealed"], place_of(customer_id)), type=Profile)


async def notes_of(customer_ids: Sequence[int]) -> list[Note]:
    """The newest first; those that cannot be opened are left out."""
    rows = await db.fetch(
        f"SELECT * FROM customer_note WHERE {db.among('customer_id')} ORDER BY made_at DESC, id LIMIT 200", db.listing(customer_ids)
    )
    opened = [(row, await sealing.unseal_if_can(row["sealed"], Place("customer_note", "sealed", row["id"]))) for row in rows]
    return [Note(row["id"], text, row["made_at"], row["made_by"]) for row, text in opened if text is not None]


async def how_complete() -> Completeness:
    """How complete the records of active customers are (CU1)."""
    rows = await db.fetch(
        "SELECT missing, COUNT(*) AS n, SUM(completeness) AS total FROM customer WHERE state = 'active' GROUP BY missing"
    )
    count = sum(int(row["n"]) for row in rows)
    lacking = dict.fromkeys(Field, 0)
    for row in rows:
        for field in json.loads(row["missing"]):
            lacking[Field(field)] += int(row["n"])
    return Completeness(count, sum(int(row["total"]) for row in rows) // count if count else 0, lacking)


def _meanings(text: str, country: str) -> list[tuple[IdentityKind, str]]:
    """What may be meant by what was typed."""
    meant = []
    if (phone := normal_phone(text, country)) is not None:
        meant.append((IdentityKind.PHONE, phone))
    if (email := normal_email(text)) is not None:
        meant.append((IdentityKind.EMAIL, email))
    return meant


async def _by_number(text: str) -> list[int]:
    try:
        return [CUSTOMERS.row_id(text.upper())]
    except NotFound:
        return []


async def _by_name(text: str) -> list[int]:
    """Those in the name's bucket are opened, and compared."""
    wanted = folded_name(text)
    if not wanted:
        return []
    buckets = (await sealing.ring()).bucket("name", wanted, deriving.NAME_BITS)
    rows = await db.fetch(
        f"SELECT id, sealed FROM customer WHERE {db.among('name_bucket')} AND state = 'active' ORDER BY id DESC LIMIT 2000",
        db.listing(buckets),
    )
    profiles = [(row["id"], await _opened(row)) for row in rows]
    return [each for each, profile in profiles if profile is not None and folded_name(profile.name) == wanted]


async def _opened(row: db.Row) -> Profile | None:
    text = await sealing.unseal_if_can(row["sealed"], place_of(row["id"])) if row["sealed"] else None
    return None if text is None else msgspec.json.decode(text, type=Profile)


async def _stored(row: db.Row) -> StoredCustomer:
    profile = await _opened(row)
    told = ("id", "state", "merged_into", "language", "grade", "credit", "completeness", "version", "created_at", "changed_at")
    return StoredCustomer(
        person=None if profile is None else masked_person(profile),
        preferences=msgspec.json.decode(row["preferences"], type=Preferences),
        missing=tuple(Field(field) for field in json.loads(row["missing"])),
        **{name: row[name] for name in (*told, "erasure_asked_at", "erased_at")},
    )


def masked_person(profile: Profile) -> MaskedPerson:
    phone = normal_phone(profile.phone) or ""
    return MaskedPerson(
        name=masked_name(profile.name),
        phone=masked_phone(phone),
        email=masked_email(normal_email(profile.email) or ""),
        company=masked_name(profile.company),
        addresses=tuple(masked(address) for address in profile.addresses),
    )


def require_country(text: str) -> str:
    """Raises BadCustomer."""
    if not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise BadCustomer("country", "two letters of ISO 3166-1")
    return text.upper()
