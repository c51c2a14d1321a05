"""Which service carries a parcel: rules of cost, time and goods, and why the others do not.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Goal(StrEnum):
    CHEAPEST = "cheapest"
    FASTEST = "fastest"


class Why(StrEnum):
    """Why a service was chosen, or was not."""

    CHEAPEST = "cheapest"
    FASTEST = "fastest"
    ONLY = "only"
    PERSON = "person"
    TOO_HEAVY = "too_heavy"
    TOO_DEAR_GOODS = "too_dear_goods"
    NO_DANGEROUS = "no_dangerous"
    NO_COLD = "no_cold"
    NOT_THERE = "not_there"
    TOO_SLOW = "too_slow"
    NOT_BY_RULE = "not_by_rule"
    DEARER = "dearer"
    SLOWER = "slower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """A parcel: grams, what it is worth in minor units, what is in it, and where it goes (a zone, empty: nobody knows)."""

    grams: int
    value_minor: int
    zone: str = ""
    channel: str = ""
    dangerous: bool = False
    cold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """See `models.CarrierService`; `zone` empty: everywhere.  `quoted_minor`: what the carrier itself said, if it did."""

    carrier: str
    code: str
    zone: str = ""
    first_minor: int
    more_minor: int = 0
    days: int
    max_grams: int | None = None
    max_value_minor: int | None = None
    takes_dangerous: bool = False
    takes_cold: bool = False
    quoted_minor: int | None = None

    def price(self, grams: int) -> int:
        """Minor units: as quoted, else by each kilogram begun."""
        if self.quoted_minor is not None:
            return self.quoted_minor
        return self.first_minor + self.more_minor * max(-(-grams // 1000) - 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """See `models.ShippingRule`."""

    position: int
    goal: Goal = Goal.CHEAPEST
    channel: str = ""
    zone: str = ""
    min_grams: int | None = None
    max_grams: int | None = None
    min_value_minor: int | None = None
    dangerous: bool | None = None
    cold: bool | None = None
    max_days: int | None = None
    carrier: str = ""
    service: str = ""

    def fits(self, goods: Goods) -> bool:
        """Whether it is about such a parcel."""
        return (
            self.channel in ("", goods.channel)
            and self.zone in ("", goods.zone)
            and (self.min_grams is None or goods.grams >= self.min_grams)
            and (self.max_grams is None or goods.grams <= self.max_grams)
            and (self.min_value_minor is None or goods.value_minor >= self.min_value_minor)
            and self.dangerous in (None, goods.dangerous)
            and self.cold in (None, goods.cold)
        )

    def bars(self, service: Service) -> Why | None:
        """Why this rule keeps a service out; None: it does not."""
        if self.carrier not in ("", service.carrier) or self.service not in ("", service.code):
            return Why.NOT_BY_RULE
        return Why.TOO_SLOW if self.max_days is not None and service.days > self.max_days else None


@dataclass(frozen=True, slots=True)
class Judged:
    """A service, what it would cost (minor units) and take (days), and why it is or is not the one."""

    carrier: str
    service: str
    price_minor: int
    days: int
    why: Why


@dataclass(frozen=True, slots=True)
class Choice:
    """`chosen` None: no service takes it.  `rule`: the position of the rule that decided, None: there was none."""

    chosen: Judged | None
    others: tuple[Judged, ...]
    rule: int | None


_NO_RULE = Rule(position=0)


def choose(goods: Goods, services: Sequence[Service], rules: Sequence[Rule]) -> Choice:
    """By the first rule that fits and leaves a service; without one, the cheapest that takes it.  Ties: cheaper, faster, names."""
    narrowest = _narrowest(goods, services)
    able = [(service, cannot(goods, service)) for service in narrowest]
    fitting = [rule for rule in sorted(rules, key=lambda one: one.position) if rule.fits(goods)]
    for rule in (*fitting, _NO_RULE):
        left = [service for service, why in able if why is None and rule.bars(service) is None]
        if left:
            return _chosen(goods, able, rule, left)
    return Choice(None, tuple(_judged(goods, service, why or Why.NOT_THERE) for service, why in able), None)


def _narrowest(goods: Goods, services: Sequence[Service]) -> list[Service]:
    """Of a service with prices for the zone and for everywhere, the former; in order of names."""

    def fit(service: Service) -> tuple[int, str]:
        return (1 if not service.zone else 0 if service.zone == goods.zone else 2), service.zone

    best: dict[tuple[str, str], Service] = {}
    for service in services:
        key = (service.carrier, service.code)
        if key not in best or fit(service) < fit(best[key]):
            best[key] = service
    return [best[key] for key in sorted(best)]


def cannot(goods: Goods, service: Service) -> Why | None:
    """Why a service does not take such a parcel; None: it does."""
    if service.zone not in ("", goods.zone):
        return Why.NOT_THERE
    if service.max_grams is not None and goods.grams > service.max_grams:
        return Why.TOO_HEAVY
    if service.max_value_minor is not None and goods.value_minor > service.max_value_minor:
        return Why.TOO_DEAR_GOODS
    if goods.dangerous and not service.takes_dangerous:
        return Why.NO_DANGEROUS
    return Why.NO_COLD if goods.cold and not service.takes_cold else None


def _chosen(goods: Goods, able: Sequence[tuple[Service, Why | None]], rule: Rule, left: Sequence[Service]) -> Choice:
    def order(service: Service) -> tuple[int, int, str, str]:
        price, days = service.price(goods.grams), service.days
        first, second = (price, days) if rule.goal is Goal.CHEAPEST else (days, price)
        return first, second, service.carrier, service.code

    best = min(left, key=order)
    why = Why.ONLY if len(left) == 1 else Why(rule.goal.value)
    beaten = Why.DEARER if rule.goal is Goal.CHEAPEST else Why.SLOWER
    others = tuple(_judged(goods, service, cause or rule.bars(service) or beaten) for service, cause in able if service is not best)
    return Choice(_judged(goods, best, why), others, rule.position if rule is not _NO_RULE else None)


def _judged(goods: Goods, service: Service, why: Why) -> Judged:
    return Judged(service.carrier, service.code, service.price(goods.grams), service.days, why)
