"""The page of what review goes by: the limits of the automatic checks, deadlines, opening hours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from aiohttp import web

from controller.errors import DomainError, NotFound
from controller.http.routing import BadParameter, Permission
from controller.review import limits, opening
from controller.review.clocks import ClockKind, Counts, Term
from controller.review.opening import Opening
from controller.review.policies import Limits
from controller.review.rules import Field
from controller.sites.queries import sites as sites_of
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, text_of
from controller.web.review_forms import number_of, scale_of, span_text, spans_of, written
from controller.web.review_rule_pages import chain_currency, done_of, edition_of, writes_rules
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES

SECTION: Final = "/review-settings"


@dataclass(frozen=True, slots=True)
class SettingPages:
    pages: Pages

    async def settings(self, request: web.Request) -> web.StreamResponse:
        return await self._settings(request)

    async def _settings(self, request: web.Request, error: str = "", status: int = 200) -> web.Response:
        site = text_of(request, "site")
        here = [row.id for row in await sites_of(limit=MAX_SITES)]
        site = site if site in here else ""
        found, edition = await limits.limits()
        hours = await opening.opening_of(site)
        values: Values = {
            "limits": found,
            "edition": edition,
            "site": site,
            "sites": here,
            "terms": await opening.terms_of(site or None),
            "said": await opening.terms_said(site),
            "kinds": list(ClockKind),
            "hours": {str(day): ", ".join(span_text(span) for span in hours.spans.get(day, ())) for day in range(7)},
            "closed": ", ".join(day.isoformat() for day in hours.closed),
            "currency": await chain_currency(),
            "written": written,
            "writes": writes_rules(actor_of(request)),
            "done": done_of(request),
            "error": error,
            "new_key": new_key,
        }
        return await self.pages.show(request, "review_settings.html", SECTION, values, status=status)

    async def set_limits(self, request: web.Request) -> web.StreamResponse:
        sent, currency = sent_by(request), await chain_currency()

        async def verb() -> None:
            wanted = Limits(
                price_above_bp=number_of(sent.field("price_above"), 2, "price_above"),
                price_below_bp=number_of(sent.field("price_below"), 2, "price_below"),
                discount_bp=number_of(sent.field("discount"), 2, "discount"),
                ratings=tuple(letter for letter in sent.field("ratings").upper() if letter not in ", "),
                arrears_minor=number_of(sent.field("arrears"), scale_of(Field.ARREARS, currency), "arrears"),
                address=sent.field("address") == "yes",
            )
            await limits.set_limits(wanted, edition=edition_of(sent))

        return await self._set(request, sent, verb, "")

    async def set_terms(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        site = sent.field("site")

        async def verb() -> None:
            for kind in ClockKind:
                minutes, near = sent.field(f"{kind}_minutes"), sent.field(f"{kind}_near")
                term = None
                if minutes:
                    counts = Counts.OPENING if sent.field(f"{kind}_opening") == "yes" else Counts.ALWAYS
                    term = Term(length=_minutes(minutes), near=_minutes(near or "0"), counts=counts)
                await opening.set_term(site, kind, term)
            try:
                closed = [date.fromisoformat(text) for text in sent.field("closed").replace(",", " ").split()]
            except ValueError as error:
                raise BadParameter("closed", "days such as 2026-12-25") from error
            spans = {day: spans_of(sent.field(f"day{day}")) for day in range(7)}
            await opening.set_opening(site, Opening(spans=spans, closed=closed))

        return await self._set(request, sent, verb, site)

    async def _set(self, request: web.Request, sent: Sent, verb: Callable[[], Awaitable[None]], site: str) -> web.StreamResponse:
        try:
            await sent.once(verb)
        except NotFound:
            raise
        except BadParameter:
            return await self._settings(request, "bad_parameter", status=422)
        except DomainError as error:
            return await self._settings(request, error.code, status=422)
        return see_other(f"{SECTION}?done=set" + (f"&site={site}" if site else ""))


def _minutes(text: str) -> timedelta:
    """Raises BadParameter."""
    value = number_of(text, 0, "minutes")
    return timedelta(minutes=min(value or 0, 10**7))


def review_setting_routes(pages: Pages) -> list[PageRoute]:
    shown, write = SettingPages(pages), Permission.REVIEW_RULES
    return [
        PageRoute("GET", SECTION, shown.settings, permission=Permission.REVIEW_READ, whole_chain=True),
        PageRoute("POST", f"{SECTION}/limits", shown.set_limits, permission=write, whole_chain=True),
        PageRoute("POST", f"{SECTION}/terms", shown.set_terms, permission=write, whole_chain=True),
    ]
