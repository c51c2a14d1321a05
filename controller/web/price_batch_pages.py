"""The page on which prices of many SKUs are changed at once: chosen, looked at, said; their shelf labels follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.catalog import categories
from controller.catalog.queries import NO_CATEGORY, SkuRow, skus
from controller.errors import DomainError, NotFound
from controller.http.routing import Permission, page
from controller.pricing import changing, queries
from controller.pricing.changing import Many, change_of
from controller.pricing.imports import BadCell, instant_of
from controller.pricing.operations import ForTheChain
from controller.sites import queries as site_queries
from controller.web.access import actor_of
from controller.web.forms import MAX_REASON, Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES

PATH: Final = "/price-changes"
CHOSEN: Final = "sku:"
PER: Final = 100
"""SKUs of a page: a form has a bounded number of fields.  All that match can be chosen beyond it."""


@dataclass(frozen=True, slots=True)
class PriceBatchPages:
    pages: Pages

    async def choose(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, {})

    async def change(self, request: web.Request) -> web.StreamResponse:
        """A look at what would change, or the change."""
        sent = sent_by(request)
        typed: dict[str, object] = {"typed": dict(sent.fields)}
        try:
            many = await _many(sent)
            if sent.field("verb") != "say":
                return await self._show(request, {**typed, "lines": await changing.preview(many), "chosen": list(many.skus)})
            await sent.once(lambda: changing.change_many(many))
        except (DomainError, BadCell) as error:
            told = error.code if isinstance(error, DomainError) else "bad_cell"
            return await self._show(request, {**typed, "error": told, "message": str(error)}, status=422)
        return see_other(f"{PATH}?{urlencode({'done': many.effective_from.isoformat()})}")

    async def _show(self, request: web.Request, values: Values, status: int = 200) -> web.Response:
        actor, wanted = actor_of(request), page_request(request)
        asked = {name: text_of(request, name) for name in ("category", "q")}
        limit = min(wanted.limit, PER)
        rows = await skus(after=wanted.number(), limit=limit + 1, **asked) if any(asked.values()) else []
        shown = page(rows[: limit + 1], wanted, key=lambda row: row.id)
        done = text_of(request, "done")
        batches = await queries.batches(only_open=True, limit=200, sites=actor.sites) if done else []
        told: Values = {
            "tree": await categories.categories(),
            "none": NO_CATEGORY,
            "asked": asked,
            "goods": shown.items[:limit],
            "next": shown.next,
            "sites": [row.id for row in await site_queries.sites(limit=MAX_SITES, only=actor.sites)],
            "for_chain": actor.sites is None,
            "most": changing.MOST,
            "lines": None,
            "chosen": [],
            "done": bool(done),
            "batches": [each for each in batches if each.effective_at and each.effective_at.isoformat() == done],
            "error": "",
            "message": "",
            "typed": {},
            "new_key": new_key,
        }
        return await self.pages.show(
            request, "price_batch.html", "/prices", {**paged(request, told, *asked), **values}, status=status
        )


async def _many(sent: Sent) -> Many:
    """Raises NotFound (site), ForTheChain, BadChange, BadCell."""
    site = sent.field("site") or None
    zones = {row.id: row for row in await site_queries.sites(limit=MAX_SITES, only=sent.actor.sites)}
    if site is None and sent.actor.sites is not None:
        raise ForTheChain("a price of the whole chain is said by who is here for all of it: name a site")
    if site is not None and site not in zones:
        raise NotFound("site", site)
    place = zones[site] if site else next(iter(zones.values()), None)
    zone, currency = (place.time_zone, place.currency) if place is not None else ("UTC", "CNY")
    until = sent.field("until")
    return Many(
        skus=await _chosen(sent),
        change=change_of(sent.field("way"), sent.field("amount"), currency, sent.field("step") or "1"),
        site=site,
        effective_from=instant_of(sent.field("effective_from"), "effective_from", zone),
        until=instant_of(until, "until", zone) if until else None,
        note=sent.field("note")[:MAX_REASON] or None,
    )


async def _chosen(sent: Sent) -> list[str]:
    """Those that are ticked, those that were pasted, and, if it is wanted, all that the search finds."""
    found = [name.removeprefix(CHOSEN) for name in sent.fields if name.startswith(CHOSEN)]
    pasted = sent.field("codes").replace(",", " ").replace(";", " ").split()
    found += pasted
    if sent.field("all") == "yes" and (sent.field("category") or sent.field("q")):
        every: list[SkuRow] = await skus(limit=changing.MOST + 1, q=sent.field("q"), category=sent.field("category"))
        found += [row.code for row in every]
    return list(dict.fromkeys(found))


def price_batch_routes(pages: Pages) -> list[PageRoute]:
    shown = PriceBatchPages(pages)
    return [
        PageRoute("GET", PATH, shown.choose, permission=Permission.PRICES_WRITE),
        PageRoute("POST", PATH, shown.change, permission=Permission.PRICES_WRITE),
    ]
