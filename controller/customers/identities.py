"""By what customers are known, across channels: hashed to be found, sealed to be shown.  A unique key decides who has one."""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller import db
from controller.customers import deriving, sealing
from controller.customers.keyring import Keyring, Place
from controller.customers.phones import normal_phone
from controller.customers.policies import MAX_CHANNEL_ID, Contact, IdentityKind, Profile, normal_email


@dataclass(frozen=True, slots=True)
class Identity:
    """`value` in its one form; `channel` for a channel's own id alone."""

    kind: IdentityKind
    value: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """An identity that is stored, and whose it is."""

    identity: Identity
    id: str
    customer_id: int
    is_shared: bool


def identities_of(contact: Contact, country: str) -> list[Identity]:
    """What a channel told that somebody can be known by, the surest first; what cannot be a number or an address is left out."""
    found = []
    if contact.channel and 0 < len(contact.channel_id) <= MAX_CHANNEL_ID:
        found.append(Identity(IdentityKind.CHANNEL, contact.channel_id, contact.channel))
    return found + _plain(contact.phone, contact.email, country)


def identities_in(profile: Profile, country: str) -> list[Identity]:
    return _plain(profile.phone, profile.email, country)


def _plain(phone: str, email: str, country: str) -> list[Identity]:
    found = []
    if phone and (number := normal_phone(phone, country)) is not None:
        found.append(Identity(IdentityKind.PHONE, number))
    if email and (address := normal_email(email)) is not None:
        found.append(Identity(IdentityKind.EMAIL, address))
    return found


async def owners(identities: Sequence[Identity]) -> list[tuple[Identity, int]]:
    """Whose these are, in the order of `identities`; those that nobody has are left out."""
    if not identities:
        return []
    ring = await sealing.ring()
    by_hash = {each: identity for identity in identities for each in _hashes(ring, identity)}
    rows = await db.fetch(
        f"SELECT hash, customer_id FROM customer_identity WHERE {db.among('hash')} AND NOT is_shared", db.listing(by_hash)
    )
    found = {by_hash[row["hash"]]: int(row["customer_id"]) for row in rows}
    return [(identity, found[identity]) for identity in identities if identity in found]


async def customers_with(identity: Identity) -> list[int]:
    """Everybody who has it, doubles too."""
    rows = await db.fetch(
        f"SELECT customer_id FROM customer_identity WHERE {db.among('hash')} AND kind = ? ORDER BY customer_id",
        *(db.listing(_hashes(await sealing.ring(), identity)), identity.kind.value),
    )
    return [int(row["customer_id"]) for row in rows]


async def attach(customer_id: int, identities: Iterable[Identity]) -> list[Identity]:
    """Note that somebody is known by these; those that are new to them.  What another one has is theirs, too, but shared.

    In the caller's transaction.
    """
    ring, new = await sealing.ring(), []
    for identity in sorted(identities, key=lambda each: (each.kind.value, each.channel, each.value)):
        hashes = _hashes(ring, identity)
        mine = await db.fetch(
            f"SELECT id FROM customer_identity WHERE customer_id = ? AND {db.among('hash')}", customer_id, db.listing(hashes)
        )
        if mine:
            continue
        new.append(identity)
        if not await _insert(ring, customer_id, identity, is_shared=False):
            await _insert(ring, customer_id, identity, is_shared=True)
    return new


async def detach(customer_id: int, keep: Sequence[Identity], kinds: Sequence[IdentityKind]) -> None:
    """Forget identities of these kinds that a record does not say any more; who shared them has them alone."""
    ring = await sealing.ring()
    kept = {each for identity in keep for each in _hashes(ring, identity)}
    rows = await db.fetch(
        f"SELECT id, hash FROM customer_identity WHERE customer_id = ? AND {db.among('kind')} ORDER BY id",
        *(customer_id, db.listing(kind.value for kind in kinds)),
    )
    for row in rows:
        if row["hash"] not in kept:
            await db.execute("DELETE FROM customer_identity WHERE id = ?", row["id"])
            await give_on([row["hash"]])


async def give_on(hashes: Iterable[str]) -> None:
    """What nobody owns any more belongs to who shared it longest."""
    for each in sorted(set(hashes)):
        await db.execute(
            "UPDATE customer_identity SET is_shared = ? WHERE id = (SELECT s.id FROM customer_identity s WHERE s.hash = ? "
            "AND s.is_shared ORDER BY s.created_at, s.id LIMIT 1) "
            "AND NOT EXISTS (SELECT 1 FROM customer_identity o WHERE o.hash = ? AND NOT o.is_shared)",
            *(False, each, each),
        )


async def known_by(customer_ids: Sequence[int]) -> list[Known]:
    """The identities of these, opened; those that cannot be opened are left out."""
    rows = await db.fetch(
        f"SELECT * FROM customer_identity WHERE {db.among('customer_id')} ORDER BY customer_id, kind, created_at, id",
        db.listing(customer_ids),
    )
    found = []
    for row in rows:
        value = await sealing.unseal_if_can(row["sealed"], Place("customer_identity", "sealed", row["id"]))
        if value is not None:
            identity = Identity(IdentityKind(row["kind"]), value, row["channel"])
            found.append(Known(identity, row["id"], row["customer_id"], bool(row["is_shared"])))
    return found


async def _insert(ring: Keyring, customer_id: int, identity: Identity, *, is_shared: bool) -> bool:
    row = secrets.token_hex(16)
    values = {
        "id": row,
        "customer_id": customer_id,
        "kind": identity.kind.value,
        "channel": identity.channel,
        "sealed": ring.seal(identity.value, Place("customer_identity", "sealed", row)),
        **deriving.of_identity(ring, identity.kind.value, identity.channel, identity.value),
        "is_shared": is_shared,
        "created_at": db.now(),
    }
    return bool(
        await db.execute(
            f"INSERT INTO customer_identity ({', '.join(values)}) VALUES ({', '.join('?' * len(values))}) ON CONFLICT DO NOTHING",
            *values.values(),
        )
    )


def _hashes(ring: Keyring, identity: Identity) -> list[str]:
    return ring.hashes(*deriving.identity_of(identity.kind.value, identity.channel, identity.value))
