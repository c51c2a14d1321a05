"""What happens to customers: ids, codes and counts; no name, number, address, and no hash of one.  Subject: `CU-…` or the order."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class CustomerAdded(Event, frozen=True, kw_only=True):
    """`known_by`: the kinds of identity; `channel`: where they were first seen."""

    name: ClassVar[str] = "customer_added"
    known_by: list[str]
    channel: str


class CustomerRecognised(Event, frozen=True, kw_only=True):
    """Somebody known was seen again with something new: a channel, a telephone number (`new`: kinds)."""

    name: ClassVar[str] = "customer_recognised"
    new: list[str]
    channel: str


class CustomerChanged(Event, frozen=True, kw_only=True):
    """`fields`: which of the record, not what they say."""

    name: ClassVar[str] = "customer_changed"
    fields: list[str]


class CustomerRated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "customer_rated"
    grade: str | None
    credit: str | None


class CustomerNoted(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "customer_noted"


class CustomersMerged(Event, frozen=True, kw_only=True):
    """Subject: the one who is kept."""

    name: ClassVar[str] = "customers_merged"
    merged: str
    reason: str


class CustomerMergeUndone(Event, frozen=True, kw_only=True):
    """Subject: the one who was kept."""

    name: ClassVar[str] = "customer_merge_undone"
    merged: str


class CustomersToldApart(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "customers_told_apart"
    other: str


class CustomerErasureAsked(Event, frozen=True, kw_only=True):
    """They want to be forgotten; orders under way are finished first."""

    name: ClassVar[str] = "customer_erasure_asked"


class CustomerErased(Event, frozen=True, kw_only=True):
    """The evidence: what was forgotten, in numbers."""

    name: ClassVar[str] = "customer_erased"
    records: int
    identities: int
    notes: int
    addresses: int


class BuyerErased(Event, frozen=True, kw_only=True):
    """The same of a buyer without a record: `sent` is what channels and files had sent."""

    name: ClassVar[str] = "buyer_erased"
    orders: int
    addresses: int
    sent: int


class CustomerExported(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "customer_exported"


class PersonalDataSeen(Event, frozen=True, kw_only=True):
    """Somebody looked at what is sealed.  `what`: `customer`, `address`, `notes`."""

    name: ClassVar[str] = "personal_data_seen"
    what: str


class PersonalDataGiven(Event, frozen=True, kw_only=True):
    """An address left for whoever needs it to deliver (`to`: a carrier's code, a printer)."""

    name: ClassVar[str] = "personal_data_given"
    to: str


class OrderAddressSet(Event, frozen=True, kw_only=True):
    """Where an order goes to, or where instead (`is_change`).  `problems`: field and flaw, no word of the address."""

    name: ClassVar[str] = "order_address_set"
    is_change: bool
    fields: list[str]
    problems: list[str]


class OrderAddressErased(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "order_address_erased"


class SealingKeysRotated(Event, frozen=True, kw_only=True):
    """New values are sealed by new keys; what lies under the old ones is sealed anew in the background."""

    name: ClassVar[str] = "sealing_keys_rotated"
    purposes: list[str]
    master: str


class SealedAnew(Event, frozen=True, kw_only=True):
    """Nothing lies under the old keys any more."""

    name: ClassVar[str] = "sealed_anew"
    values: int


class SealingKeyDestroyed(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "sealing_key_destroyed"
    key: str
