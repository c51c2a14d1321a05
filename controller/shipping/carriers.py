"""Carriers, what they offer, who carries what, and what goods are: set by people, told with what was before."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from controller import db, events
from controller.errors import NotFound, Rejected
from controller.shipping.adapters import CarrierApi
from controller.shipping.choosing import Goal, Rule, Service
from controller.shipping.events import CarrierChanged
from controller.shipping.file_based import FileCarrier
from controller.shipping.http_carrier import HttpCarrier
from controller.shipping.manual import ManualCarrier

MAX_REASON = 200
_CODE = re.compile(r"[a-z0-9-]{1,40}")


class Kind(StrEnum):
    """How we talk to a carrier: by people, by files in folders, by HTTP."""

    MANUAL = "manual"
    FILE = "file"
    HTTP = "http"


class BadCarrier(Rejected):
    code = "bad_carrier"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCarrier:
    """See `models.Carrier`."""

    code: str
    name_en: str
    name_zh: str
    kind: Kind
    address: str = ""
    silent_days: int = 2
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service with its names; `is_active`: it is chosen."""

    service: Service
    name_en: str
    name_zh: str
    is_active: bool = True


class Apis:
    """The interfaces of carriers.  `folder` holds a folder for each: `out`, `in`, and `token` with the secret of an HTTP one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, carrier: StoredCarrier) -> CarrierApi:
        """Raises BadCarrier (its secret cannot be read)."""
        match carrier.kind:
            case Kind.MANUAL:
                return ManualCarrier()
            case Kind.FILE:
                return FileCarrier(self._folder / carrier.code)
            case Kind.HTTP:
                return HttpCarrier(carrier.address, self._token(carrier.code))

    def _token(self, code: str) -> str:
        path = self._folder / code / "token"
        try:
            return path.read_text(encoding="utf-8").strip() if path.exists() else ""
        except OSError as error:
            raise BadCarrier(f"the secret of carrier {code} cannot be read: {error.strerror}") from error


# --- reading --------------------------------------------------------------------------------------------------------------------


async def carriers() -> list[StoredCarrier]:
    """In order of code."""
    rows = await db.fetch("SELECT code, name_en, name_zh, kind, address, silent_days, is_active FROM carrier ORDER BY code")
    return [StoredCarrier(**{**row, "kind": Kind(row["kind"]), "is_active": bool(row["is_active"])}) for row in rows]


async def carrier(code: str) -> StoredCarrier:
    """Raises NotFound."""
    found = next((one for one in await carriers() if one.code == code), None)
    if found is None:
        raise NotFound("carrier", code)
    return found


async def offers(*, active_only: bool = False) -> list[Offer]:
    """In order of carrier, service and zone; `active_only`: those that may be chosen."""
    which = "WHERE s.is_active AND c.is_active" if active_only else ""
    rows = await db.fetch(
        f"SELECT s.* FROM carrier_service s JOIN carrier c ON c.code = s.carrier {which} ORDER BY s.carrier, s.code, s.zone"
    )
    return [_offer(row) for row in rows]


def _offer(row: db.Row) -> Offer:
    service = Service(
        carrier=row["carrier"],
        code=row["code"],
        zone=row["zone"],
        first_minor=row["first_minor"],
        more_minor=row["more_minor"],
        days=row["days"],
        max_grams=row["max_grams"],
        max_value_minor=row["max_value_minor"],
        takes_dangerous=bool(row["takes_dangerous"]),
        takes_cold=bool(row["takes_cold"]),
    )
    return Offer(service=service, name_en=row["name_en"], name_zh=row["name_zh"], is_active=bool(row["is_active"]))


_RULE = ("channel", "zone", "min_grams", "max_grams", "min_value_minor", "dangerous", "cold", "max_days", "carrier", "service")


async def rules() -> list[Rule]:
    """In order of position."""
    rows = await db.fetch("SELECT * FROM shipping_rule ORDER BY position")
    return [
        Rule(
            **{
                **{name: row[name] for name in _RULE},
                "position": row["position"],
                "goal": Goal(row["goal"]),
                "dangerous": None if row["dangerous"] is None else bool(row["dangerous"]),
                "cold": None if row["cold"] is None else bool(row["cold"]),
            }
        )
        for row in rows
    ]


# --- changing -------------------------------------------------------------------------------------------------------------------


async def set_carrier(one: StoredCarrier, *, reason: str) -> None:
    """A carrier, new or changed.  Records CarrierChanged.  Raises BadCarrier."""
    if not _CODE.fullmatch(one.code):
        raise BadCarrier("a carrier's code is 1 to 40 of a-z, 0-9 and '-'")
    _require_names(one.name_en, one.name_zh)
    if one.kind is Kind.HTTP and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", one.address):
        raise BadCarrier("the address of a carrier with an HTTP interface begins with https:// or http://")
    if not 1 <= one.silent_days <= 60 or len(one.address) > 300:
        raise BadCarrier("a carrier is silent for too long after 1 to 60 days; its address has at most 300 characters")
    values = {
        "name_en": one.name_en.strip(),
        "name_zh": one.name_zh.strip(),
        "kind": one.kind.value,
        "address": one.address,
        "silent_days": one.silent_days,
        "is_active": one.is_active,
    }
    await _put("carrier", "carrier", {"code": one.code}, values, reason, stamped=True)


async def set_offer(offer: Offer, *, reason: str) -> None:
    """A service of a carrier, new or changed.  Records CarrierChanged.  Raises BadCarrier, NotFound (the carrier)."""
    one = offer.service
    await carrier(one.carrier)
    _require_names(offer.name_en, offer.name_zh)
    if not _CODE.fullmatch(one.code) or len(one.zone) > 40 or not one.zone.isprintable():
        raise BadCarrier("a service's code is 1 to 40 of a-z, 0-9 and '-', its zone at most 40 characters")
    numbers = (one.first_minor, one.more_minor, one.days, one.max_grams or 0, one.max_value_minor or 0)
    if not all(0 <= number <= 10**12 for number in numbers) or one.days > 365:
        raise BadCarrier("prices, limits and days of a service are 0 or more")
    values = {
        "name_en": offer.name_en.strip(),
        "name_zh": offer.name_zh.strip(),
        "first_minor": one.first_minor,
        "more_minor": one.more_minor,
        "days": one.days,
        "max_grams": one.max_grams,
        "max_value_minor": one.max_value_minor,
        "takes_dangerous": one.takes_dangerous,
        "takes_cold": one.takes_cold,
        "is_active": offer.is_active,
    }
    await _put("service", "carrier_service", {"carrier": one.carrier, "code": one.code, "zone": one.zone}, values, reason)


async def set_rule(position: int, rule: Rule | None, *, reason: str) -> None:
    """The rule at this position; None: there is none.  Records CarrierChanged.  Raises BadCarrier, NotFound (its carrier)."""
    if not 1 <= position <= 1000:
        raise BadCarrier("a rule's position is 1 to 1,000")
    if rule is not None and rule.carrier:
        await carrier(rule.carrier)
    values = None if rule is None else {**{name: getattr(rule, name) for name in _RULE}, "goal": rule.goal.value}
    await _put("rule", "shipping_rule", {"position": position}, values, reason)


async def set_trait(sku_id: int, *, dangerous: bool, cold: bool, reason: str) -> None:
    """What carriers must know of a SKU.  Records CarrierChanged.  Raises BadCarrier."""
    values = {"dangerous": dangerous, "cold": cold} if dangerous or cold else None
    await _put("trait", "shipping_trait", {"sku_id": sku_id}, values, reason)


def _require_names(*names: str) -> None:
    if not all(0 < len(name.strip()) <= 80 and name.isprintable() for name in names):
        raise BadCarrier("a name in each language has 1 to 80 characters on one line")


async def _put(
    what: str,
    table: str,
    key: Mapping[str, object],
    values: Mapping[str, object] | None,
    reason: str,
    *,
    stamped: bool = False,
) -> None:
    """Store the row (None: delete it), when that changes anything."""
    if not 0 < len(reason.strip()) <= MAX_REASON or not reason.isprintable():
        raise BadCarrier(f"a change has a reason, of 1 to {MAX_REASON} characters on one line")
    where = " AND ".join(f"{name} = ?" for name in key)
    async with db.transaction():
        rows = await db.fetch(f"SELECT * FROM {table} WHERE {where}{db.for_update()}", *key.values())
        names = list(values or {})
        before = _told([rows[0][name] for name in names]) if rows and values else ("-" if rows else None)
        after = None if values is None else _told(list(values.values()))
        if before == after:
            return
        if values is None:
            await db.execute(f"DELETE FROM {table} WHERE {where}", *key.values())
        else:
            row = {**key, **values, **({"changed_at": db.now()} if stamped else {})}
            sets = ", ".join(f"{name} = excluded.{name}" for name in row if name not in key)
            await db.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) "
                f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets}",
                *row.values(),
            )
        told_key = "/".join(str(part) for part in key.values())
        changed = CarrierChanged(what=what, key=told_key, before=before, after=after, reason=reason.strip())
        await events.record(changed, subject="shipping")


def _told(values: Sequence[object]) -> str:
    return " ".join("-" if value is None else str(int(value) if isinstance(value, bool) else value) for value in values)
