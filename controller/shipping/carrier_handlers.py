"""Carriers over HTTP: what they offer, who carries what, what goods are."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.catalog.queries import sku as sku_of
from controller.errors import NotFound
from controller.http.routing import PLAIN, Call, Page, page
from controller.shipping import carriers
from controller.shipping.carriers import Kind, Offer, StoredCarrier
from controller.shipping.choosing import Goal, Rule, Service

AnyCode = Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,40}$")]
Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=PLAIN)]
Zone = Annotated[str, Meta(max_length=40, pattern=PLAIN)]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Minor = Annotated[int, Meta(ge=0, le=10**12)]


class CarrierView(Struct, frozen=True, kw_only=True):
    code: str
    name_en: str
    name_zh: str
    kind: Kind
    address: str
    silent_days: int
    active: bool


class SetCarrier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`address`: where the API of an HTTP carrier is; `silent_days`: no word for so long is a delay."""

    name_en: Name
    name_zh: Name
    kind: Kind
    address: Annotated[str, Meta(max_length=300, pattern=PLAIN)] = ""
    silent_days: Annotated[int, Meta(ge=1, le=60)] = 2
    active: bool = True
    reason: Reason


class ServiceView(Struct, frozen=True, kw_only=True):
    carrier: str
    code: str
    zone: str
    name_en: str
    name_zh: str
    first_minor: int
    more_minor: int
    days: int
    max_grams: int | None
    max_value_minor: int | None
    dangerous: bool
    cold: bool
    active: bool


class SetService(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices for the first kilogram and each further one, in minor units; `zone` empty: everywhere."""

    zone: Zone = ""
    name_en: Name
    name_zh: Name
    first_minor: Minor
    more_minor: Minor = 0
    days: Annotated[int, Meta(ge=0, le=365)]
    max_grams: Minor | None = None
    max_value_minor: Minor | None = None
    dangerous: bool = False
    cold: bool = False
    active: bool = True
    reason: Reason


class RuleView(Struct, frozen=True, kw_only=True):
    """Null and empty: whatever it is."""

    position: int
    goal: Goal
    channel: str
    zone: str
    min_grams: int | None
    max_grams: int | None
    min_value_minor: int | None
    dangerous: bool | None
    cold: bool | None
    max_days: int | None
    carrier: str
    service: str


class SetRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`removed`: there is no rule at this position any more."""

    goal: Goal = Goal.CHEAPEST
    channel: Zone = ""
    zone: Zone = ""
    min_grams: Minor | None = None
    max_grams: Minor | None = None
    min_value_minor: Minor | None = None
    dangerous: bool | None = None
    cold: bool | None = None
    max_days: Annotated[int, Meta(ge=0, le=365)] | None = None
    carrier: AnyCode = ""
    service: AnyCode = ""
    removed: bool = False
    reason: Reason


class SetTrait(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dangerous: bool
    cold: bool
    reason: Reason


class TraitSet(Struct, frozen=True, kw_only=True):
    sku: str
    dangerous: bool
    cold: bool


async def list_carriers(call: Call[None]) -> Page[CarrierView]:
    rows = [one for one in await carriers.carriers() if one.code > (call.page.after or "")][: call.page.limit]
    return page([_carrier(one) for one in rows], call.page, key=lambda view: view.code)


async def set_carrier(call: Call[SetCarrier]) -> CarrierView:
    asked = call.body
    one = StoredCarrier(
        code=call.path["carrier"],
        name_en=asked.name_en,
        name_zh=asked.name_zh,
        kind=asked.kind,
        address=asked.address,
        silent_days=asked.silent_days,
        is_active=asked.active,
    )
    await carriers.set_carrier(one, reason=asked.reason)
    return _carrier(await carriers.carrier(one.code))


async def list_services(call: Call[None]) -> Page[ServiceView]:
    after = call.page.after or ""
    rows = [one for one in await carriers.offers() if key_of(one) > after][: call.page.limit]
    return page([_service(one) for one in rows], call.page, key=lambda view: f"{view.carrier}/{view.code}/{view.zone}")


async def set_service(call: Call[SetService]) -> ServiceView:
    asked = call.body
    service = Service(
        carrier=call.path["carrier"],
        code=call.path["service"],
        zone=asked.zone,
        first_minor=asked.first_minor,
        more_minor=asked.more_minor,
        days=asked.days,
        max_grams=asked.max_grams,
        max_value_minor=asked.max_value_minor,
        takes_dangerous=asked.dangerous,
        takes_cold=asked.cold,
    )
    offer = Offer(service=service, name_en=asked.name_en, name_zh=asked.name_zh, is_active=asked.active)
    await carriers.set_offer(offer, reason=asked.reason)
    return _service(offer)


async def list_rules(call: Call[None]) -> Page[RuleView]:
    rows = [one for one in await carriers.rules() if one.position > call.page.number()][: call.page.limit]
    return page([rule_view(one) for one in rows], call.page, key=lambda view: view.position)


async def set_rule(call: Call[SetRule]) -> RuleView:
    asked, position = call.body, _position(call.path["position"])
    rule = Rule(
        position=position,
        goal=asked.goal,
        channel=asked.channel,
        zone=asked.zone,
        min_grams=asked.min_grams,
        max_grams=asked.max_grams,
        min_value_minor=asked.min_value_minor,
        dangerous=asked.dangerous,
        cold=asked.cold,
        max_days=asked.max_days,
        carrier=asked.carrier,
        service=asked.service,
    )
    await carriers.set_rule(position, None if asked.removed else rule, reason=asked.reason)
    return rule_view(rule)


async def set_trait(call: Call[SetTrait]) -> TraitSet:
    found = await sku_of(call.path["sku"])
    await carriers.set_trait(found.id, dangerous=call.body.dangerous, cold=call.body.cold, reason=call.body.reason)
    return TraitSet(sku=found.code, dangerous=call.body.dangerous, cold=call.body.cold)


def _position(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise NotFound("rule", text)
    return int(text)


def _carrier(one: StoredCarrier) -> CarrierView:
    return CarrierView(
        code=one.code,
        name_en=one.name_en,
        name_zh=one.name_zh,
        kind=one.kind,
        address=one.address,
        silent_days=one.silent_days,
        active=one.is_active,
    )


def key_of(one: Offer) -> str:
    return f"{one.service.carrier}/{one.service.code}/{one.service.zone}"


def _service(one: Offer) -> ServiceView:
    service = one.service
    return ServiceView(
        carrier=service.carrier,
        code=service.code,
        zone=service.zone,
        name_en=one.name_en,
        name_zh=one.name_zh,
        first_minor=service.first_minor,
        more_minor=service.more_minor,
        days=service.days,
        max_grams=service.max_grams,
        max_value_minor=service.max_value_minor,
        dangerous=service.takes_dangerous,
        cold=service.takes_cold,
        active=one.is_active,
    )


def rule_view(one: Rule) -> RuleView:
    return RuleView(
        position=one.position,
        goal=one.goal,
        channel=one.channel,
        zone=one.zone,
        min_grams=one.min_grams,
        max_grams=one.max_grams,
        min_value_minor=one.min_value_minor,
        dangerous=one.dangerous,
        cold=one.cold,
        max_days=one.max_days,
        carrier=one.carrier,
        service=one.service,
    )
