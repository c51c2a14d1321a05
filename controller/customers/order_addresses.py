"""Where an order goes to: set, changed, asked for, forgotten.  Sealed; its region alone is in clear."""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from controller import db, events
from controller.customers import deriving, sealing
from controller.customers.addresses import FIELDS, LONGEST, Address, AddressFlaw, AddressProblem, problems_of
from controller.customers.errors import BadCustomer
from controller.customers.events import OrderAddressErased, OrderAddressSet, PersonalDataGiven, PersonalDataSeen
from controller.customers.keyring import is_same
from controller.customers.masks import masked_name, masked_phone, masked_street
from controller.customers.numbers import ORDERS
from controller.customers.phones import normal_phone
from controller.customers.regions import Point, Region, region_of
from controller.customers.sealing import Place
from controller.errors import NotFound

_COLUMNS = (
    "order_id, customer_id, country, province, city, latitude_tenths, longitude_tenths, phone_hash, place_hash, problems, version, "
    "set_at, set_by, sealed"
)
_TENTHS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAddress:
    """What is known without a key.  `place_hash` is the same for orders that one parcel could serve."""

    order_id: int
    customer_id: int | None
    region: Region
    place_hash: str
    problems: tuple[AddressProblem, ...]
    version: int
    set_at: datetime
    set_by: str


class MaskedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody may see who sees the order: `张**`, `138****1234`, and how far it goes."""

    name: str
    phone: str
    country: str
    province: str
    city: str
    district: str
    street: str
    postcode: str


async def set_address(order_id: int, address: Address, *, customer_id: int | None = None, site: str | None = None) -> bool:
    """The order goes there (from now on); True when that is news.  In the caller's transaction, if there is one.

    What is wrong with it is stored beside it, and keeps nobody from setting it: reviews look at it.  `customer_id` None keeps whose
    it was.  Records OrderAddressSet.  Raises BadCustomer (a field of more than 200 characters, a country that is no two letters),
    KeysUnavailable.
    """
    check_form(address)
    async with db.transaction():
        before = await _row(order_id)
        fields = [name for name in FIELDS if getattr(address, name)]
        if before is not None:
            was = await sealing.unseal_if_can(before["sealed"], _place(order_id))
            old = None if was is None else msgspec.json.decode(was, type=Address)
            if old == address and customer_id in (None, before["customer_id"]):
                return False
            fields = [name for name in FIELDS if old is None or getattr(address, name) != getattr(old, name)]
        problems = problems_of(address)
        await _store(order_id, customer_id, address, problems)
        told = [f"{problem.field}:{problem.flaw.value}" for problem in problems]
        event = OrderAddressSet(is_change=before is not None, fields=fields, problems=told)
        await events.record(event, subject=ORDERS.number(order_id), site=site)
    return True


def check_form(address: Address) -> None:
    """What could not be stored, or not be printed on one line each.  Raises BadCustomer."""
    for name in FIELDS:
        text = getattr(address, name)
        if len(text) > LONGEST or not text.isprintable():
            raise BadCustomer(name, f"at most {LONGEST} characters on one line")
    if not (len(address.country) == 2 and address.country.isascii() and address.country.isalpha()):
        raise BadCustomer("country", "two letters of ISO 3166-1")


async def _store(order_id: int, customer_id: int | None, address: Address, problems: Iterable[AddressProblem]) -> None:
    ring = await sealing.ring()
    region = region_of(country=address.country, province=address.province, city=address.city)
    derived = deriving.of_address(ring, order_id, address)
    values = {
        "customer_id": customer_id,
        "sealed": ring.seal(msgspec.json.encode(address).decode(), _place(order_id)),
        "country": region.country,
        "province": region.province,
        "city": region.city,
        "latitude_tenths": None if region.point is None else round(region.point.latitude * _TENTHS),
        "longitude_tenths": None if region.point is None else round(region.point.longitude * _TENTHS),
        **derived,
        "problems": json.dumps([[problem.field, problem.flaw.value] for problem in problems]),
        "set_at": db.now(),
        "set_by": events.actor().actor,
    }
    sets = ", ".join(f"{name} = excluded.{name}" for name in values if name != "customer_id")
    await db.execute(
        f"INSERT INTO order_address (order_id, version, {', '.join(values)}) VALUES (?, 1, {', '.join('?' * len(values))}) "
        f"ON CONFLICT (order_id) DO UPDATE SET {sets}, version = order_address.version + 1, "
        "customer_id = COALESCE(excluded.customer_id, order_address.customer_id)",
        *(order_id, *values.values()),
    )


async def address_of(order_id: int) -> Address:
    """In clear, for what the order itself needs (a carrier's label): say to whom it goes with `record_given`.

    Raises NotFound (there is none, or it was erased), KeysUnavailable, SealBroken.
    """
    row = await _row(order_id)
    if row is None:
        raise NotFound("address of order", ORDERS.number(order_id))
    return msgspec.json.decode(await sealing.unseal(row["sealed"], _place(order_id)), type=Address)


async def reveal(order_id: int, *, site: str | None = None) -> Address:
    """In clear, for a person who looks.  Records PersonalDataSeen.  As `address_of`."""
    address = await address_of(order_id)
    await events.record(PersonalDataSeen(what="address"), subject=ORDERS.number(order_id), site=site)
    return address


async def record_given(order_id: int, to: str, *, site: str | None = None) -> None:
    """Say that the address left for `to` (a carrier, a printer), in the transaction that it left in.  Records PersonalDataGiven."""
    await events.record(PersonalDataGiven(to=to), subject=ORDERS.number(order_id), site=site)


async def stored_address(order_id: int) -> StoredAddress | None:
    """What is known without a key; None: the order has no address."""
    row = await _row(order_id)
    return None if row is None else _stored(row)


async def stored_addresses(order_ids: Iterable[int]) -> dict[int, StoredAddress]:
    """The same of many, by order; those without one are left out."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM order_address WHERE {db.among('order_id')} ORDER BY order_id", db.listing(set(order_ids))
    )
    return {row["order_id"]: _stored(row) for row in rows}


