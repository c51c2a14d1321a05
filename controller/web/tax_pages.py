"""The pages of taxes: regions, rates with the days from which they hold, classes of articles, what an order would be taxed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller import db, events
from controller.catalog.queries import skus_by_id
from controller.customers.numbers import CUSTOMERS
from controller.errors import Conflict, DomainError, NotFound
from controller.http.routing import BadParameter, Permission, number, page
from controller.pricing.imports import BadCell
from controller.sites.queries import sites as sites_of
from controller.taxes import listing, settings
from controller.taxes.settings import BadTax
from controller.taxes.stored import Region, StoredRate, rates, regions
from controller.web import tax_preview
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.review_rule_pages import chain_currency
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES, account_of, names_of, zone
from edge_agent.wire.rounding import Mode
from edge_agent.wire.taxes import STANDARD, percent_of
from edge_agent.wire.totals import Level

SECTION: Final = "/taxes"
HISTORY: Final = 100
DONE: Final = frozenset({"region", "rate", "ended", "site", "class", "exempt"})
Verb = Callable[[Sent], Awaitable[object]]


class Part(StrEnum):
    """What of taxes is looked at."""

    RATES = "rates"
    PREVIEW = "preview"
    CLASSES = "classes"
    SITES = "sites"
    EXEMPT = "exempt"
    HISTORY = "history"


class Holds(StrEnum):
    """Whether a rate is in force on a day."""

    NOW = "now"
    LATER = "later"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class ShownRate:
    rate: StoredRate
    percent: str
    holds: Holds


@dataclass(frozen=True, slots=True)
class TaxPages:
    pages: Pages

    async def taxes(self, request: web.Request) -> web.StreamResponse:
        return await self._taxes(request)

    async def _taxes(
        self, request: web.Request, error: str = "", sent: Sent | None = None, status: int = 200, part: str = ""
    ) -> web.Response:
        """`part`: where the form was that is shown again."""
        actor, known = actor_of(request), await regions(limit=500)
        part = part or text_of(request, "show")
        shown = Part(part) if part in set(Part) else Part.RATES
        code = (sent.field("region") if sent else "") or text_of(request, "region")
        chosen = next((each for each in known if each.code == code), known[0] if known and shown is not Part.PREVIEW else None)
        done = text_of(request, "done")
        values: dict[str, object] = {
            "show": shown,
            "parts": list(Part),
            "regions": known,
            "chosen": chosen,
            "levels": list(Level),
            "modes": list(Mode),
            "standard": STANDARD,
            "writes": actor.may(Permission.TAXES_WRITE) and actor.at(Permission.TAXES_WRITE).sites is None,
            "today": db.now().astimezone(await zone()).date().isoformat(),
            "typed": dict(sent.fields) if sent else {},
            "done": done if done in DONE else "",
            "error": error,
            "new_key": new_key,
            "next": None,
            "preview": None,
        }
        more: Values = {}
        try:
            more = await self._more(shown, request, chosen)
        except (DomainError, BadCell) as refused:
            values["error"] = refused.code if isinstance(refused, DomainError) else "bad_cell"
            status = 422
        return await self.pages.show(
            request, "taxes.html", SECTION, paged(request, {**values, **more}, "show", "region"), status=status
        )

    async def _more(self, part: Part, request: web.Request, chosen: Region | None) -> Values:
        """What one part shows.  Raises DomainError, BadCell."""
        if part is Part.RATES:
            return await _rates(chosen)
        load = {
            Part.PREVIEW: self._preview,
            Part.CLASSES: _classes,
            Part.SITES: _sites,
            Part.EXEMPT: _exempt,
            Part.HISTORY: _history,
        }
        return await load[part](request, chosen)

    async def _preview(self, request: web.Request, chosen: Region | None) -> Values:
        """Raises DomainError, BadCell."""
        order, lines = text_of(request, "order"), request.query.get("lines", "").replace("\0", "")[:4000]
        at = _noon(text_of(request, "day"), await zone()) or db.now()
        region, currency = chosen.code if chosen else "", await chain_currency()
        if order:
            sites = actor_of(request).at(Permission.ORDERS_READ).sites
            if not actor_of(request).may(Permission.ORDERS_READ):
                raise NotFound("order", order)
            return {"preview": await tax_preview.of_order(order, region=region, at=at, sites=sites)}
        return {"preview": await tax_preview.of_lines(lines, region=region, currency=currency, at=at)} if lines.strip() else {}

    def does(self, verb: Verb, done: str, part: Part) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            sent = sent_by(request)
            try:
                await sent.once(lambda: verb(sent))
            except (DomainError, BadParameter) as error:
                code = error.code if isinstance(error, DomainError) else "bad_parameter"
                return await self._taxes(request, code, sent, 409 if isinstance(error, Conflict) else 422, part)
            region = sent.field("region")
            return see_other(f"{SECTION}?{urlencode({'show': part, **({'region': region} if region else {}), 'done': done})}")

        return handle


async def _rates(chosen: Region | None) -> Values:
    """By class, what is in force first."""
    if chosen is None:
        return {"rates": []}
    at = db.now()
    found = [ShownRate(each, percent_of(each.rate.value), _holds(each, at)) for each in await rates(chosen.code)]
    order = list(Holds)
    found.sort(key=lambda each: (order.index(each.holds), each.rate.tax_class, each.rate.rank, each.rate.id))
    return {"rates": found}


def _holds(rate: StoredRate, at: datetime) -> Holds:
    if rate.effective_from > at:
        return Holds.LATER
    return Holds.OVER if rate.until is not None and rate.until <= at else Holds.NOW


async def _classes(request: web.Request, _: Region | None) -> Values:
    turn = page_request(request)
    rows = page(await listing.sku_classes(after=turn.number(), limit=turn.limit), turn, key=lambda row: row.sku_id)
    return {"classes": rows.items, "skus": await skus_by_id([row.sku_id for row in rows.items]), "next": rows.next}


async def _sites(_: web.Request, __: Region | None) -> Values:
    known = [site.id for site in await sites_of(limit=MAX_SITES)]
    return {"sites": known, "regions_of": await listing.regions_of(known)}


async def _exempt(request: web.Request, _: Region | None) -> Values:
    turn = page_request(request)
    rows = page(await listing.exemptions(before=turn.number() or None, limit=turn.limit), turn, key=lambda row: row.id)
    return {"exemptions": rows.items, "number": CUSTOMERS.number, "next": rows.next}


async def _history(_: web.Request, chosen: Region | None) -> Values:
    found = [] if chosen is None else await events.happened_to(f"tax:{chosen.code}", HISTORY)
    return {"history": found, "names": await names_of(account_of(event.actor) for event in found)}


# --- forms ----------------------------------------------------------------------------------------------------------------------


async def _set_region(sent: Sent) -> None:
    levels, modes = set(Level), set(Mode)
    if sent.field("level") not in levels or sent.field("mode") not in modes:
        raise BadTax("a level and a way of rounding that the page offers")
    wanted = Region(
        code=sent.field("region"),
        name=sent.field("name"),
        parent=sent.field("parent") or None,
        is_inclusive=sent.field("inclusive") == "yes",
        level=Level(sent.field("level")),
        mode=Mode(sent.field("mode")),
        step=number(sent.field("step") or "1", "step"),
    )
    await settings.set_region(wanted)


async def _set_rate(sent: Sent) -> None:
    here = await zone()
    new = settings.NewRate(
        region=sent.field("region"),
        code=sent.field("code"),
        value=settings.percent(sent.field("percent")),
        effective_from=_midnight(sent.field("from"), here),
        tax_class=sent.field("class") or STANDARD,
        name=sent.field("name")[:128],
        is_compound=sent.field("compound") == "yes",
        rank=number(sent.field("rank") or "0", "rank"),
        until=_midnight(sent.field("until"), here) if sent.field("until") else None,
    )
    await settings.set_rate(new)


async def _end_rate(sent: Sent) -> None:
    rate = number(sent.request.match_info["id"], "id")
    await settings.end_rate(rate, _midnight(sent.field("until"), await zone()))


async def _set_site(sent: Sent) -> None:
    await settings.set_site_region(sent.field("site"), sent.field("region"))


async def _set_class(sent: Sent) -> None:
    await settings.set_class(sent.field("sku"), sent.field("class"))


async def _set_exempt(sent: Sent) -> None:
    here = await zone()
    until = _midnight(sent.field("until"), here) if sent.field("until") else None
    customer = CUSTOMERS.row_id(sent.field("customer").upper())
    await settings.exempt(
        customer,
        sent.field("certificate"),
        valid_from=_midnight(sent.field("from"), here),
        until=until,
        region_code=sent.field("region") or None,
    )


def _midnight(text: str, here: tzinfo) -> datetime:
    """The beginning of a day there.  Raises BadTax."""
    day = _day(text)
    if day is None:
        raise BadTax(f"{text[:20]!r}: expected a day such as 2027-01-01")
    return datetime.combine(day, time(), here).astimezone(UTC)


def _noon(text: str, here: tzinfo) -> datetime | None:
    """In the middle of a day there; None: no day."""
    day = _day(text)
    return None if day is None else datetime.combine(day, time(12), here).astimezone(UTC)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1900 < day.year < 9000 else None


def tax_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = TaxPages(pages), Permission.PRICES_READ, Permission.TAXES_WRITE
    forms: dict[str, tuple[Verb, str, Part]] = {
        "regions": (_set_region, "region", Part.RATES),
        "rates": (_set_rate, "rate", Part.RATES),
        "rates/{id}/end": (_end_rate, "ended", Part.RATES),
        "sites": (_set_site, "site", Part.SITES),
        "classes": (_set_class, "class", Part.CLASSES),
        "exemptions": (_set_exempt, "exempt", Part.EXEMPT),
    }
    return [
        PageRoute("GET", SECTION, shown.taxes, permission=read),
        *(
            PageRoute("POST", f"{SECTION}/{path}", shown.does(verb, done, part), permission=write, whole_chain=True)
            for path, (verb, done, part) in forms.items()
        ),
    ]
