"""The page of sellers: who issues invoices in the whole chain and at each site, and how their numbers begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.errors import DomainError, NotFound
from controller.http.routing import Actor, Permission, page
from controller.invoices import sellers
from controller.invoices.errors import BadInvoice
from controller.invoices.policies import Seller
from controller.invoices.sellers import SellerAt
from controller.sites import queries as site_queries
from controller.sites.queries import SiteRow
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other

SECTION: Final = "/sellers"
CHAIN: Final = "chain"
"""In an address: what holds where a site has nothing of its own.  A site of that name is told by its own form's address alone."""
LONGEST: Final = {"name": 200, "address": 400, "tax_number": 40, "note": 400}


@dataclass(frozen=True, slots=True)
class ShownSeller:
    """`site` None: the whole chain; `own`: what is said of it itself."""

    site: SiteRow | None
    own: SellerAt | None
    writes: bool


@dataclass(frozen=True, slots=True)
class SellerPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, text_of(request, "edit"), {})

    async def set_chain(self, request: web.Request) -> web.StreamResponse:
        return await self._set(request, None)

    async def set_site(self, request: web.Request) -> web.StreamResponse:
        """Raises NotFound, for a site that is not this person's, too."""
        site, actor = request.match_info["site"], actor_of(request)
        if actor.sites is not None and site not in actor.sites:
            raise NotFound("site", site)
        return await self._set(request, site)

    async def _set(self, request: web.Request, site: str | None) -> web.StreamResponse:
        sent = sent_by(request)
        try:
            wanted = _wanted(sent, site)
            await sent.once(lambda: sellers.set_seller(wanted))
        except DomainError as error:
            told: Values = {"error": error.code, "typed": dict(sent.fields)}
            return await self._show(request, site or CHAIN, told, status=422)
        return see_other(f"{SECTION}?{urlencode({'done': 'saved', 'edit': site or CHAIN})}")

    async def _show(self, request: web.Request, edit: str, told: Values, status: int = 200) -> web.Response:
        turn, actor, q = page_request(request), actor_of(request), text_of(request, "q")
        known = {each.site: each for each in await sellers.sellers()}
        found = await site_queries.sites(after=turn.after or "", limit=turn.limit, only=actor.sites, q=q)
        sites = page(found, turn, key=lambda row: row.id)
        may = Permission.TAXES_WRITE
        rows = [ShownSeller(site, known.get(site.id), actor.may_at(may, site.id)) for site in sites.items]
        if not turn.after and not q:
            rows.insert(0, ShownSeller(None, known.get(None), actor.may_at(may, None)))
        first = next((row.site.id if row.site else CHAIN for row in rows if row.writes), "")
        edited = await _edited(edit or first, actor, known)
        values: Values = {
            "rows": rows,
            "next": sites.next,
            "q": q,
            "chain": known.get(None),
            "edited": edited if edited is not None and edited.writes else None,
            "chosen": bool(edit),
            "done": "saved" if text_of(request, "done") == "saved" and status == 200 else "",
            "error": "",
            "typed": {},
            "new_key": new_key,
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
            **told,
        }
        return await self.pages.show(request, "sellers.html", SECTION, paged(request, values, "q"), status=status)


async def _edited(edit: str, actor: Actor, known: Mapping[str | None, SellerAt]) -> ShownSeller | None:
    """What the form is for: the whole chain, or a site that is this person's."""
    if edit == CHAIN:
        return ShownSeller(None, known.get(None), actor.may_at(Permission.TAXES_WRITE, None))
    if actor.sites is not None and edit not in actor.sites:
        return None
    try:
        site = await site_queries.site(edit)
    except NotFound:
        return None
    return ShownSeller(site, known.get(edit), actor.may_at(Permission.TAXES_WRITE, edit))


def _wanted(sent: Sent, site: str | None) -> SellerAt:
    """Raises BadInvoice."""
    told = {name: sent.field(name) for name in LONGEST}
    if any(len(value) > LONGEST[name] or not value.isprintable() for name, value in told.items()):
        raise BadInvoice("name, address, tax number and note are each on one line")
    return SellerAt(
        site=site,
        seller=Seller(**told),
        prefix=sent.field("prefix").upper(),
        correction_prefix=sent.field("correction_prefix").upper(),
        at_packing=sent.field("at_packing") == "yes",
    )


def seller_routes(pages: Pages) -> list[PageRoute]:
    shown = SellerPages(pages)
    return [
        PageRoute("GET", SECTION, shown.listing, permission=Permission.PAYMENTS_READ),
        PageRoute("POST", SECTION, shown.set_chain, permission=Permission.TAXES_WRITE, whole_chain=True),
        PageRoute("POST", f"{SECTION}/{{site}}", shown.set_site, permission=Permission.TAXES_WRITE),
    ]
