"""The routes of sourcing."""

from __future__ import annotations

from controller.http.routing import Page, Permission, Route
from controller.sourcing import api
from controller.sourcing.rejecting import Kind
from controller.sourcing.settings import TermsSetting

ORDER, SETTING = "/api/v1/orders/{no}/sourcing", "/api/v1/sourcing"
READ, WRITE = Permission.ORDERS_READ, Permission.STOCK_WRITE
ROUTES = [
    Route(
        "GET",
        ORDER,
        api.why,
        permission=READ,
        reply=Page[api.DecisionView],
        summary="Why an order comes from where it does, and what the runner-up would have cost; the latest decision first",
    ),
    Route(
        "POST",
        f"{ORDER}/moves",
        api.move,
        permission=Permission.ORDERS_WRITE,
        body=api.MoveLines,
        reply=api.Moved,
        summary="Say where lines come from: all of them from there, or nothing changes",
        example=api.MoveLines(positions=[1], site="s1", reason="customer fetches it there"),
    ),
    Route(
        "POST",
        "/api/v1/sites/{site}/orders/{no}/rejections",
        api.reject,
        permission=Permission.FULFILMENT_WRITE,
        body=api.RejectLines,
        reply=api.Moved,
        summary="Reject lines as a site: its stock is put right, and they are sourced again without it",
        example=api.RejectLines(lines=[api.RejectedLine(position=1, kind=Kind.NOT_IN_STOCK)], note="the shelf is empty"),
    ),
    Route("GET", SETTING, api.show_settings, permission=READ, reply=api.SettingsView, summary="Show how orders are sourced"),
    Route(
        "PUT",
        f"{SETTING}/terms",
        api.set_terms,
        permission=WRITE,
        body=api.SetTerms,
        reply=api.Changed,
        summary="Set what weighs how much for a channel's orders, or for everybody's",
        example=api.SetTerms(channel="", terms=TermsSetting(split_minor=800), reason="parcels cost more"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/sites/{{site}}",
        api.set_site,
        permission=WRITE,
        body=api.SetSite,
        reply=api.Changed,
        summary="Set where a site is, and how many parts of orders it can do in a day",
        example=api.SetSite(latitude=31_230_400, longitude=121_473_700, capacity=200, reason="opened"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/sites/{{site}}/rank",
        api.set_rank,
        permission=WRITE,
        body=api.SetRank,
        reply=api.Changed,
        summary="Set when a channel asks a site, or that it never does",
        example=api.SetRank(channel="web", rank=1, reason="warehouse first"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/rates",
        api.set_rate,
        permission=WRITE,
        body=api.SetRate,
        reply=api.Changed,
        summary="Set what a parcel costs from a site to a zone; the narrowest holds",
        example=api.SetRate(site="", zone="east", first_minor=800, more_minor=200, reason="contract"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/areas",
        api.set_area,
        permission=WRITE,
        body=api.SetArea,
        reply=api.Changed,
        summary="Set the zone and the middle of regions that begin so; the longest beginning holds",
        example=api.SetArea(prefix="CN-31", zone="east", latitude=31_230_400, longitude=121_473_700, reason="areas"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{SETTING}/safety",
        api.set_safety,
        permission=WRITE,
        body=api.SetSafety,
        reply=api.Changed,
        summary="Set what a site would rather keep; the narrowest holds",
        example=api.SetSafety(site="s1", sku="013-1", quantity=5, reason="for the counter"),
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{SETTING}/runs",
        api.source_waiting,
        permission=Permission.ORDERS_WRITE,
        reply=api.BatchDone,
        summary="Source up to 400 orders that wait for goods now",
        whole_chain=True,
    ),
]
