"""Suppliers and what they sell.  Writing the same again changes nothing."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from urllib.parse import urlsplit

from controller import db, events
from controller.catalog.queries import sku as sku_of
from controller.errors import NotFound
from controller.purchasing.errors import BadSupplier
from controller.purchasing.events import SupplierChanged, SupplierItemChanged
from controller.purchasing.policies import Channel

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,200}")
MOST_DAYS = 3650
LARGEST_PACK = 10**6
LARGEST_DENOMINATOR = 1000
LARGEST_PRICE = 10**10


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierData:
    """What is known of a supplier; see `models.Supplier`.  `address`: an e-mail address, an http(s) address, a folder's name."""

    name: str
    channel: Channel = Channel.HAND
    address: str = ""
    language: str = "zh-CN"
    currency: str = "CNY"
    lead_days: int = 7
    minimum_minor: int = 0
    order_days: str = ""
    over_percent: int = 0
    min_days: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemData:
    """How a supplier sells a SKU: packs of `pack_numerator / pack_denominator` base units; `price_minor` None: it did not say."""

    their_code: str = ""
    pack_numerator: int = 1
    pack_denominator: int = 1
    minimum_packs: int = 1
    price_minor: int | None = None
    lead_days: int | None = None
    active: bool = True


async def put_supplier(code: str, data: SupplierData) -> None:
    """Create a supplier, or change it.  Records SupplierChanged when something changed.  Raises BadSupplier."""
    flaw = _flaw_of(code, data)
    if flaw is not None:
        raise BadSupplier(flaw)
    names = [field.name for field in fields(SupplierData)]
    values = [data.channel.value if name == "channel" else getattr(data, name) for name in names]
    async with db.transaction():
        changed = await db.execute(
            f"INSERT INTO supplier (code, {', '.join(names)}) VALUES (?{', ?' * len(names)}) "  # noqa: S608 -- names of ours
            f"ON CONFLICT (code) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)} "
            f"WHERE {' OR '.join(f'supplier.{name} <> excluded.{name}' for name in names)}",
            code,
            *values,
        )
        if changed:
            await events.record(SupplierChanged(title=data.name), subject=code)


def _flaw_of(code: str, data: SupplierData) -> str | None:
    if not _CODE.fullmatch(code):
        return f"code {code!r}: expected 1 to 64 of letters, digits, '.', '_' and '-'"
    if not data.name.strip() or len(data.name) > 200 or not data.name.isprintable():
        return "a supplier needs a name of at most 200 characters on one line"
    if not re.fullmatch("[A-Z]{3}", data.currency):
        return f"currency {data.currency!r} is not an ISO 4217 code"
    if not 0 <= data.lead_days <= MOST_DAYS or not 0 <= data.min_days <= MOST_DAYS:
        return f"days: expected 0 to {MOST_DAYS}"
    if not 0 <= data.over_percent <= 1000 or not 0 <= data.minimum_minor <= 10**12:
        return "tolerance: expected 0 to 1000 percent; minimum: not below zero"
    if list(data.order_days) != sorted(set(data.order_days) & set("1234567")):
        return f"order days {data.order_days!r}: expected ISO weekdays in order, such as 135"
    if data.language not in ("zh-CN", "en"):
        return f"language {data.language!r}: expected zh-CN or en"
    return _address_flaw(data.channel, data.address)


def _address_flaw(channel: Channel, address: str) -> str | None:
    if len(address) > 400 or not (address.isprintable()):
        return "an address has at most 400 characters on one line"
    match channel:
        case Channel.EMAIL if not _MAIL.fullmatch(address):
            return f"address {address!r}: expected an e-mail address"
        case Channel.HTTP if not _is_web(address):
            return f"address {address!r}: expected http(s)://host/path"
        case Channel.FILE if not _CODE.fullmatch(address):
            return f"address {address!r}: expected a folder's name inside the folder for orders"
        case _:
            return None


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


async def put_item(supplier: str, sku: str, data: ItemData) -> None:
    """Say how a supplier sells a SKU.  Records SupplierItemChanged when something changed.

    Raises NotFound (supplier, SKU), BadSupplier.
    """
    sound = 0 < data.pack_numerator <= LARGEST_PACK and 0 < data.pack_denominator <= LARGEST_DENOMINATOR
    if not sound or not 0 < data.minimum_packs <= 10**9 or not 0 <= (data.price_minor or 0) <= LARGEST_PRICE:
        raise BadSupplier("a pack needs a size above zero, a minimum of at least one pack, and no price below zero")
    if len(data.their_code) > 64 or not data.their_code.isprintable() or not 0 <= (data.lead_days or 0) <= MOST_DAYS:
        raise BadSupplier(f"their code has at most 64 characters on one line, a lead time 0 to {MOST_DAYS} days")
    values = asdict(data)
    async with db.transaction():
        supplier_id, sku_id = await supplier_id_of(supplier), (await sku_of(sku)).id
        changed = await db.execute(
            f"INSERT INTO supplier_item (supplier_id, sku_id, {', '.join(values)}) "  # noqa: S608 -- names of ours
            f"VALUES (?, ?{', ?' * len(values)}) ON CONFLICT (supplier_id, sku_id) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in values)
            + f" WHERE {' OR '.join(f'supplier_item.{name} IS DISTINCT FROM excluded.{name}' for name in values)}",
            *(supplier_id, sku_id, *values.values()),
        )
        if changed:
            await events.record(SupplierItemChanged(sku=sku, price_minor=data.price_minor), subject=supplier)


async def supplier_id_of(code: str) -> int:
    """Raises NotFound."""
    rows = await db.fetch("SELECT id FROM supplier WHERE code = ?", code)
    if not rows:
        raise NotFound("supplier", code)
    return int(rows[0]["id"])
