"""Taxes over HTTP: regions and rates with their instants, what a basket comes to, what an order came to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import NotFound, Rejected
from controller.http.routing import PLAIN, Call, Created, Page, Permission, Route, page
from controller.taxes import settings
from controller.taxes.queries import KeptTotal, kept
from controller.taxes.stored import Region, StoredRate, rates, regions
from edge_agent.wire.rounding import Mode
from edge_agent.wire.taxes import STANDARD, percent_of
from edge_agent.wire.totals import Level

Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$")]
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=PLAIN)]
Instant = Annotated[datetime, Meta(tz=True)]
Percent = Annotated[str, Meta(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6})?$")]


class BadInstant(Rejected):
    code = "bad_instant"


class SetRegion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`level`: what is rounded once; `step`: the smallest payable amount in minor units.  A city's `parent` is its state."""

    name: Name
    parent: Code | None = None
    is_inclusive: bool = True
    level: Level = Level.LINE
    mode: Mode = Mode.HALF_UP
    step: Annotated[int, Meta(ge=1, le=1000)] = 1


class SetRate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`percent` as text, such as 8.875: no float.  A rate of the same code without an end ends when this one begins."""

    region: Code
    code: Code
    percent: Percent
    effective_from: Instant
    tax_class: Code = STANDARD
    name: Annotated[str, Meta(max_length=128, pattern=PLAIN)] = ""
    is_compound: bool = False
    rank: Annotated[int, Meta(ge=0, le=100)] = 0
    until: Instant | None = None


class EndRate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    until: Instant


class SetSiteRegion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    region: Code


class SetClass(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tax_class: Code


class Exempt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`region` None: everywhere."""

    customer_id: Annotated[int, Meta(ge=1, le=10**15)]
    certificate: Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
    valid_from: Instant
    until: Instant | None = None
    region: Code | None = None


class RegionView(Struct, frozen=True, kw_only=True):
    code: str
    name: str
    parent: str | None
    is_inclusive: bool
    level: Level
    mode: Mode
    step: int


class RateView(Struct, frozen=True, kw_only=True):
    """`percent` is exact where it has an end; `rate` always is, as a fraction."""

    id: int
    region: str
    tax_class: str
    code: str
    name: str
    percent: str
    rate: str
    is_compound: bool
    rank: int
    effective_from: datetime
    until: datetime | None


class TotalLineView(Struct, frozen=True, kw_only=True):
    position: int
    kind: str
    tax_class: str
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int


class TotalTaxView(Struct, frozen=True, kw_only=True):
    position: int
    code: str
    name: str
    percent: str
    base_minor: int
    tax_minor: int


class TotalView(Struct, frozen=True, kw_only=True):
    """What an order came to, by which terms.  `payable_minor` = gross + rounding."""

    order: str
    version: int
    currency: str
    region: str | None
    is_inclusive: bool
    level: Level
    mode: Mode
    step: int
    certificate: str | None
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    rounding_minor: int
    payable_minor: int
    counted_at: datetime
    lines: list[TotalLineView]
    taxes: list[TotalTaxView]


async def list_regions(call: Call[None]) -> Page[RegionView]:
    found = await regions(after=call.page.after or "", limit=call.page.limit)
    shown = page(found, call.page, key=lambda each: each.code)
    return Page(items=[_region_view(each) for each in shown.items], next=shown.next)


async def put_region(call: Call[SetRegion]) -> RegionView:
    body = call.body
    region = Region(
        code=call.path["region"],
        name=body.name,
        parent=body.parent,
        is_inclusive=body.is_inclusive,
        level=body.level,
        mode=body.mode,
        step=body.step,
    )
    await settings.set_region(region)
    return _region_view(region)


async def list_rates(call: Call[None]) -> Page[RateView]:
    found = await rates(call.query.get("region"), after=call.page.number(), limit=call.page.limit)
    shown = page(found, call.page, key=lambda each: str(each.id))
    return Page(items=[_rate_view(each) for each in shown.items], next=shown.next)


async def set_rate(call: Call[SetRate]) -> Created[RateView]:
    body = call.body
    new = settings.NewRate(
        region=body.region,
        code=body.code,
        value=settings.percent(body.percent),
        effective_from=_aware(body.effective_from),
        tax_class=body.tax_class,
        name=body.name,
        is_compound=body.is_compound,
        rank=body.rank,
        until=_aware(body.until) if body.until else None,
    )
    rate_id = await settings.set_rate(new)
    found = next(each for each in await rates(body.region) if each.id == rate_id)
    return Created(_rate_view(found), location=f"/api/v1/tax-rates?region={body.region}")


async def end_rate(call: Call[EndRate]) -> None:
    text = call.path["rate"]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound("tax rate", text)
    await settings.end_rate(int(text), _aware(call.body.until))


async def put_site(call: Call[SetSiteRegion]) -> None:
    await settings.set_site_region(call.path["site"], call.body.region)


async def put_class(call: Call[SetClass]) -> None:
    await settings.set_class(call.path["sku"], call.body.tax_class)


async def exempt(call: Call[Exempt]) -> None:
    body = call.body
    until = _aware(body.until) if body.until else None
    await settings.exempt(
        body.customer_id, body.certificate, valid_from=_aware(body.valid_from), until=until, region_code=body.region
    )


