"""The routes of sourcing: why an order comes from where it does, moving and rejecting lines, what the company set."""

from __future__ import annotations

from controller.http.routing import Page, Permission, Route
from controller.sourcing import handlers
from controller.sourcing.rejecting import Kind
from controller.sourcing.settings import TermsSetting

ORDER, SETTING = "/api/v1/orders/{no}/sourcing", "/api/v1/sourcing"
READ, WRITE = Permission.ORDERS_READ, Permission.STOCK_WRITE
ROUTES = [
    Route(
        "GET",
        ORDER,
        handlers.why,
        permission=READ,
        reply=Page[handlers.DecisionView],
        summary="Why an order comes from where it does, and what the runner-up would have cost; the latest decision first",
    ),
    Route(
        "POST",
        ORDER,
        handlers.source_again,
        permission=Permission.ORDERS_WRITE,
        body=handlers.SourceAgain,
        reply=handlers.Moved,
        summary="Source an order again, as if it came now: no line gets less than it has, or nothing changes",
        example=handlers.SourceAgain(reason="goods came in nearer to the customer"),
    ),
    Route(
        "POST",
        f"{ORDER}/moves",
        handlers.move,
        permission=Permission.ORDERS_WRITE,
        body=handlers.MoveLines,
        reply=handlers.Moved,
        summary="Say where lines come from: all of them from there, or nothing changes",
        example=handlers.MoveLines(positions=[1], site="s1", reason="customer fetches it there"),
    ),
    Route(
        "POST",
        "/api/v1/sites/{site}/orders/{no}/rejections",
        handlers.reject,
        permission=Permission.FULFILMENT_WRITE,
        body=handlers.RejectLines,
        reply=handlers.Moved,
        summary="Reject lines as a site: its stock is put right, and they are sourced again without it",
        example=handlers.RejectLines(lines=[handlers.RejectedLine(position=1, kind=Kind.NOT_IN_STOCK)], note="the shelf is empty"),
    ),
    Route(
        "GET", SETTING, handlers.show_settings, permission=READ, reply=handlers.SettingsView, summary="Show how orders are sourced"
    ),
    Route(
        "PUT",
        f"{SETTING}/terms",
        handlers.set_terms,
        permission=WRITE,
        body=handlers.SetTerms,
        reply=handlers.Changed,
        summary="Set what weighs how much for a channel's orders, or for everybody's",
        example=handlers.SetTerms(channel="", terms=TermsSetting(split_minor=800), reason="parcels cost more"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/sites/{{site}}",
        handlers.set_site,
        permission=WRITE,
        body=handlers.SetSite,
        reply=handlers.Changed,
        summary="Set where a site is, and how many parts of orders it can do in a day",
        example=handlers.SetSite(latitude=31_230_400, longitude=121_473_700, capacity=200, reason="opened"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/sites/{{site}}/rank",
        handlers.set_rank,
        permission=WRITE,
        body=handlers.SetRank,
        reply=handlers.Changed,
        summary="Set when a channel asks a site, or that it never does",
        example=handlers.SetRank(channel="web", rank=1, reason="warehouse first"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/rates",
        handlers.set_rate,
        permission=WRITE,
        body=handlers.SetRate,
        reply=handlers.Changed,
        summary="Set what a parcel costs from a site to a zone; the narrowest holds",
        example=handlers.SetRate(site="", zone="east", first_minor=800, more_minor=200, reason="contract"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/areas",
        handlers.set_area,
        permission=WRITE,
        body=handlers.SetArea,
        reply=handlers.Changed,
        summary="Set the zone and the middle of regions that begin so; the longest beginning holds",
        example=handlers.SetArea(prefix="CN-31", zone="east", latitude=31_230_400, longitude=121_473_700, reason="areas"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/safety",
        handlers.set_safety,
        permission=WRITE,
        body=handlers.SetSafety,
        reply=handlers.Changed,
        summary="Set what a site would rather keep; the narrowest holds",
        example=handlers.SetSafety(site="s1", sku="013-1", quantity=5, reason="for the counter"),
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{SETTING}/runs",
        handlers.source_waiting,
        permission=Permission.ORDERS_WRITE,
        reply=handlers.BatchDone,
        summary="Source up to 400 orders that wait for goods now",
        whole_chain=True,
    ),
]