async def masked_address(order_id: int) -> MaskedAddress | None:
    """None: there is none, or it cannot be opened here and now (`sealing.trouble` says why)."""
    row = await _row(order_id)
    text = None if row is None else await sealing.unseal_if_can(row["sealed"], _place(order_id))
    return None if text is None else masked(msgspec.json.decode(text, type=Address))


def masked(address: Address) -> MaskedAddress:
    phone = normal_phone(address.phone, address.country)
    return MaskedAddress(
        name=masked_name(address.name),
        phone=masked_phone(phone or "0" * len(address.phone)) if address.phone else "",
        country=address.country,
        province=address.province,
        city=address.city,
        district=address.district,
        street=masked_street(address.street),
        postcode=address.postcode if address.country == "CN" else "",
    )


async def is_last_four(order_id: int, digits: str) -> bool:
    """Whether the telephone of the order's address ends so; the same work whether there is one or not.  Raises KeysUnavailable."""
    row = await _row(order_id)
    wanted = await sealing.hashes(f"last four:{order_id}", digits)
    stored = row["last_four_hash"] if row is not None and row["last_four_hash"] else "none"
    return is_same(stored, wanted)


async def ending_in(order_ids: Collection[int], digits: str) -> list[int]:
    """Those of these orders that go to a telephone that ends so, the newest first.  Raises KeysUnavailable."""
    rows = await db.fetch(
        f"SELECT order_id, last_four_hash FROM order_address WHERE {db.among('order_id')} AND last_four_hash IS NOT NULL "
        "ORDER BY order_id DESC",
        db.listing(order_ids),
    )
    return [
        row["order_id"]
        for row in rows
        if is_same(row["last_four_hash"], await sealing.hashes(f"last four:{row['order_id']}", digits))
    ]


async def orders_by_phone(text: str, *, country: str = "CN", limit: int = 50, before: int = 0) -> list[int]:
    """Orders that go to this telephone, the newest first, below the id `before` (0: all).  Raises BadCustomer, KeysUnavailable."""
    phone = normal_phone(text, country)
    if phone is None:
        raise BadCustomer("phone", "a telephone number")
    rows = await db.fetch(
        f"SELECT order_id FROM order_address WHERE {db.among('phone_hash')} AND (order_id < ? OR ? = 0) "
        "ORDER BY order_id DESC LIMIT ?",
        *(db.listing(await sealing.hashes(deriving.PHONE, phone)), before, before, limit),
    )
    return [row["order_id"] for row in rows]


async def erase_addresses(order_ids: Iterable[int]) -> int:
    """Forget where these orders went; the orders stay.  How many were forgotten.  Records OrderAddressErased of each."""
    async with db.transaction():
        rows = await db.fetch(
            f"DELETE FROM order_address WHERE {db.among('order_id')} RETURNING order_id", db.listing(set(order_ids))
        )
        erased = sorted(row["order_id"] for row in rows)
        await events.record_many([(OrderAddressErased(), ORDERS.number(order_id)) for order_id in erased])
    return len(erased)


def _place(order_id: int) -> Place:
    return Place("order_address", "sealed", str(order_id))


async def _row(order_id: int) -> db.Row | None:
    rows = await db.fetch(f"SELECT {_COLUMNS}, last_four_hash FROM order_address WHERE order_id = ?", order_id)
    return rows[0] if rows else None


def _stored(row: db.Row) -> StoredAddress:
    tenths = (row["latitude_tenths"], row["longitude_tenths"])
    point = None if None in tenths else Point(tenths[0] / _TENTHS, tenths[1] / _TENTHS)
    return StoredAddress(
        order_id=row["order_id"],
        customer_id=row["customer_id"],
        region=Region(country=row["country"], province=row["province"], city=row["city"], point=point),
        place_hash=row["place_hash"],
        problems=tuple(AddressProblem(field=field, flaw=AddressFlaw(flaw)) for field, flaw in json.loads(row["problems"])),
        version=row["version"],
        set_at=row["set_at"],
        set_by=row["set_by"],
    )
