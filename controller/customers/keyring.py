"""Sealing and keyed hashes, with keys in hand.  Pure but for the random nonces.

A sealed value is text, `s1.<key>.<base64url of nonce and AES-256-GCM ciphertext with tag>` (NIST SP 800-38D, 96 bits of nonce at
random, so that one key seals 2^32 values at most).  Its associated data are key, table, column and row: it opens nowhere else.
A keyed hash is `<key>:<HMAC-SHA-256 in hex, 128 bits of it>` over what it is a hash of and the value.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from controller.customers.errors import SealBroken
from controller.customers.key_file import KEY_BYTES, MasterKey

FORM = "s1"
NONCE_BYTES = 12
HASH_DIGITS = 32
_SEPARATOR = "\0"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lies: it opens there and nowhere else."""

    table: str
    column: str
    row: str


@dataclass(frozen=True, slots=True)
class HashKey:
    id: str
    secret: bytes = field(repr=False)


class UnknownKey(Exception):
    """A value is sealed by a key that is not in the ring: made by another process since, or gone."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """`current` seals; all of `data` open.  `hashing`: the newest first."""

    current: str
    data: Mapping[str, AESGCM] = field(repr=False)
    hashing: Sequence[HashKey]

    def seal(self, text: str, place: Place) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self.data[self.current].encrypt(nonce, text.encode(), _bound(self.current, place))
        return f"{FORM}.{self.current}.{base64.urlsafe_b64encode(nonce + sealed).decode().rstrip('=')}"

    def unseal(self, sealed: str, place: Place) -> str:
        """Raises SealBroken, UnknownKey."""
        form, _, rest = sealed.partition(".")
        key, _, body = rest.partition(".")
        if form != FORM or not body:
            raise SealBroken(place.table, place.column, place.row)
        if key not in self.data:
            raise UnknownKey(key)
        try:
            raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
            return self.data[key].decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound(key, place)).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBroken(place.table, place.column, place.row) from error

    def is_current(self, sealed: str) -> bool:
        return sealed.startswith(f"{FORM}.{self.current}.")

    def hash(self, kind: str, value: str) -> str:
        """By the newest key: what is stored."""
        return _hash(self.hashing[0], kind, value)

    def hashes(self, kind: str, value: str) -> list[str]:
        """By every key that a stored hash may be of: what is looked up."""
        return [_hash(key, kind, value) for key in self.hashing]

    def bucket(self, kind: str, value: str, bits: int) -> list[int]:
        """So few bits of the hash that many values share them, by every key, the newest first."""
        return [int(_hash(key, kind, value).rpartition(":")[2][:8], 16) >> (32 - bits) for key in self.hashing]


def is_same(one: str, others: Sequence[str]) -> bool:
    """Whether a stored hash is one of these, in a time that tells nothing of which, or how nearly."""
    found = False
    for other in others:
        found |= hmac.compare_digest(one, other)
    return found


def new_secret() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def wrap(secret: bytes, key_id: str, master: MasterKey) -> str:
    """A data or hash key, sealed by the master key."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(master.secret).encrypt(nonce, secret, _wrapped_as(key_id, master.id))).decode()


def unwrap(wrapped: str, key_id: str, master: MasterKey) -> bytes:
    """Raises ValueError: another master key of the same id, or the row was changed."""
    raw = base64.b64decode(wrapped)
    try:
        return AESGCM(master.secret).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _wrapped_as(key_id, master.id))
    except InvalidTag as error:
        raise ValueError(f"{key_id} is not wrapped by {master.id} of this file") from error


def _wrapped_as(key_id: str, master_id: str) -> bytes:
    return _SEPARATOR.join(("shelfwire key", master_id, key_id)).encode()


def _bound(key: str, place: Place) -> bytes:
    return _SEPARATOR.join(("shelfwire", FORM, key, place.table, place.column, place.row)).encode()


def _hash(key: HashKey, kind: str, value: str) -> str:
    digest = hmac.new(key.secret, f"{kind}{_SEPARATOR}{value}".encode(), hashlib.sha256).hexdigest()
    return f"{key.id}:{digest[:HASH_DIGITS]}"