async def totals(call: Call[None]) -> TotalView:
    """As it was counted when the order was placed or changed last; rates that change later change nothing of it."""
    found = await kept(call.path["no"])
    if call.actor.sites is not None and found.site not in call.actor.sites:
        raise NotFound("total of order", call.path["no"])
    return _total_view(found)


def _aware(instant: datetime) -> datetime:
    """Raises BadInstant.  At the edges of the calendar there is no such instant in UTC."""
    if instant.tzinfo is None or not 1900 < instant.year < 9000:
        raise BadInstant(f"{instant.isoformat()}: expected an instant with its zone")
    return instant.astimezone(UTC)


def _region_view(each: Region) -> RegionView:
    return RegionView(
        code=each.code,
        name=each.name,
        parent=each.parent,
        is_inclusive=each.is_inclusive,
        level=each.level,
        mode=each.mode,
        step=each.step,
    )


def _rate_view(each: StoredRate) -> RateView:
    return RateView(
        id=each.id,
        region=each.region,
        tax_class=each.tax_class,
        code=each.rate.code,
        name=each.rate.name,
        percent=percent_of(each.rate.value),
        rate=str(each.rate.value),
        is_compound=each.rate.is_compound,
        rank=each.rank,
        effective_from=each.effective_from,
        until=each.until,
    )


def _line_views(found: KeptTotal) -> list[TotalLineView]:
    return [
        TotalLineView(
            position=line.position,
            kind=line.kind.value,
            tax_class=line.tax_class,
            amount_minor=line.amount_minor,
            discount_minor=line.discount_minor,
            net_minor=line.net_minor,
            tax_minor=line.tax_minor,
            gross_minor=line.gross_minor,
        )
        for line in found.lines
    ]


def _tax_views(found: KeptTotal) -> list[TotalTaxView]:
    return [
        TotalTaxView(
            position=tax.position,
            code=tax.rate.code,
            name=tax.rate.name,
            percent=percent_of(tax.rate.value),
            base_minor=tax.base_minor,
            tax_minor=tax.tax_minor,
        )
        for tax in found.taxes
    ]


def _total_view(found: KeptTotal) -> TotalView:
    return TotalView(
        order=found.order_no,
        version=found.version,
        currency=found.currency,
        region=found.region,
        is_inclusive=found.is_inclusive,
        level=found.level,
        mode=found.mode,
        step=found.step,
        certificate=found.certificate,
        discount_minor=found.discount_minor,
        net_minor=found.net_minor,
        tax_minor=found.tax_minor,
        gross_minor=found.gross_minor,
        rounding_minor=found.rounding_minor,
        payable_minor=found.payable_minor,
        counted_at=found.counted_at,
        lines=_line_views(found),
        taxes=_tax_views(found),
    )


_READ, _WRITE = Permission.PRICES_READ, Permission.TAXES_WRITE
_NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)

ROUTES = [
    Route("GET", "/api/v1/tax-regions", list_regions, permission=_READ, reply=Page[RegionView], summary="Where which tax holds"),
    Route(
        "PUT",
        "/api/v1/tax-regions/{region}",
        put_region,
        permission=_WRITE,
        body=SetRegion,
        reply=RegionView,
        summary="Say how orders of a region are taxed and rounded",
        example=SetRegion(name="New York City", parent="US-NY", is_inclusive=False),
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/tax-rates",
        list_rates,
        permission=_READ,
        reply=Page[RateView],
        summary="Rates of tax with the instants between which they hold",
        filters={"region": "only rates of this region"},
    ),
    Route(
        "POST",
        "/api/v1/tax-rates",
        set_rate,
        permission=_WRITE,
        body=SetRate,
        reply=RateView,
        summary="Say a rate of tax from an instant on",
        example=SetRate(region="CN", code="vat-13", percent="13", effective_from=_NEW_YEAR, name="VAT 13 %"),
        whole_chain=True,
    ),
    Route(
        "POST",
        "/api/v1/tax-rates/{rate}/end",
        end_rate,
        permission=_WRITE,
        body=EndRate,
        summary="Let a rate of tax end",
        example=EndRate(until=_NEW_YEAR),
        whole_chain=True,
    ),
    Route(
        "PUT",
        "/api/v1/sites/{site}/tax-region",
        put_site,
        permission=_WRITE,
        body=SetSiteRegion,
        summary="Say in which tax region a site sells",
        example=SetSiteRegion(region="CN"),
    ),
    Route(
        "PUT",
        "/api/v1/skus/{sku}/tax-class",
        put_class,
        permission=_WRITE,
        body=SetClass,
        summary="Say which class of tax a SKU is of",
        example=SetClass(tax_class="grain"),
        whole_chain=True,
    ),
    Route(
        "POST",
        "/api/v1/tax-exemptions",
        exempt,
        permission=_WRITE,
        body=Exempt,
        summary="A customer pays no tax, by a certificate",
        example=Exempt(customer_id=7, certificate="NY-ST-121-0042", valid_from=_NEW_YEAR, region="US-NY"),
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/orders/{no}/totals",
        totals,
        permission=Permission.ORDERS_READ,
        reply=TotalView,
        summary="What an order came to: net, tax, discounts, by line and rate",
    ),
]
