"""Proposals over HTTP, and what becomes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Page, Permission, Route, page
from controller.replenishment import operations, queries
from controller.replenishment.queries import Asked, ProposalRow
from controller.replenishment.states import Kind, ProposalState

Ids = Annotated[list[Annotated[int, Meta(ge=1, le=2**62)]], Meta(min_length=1, max_length=operations.MOST_AT_ONCE)]


class ProposalView(Struct, frozen=True, kw_only=True):
    """To buy (`supplier`) or to transfer (`source`) so many base units of a SKU for a site.

    `proposed`: what the last run says; `quantity`: a person's, once they changed it.  `days_left`: until what is free is out; null:
    never.  `value_minor` null: nobody knows the price.
    """

    id: int
    kind: Kind
    site: str
    source: str | None
    supplier: str | None
    sku: str
    name_en: str
    name_zh: str
    state: ProposalState
    quantity: int
    proposed: int
    pack: int
    value_minor: int | None
    currency: str | None
    days_left: float | None
    created_at: datetime
    changed_at: datetime
    decided_by: str | None
    reason: str | None
    document: str | None


class Explained(Struct, frozen=True, kw_only=True):
    """A proposal with every number behind it (docs/operations.md, Replenishment)."""

    proposal: ProposalView
    explanation: dict[str, Any]


class ChangeProposal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    quantity: Annotated[int, Meta(ge=1, le=operations.LARGEST)]


class DismissProposals(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    proposals: Ids
    reason: Annotated[str, Meta(min_length=1, max_length=operations.MAX_REASON, pattern=PLAIN)]


class AcceptProposals(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    proposals: Ids


class MadeView(Struct, frozen=True, kw_only=True):
    """A draft of a purchase order, or of a transfer."""

    document: str
    kind: Kind
    site: str
    lines: int


class Decided(Struct, frozen=True, kw_only=True):
    """`made` is empty where all was accepted before."""

    made: list[MadeView]


class Dismissed(Struct, frozen=True, kw_only=True):
    dismissed: int


async def listing(call: Call[None]) -> Page[ProposalView]:
    asked = Asked(
        state=call.query.get("state", "open"),
        site=call.query.get("site", ""),
        supplier=call.query.get("supplier", ""),
        kind=call.query.get("kind", ""),
    )
    if asked.state not in ("open", *ProposalState) or asked.kind not in ("", *Kind):
        raise BadParameter("state" if asked.kind in ("", *Kind) else "kind", f"open, {', '.join(ProposalState)}; {', '.join(Kind)}")
    rows = await queries.proposals(asked, after=call.page.number(), limit=call.page.limit, sites=call.actor.sites)
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


async def show(call: Call[None]) -> Explained:
    row, told = await queries.proposal(_id(call), call.actor.sites)
    return Explained(proposal=_view(row), explanation=told)


async def change(call: Call[ChangeProposal]) -> ProposalView:
    await queries.proposal(_id(call), call.actor.sites)
    await operations.change(_id(call), call.body.quantity)
    return _view((await queries.proposal(_id(call)))[0])


async def dismiss(call: Call[DismissProposals]) -> Dismissed:
    await _require(call.body.proposals, call)
    return Dismissed(dismissed=await operations.dismiss(call.body.proposals, call.body.reason))


async def accept(call: Call[AcceptProposals]) -> Decided:
    await _require(call.body.proposals, call)
    made = await operations.accept(call.body.proposals)
    return Decided(made=[MadeView(document=each.number, kind=each.kind, site=each.site_id, lines=each.lines) for each in made])


def _id(call: Call[Any]) -> int:
    text = call.path["proposal"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("proposal", text[:40])
    return int(text)


async def _require(proposal_ids: list[int], call: Call[Any]) -> None:
    """Raises NotFound for proposals of a site that the actor does not see."""
    if call.actor.sites is not None and not await queries.sites_of(proposal_ids) <= call.actor.sites:
        raise NotFound("proposal", proposal_ids[0])


def _view(row: ProposalRow) -> ProposalView:
    return ProposalView(
        id=row.id,
        kind=Kind(row.kind),
        site=row.site_id,
        source=row.source or None,
        supplier=row.supplier,
        sku=row.sku,
        name_en=row.name_en,
        name_zh=row.name_zh,
        state=ProposalState(row.state),
        quantity=row.quantity,
        proposed=row.proposed,
        pack=row.pack,
        value_minor=row.value_minor,
        currency=row.currency,
        days_left=None if row.days_left_tenths is None else row.days_left_tenths / 10,
        created_at=row.created_at,
        changed_at=row.changed_at,
        decided_by=row.decided_by,
        reason=row.reason,
        document=row.document,
    )


_ALL = "/api/v1/replenishment/proposals"
_READ, _WRITE = Permission.PURCHASING_READ, Permission.PURCHASING_WRITE

ROUTES = [
    Route(
        "GET",
        _ALL,
        listing,
        permission=_READ,
        reply=Page[ProposalView],
        summary="List proposals to buy and to transfer",
        filters={
            "state": "open (the default), or one state",
            "site": "only for this site",
            "supplier": "only from this supplier",
            "kind": "purchase or transfer",
        },
    ),
    Route("GET", f"{_ALL}/{{proposal}}", show, permission=_READ, reply=Explained, summary="A proposal, and why it is so much"),
    Route(
        "PUT",
        f"{_ALL}/{{proposal}}",
        change,
        permission=_WRITE,
        body=ChangeProposal,
        reply=ProposalView,
        summary="Order another quantity; runs keep it",
        example=ChangeProposal(quantity=48),
    ),
    Route(
        "POST",
        f"{_ALL}/dismiss",
        dismiss,
        permission=_WRITE,
        body=DismissProposals,
        reply=Dismissed,
        summary="Dismiss proposals; they do not come back for a week",
        example=DismissProposals(proposals=[17, 18], reason="delisted"),
    ),
    Route(
        "POST",
        f"{_ALL}/accept",
        accept,
        permission=_WRITE,
        body=AcceptProposals,
        reply=Decided,
        summary="Make purchase orders and transfers of proposals",
        example=AcceptProposals(proposals=[17, 18]),
    ),
]
