"""Orders against their payments: what does not add up.  Reads orders, totals and payments, as no feature may."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from controller.db import among, fetch, listing
from controller.http.routing import Call, Page, Permission, Route, page
from controller.payments.differences import Difference, DifferenceKind, broken_sums, differences


class MoneyDifferenceView(Struct, frozen=True, kw_only=True):
    """`expected_minor` by the order, `found_minor` by the payments; minor units of `currency`."""

    order: str
    site: str | None
    kind: DifferenceKind
    expected_minor: int
    found_minor: int
    currency: str


async def money_differences(*, sites: Collection[str] | None, after: int = 0, limit: int = 200) -> list[Difference]:
    """Orders above the id `after` whose money does not add up, in the order of their ids; of several differences the worst."""
    found = {each.order_id: each for each in await differences(sites=sites, after=after, limit=limit)}
    for others in (_other_totals, broken_sums):
        found.update((each.order_id, each) for each in await others(sites=sites, after=after, limit=limit))
    return [found[order_id] for order_id in sorted(found)][:limit]


async def _other_totals(*, sites: Collection[str] | None, after: int, limit: int) -> list[Difference]:
    """What is due is another amount than the order's total."""
    here, params = ("", list[object]()) if sites is None else (f"AND {among('d.site_id')}", [listing(sorted(sites))])
    rows = await fetch(
        "SELECT d.*, t.gross_minor + t.rounding_minor AS total_minor FROM order_due d "  # noqa: S608 -- of ours
        "JOIN order_total t ON t.order_id = d.order_id "
        "AND t.version = (SELECT max(version) FROM order_total WHERE order_id = d.order_id) "
        f"WHERE d.order_id > ? {here} AND d.ended_at IS NULL AND d.tolerance_bp = 0 "
        "AND t.gross_minor + t.rounding_minor <> d.due_minor "
        "ORDER BY d.order_id LIMIT ?",
        *(after, *params, limit),
    )
    return [
        Difference(
            order_id=row["order_id"],
            order_no=row["order_no"],
            site=row["site_id"],
            kind=DifferenceKind.TOTAL,
            expected_minor=row["total_minor"],
            found_minor=row["due_minor"],
            currency=row["currency"],
        )
        for row in rows
    ]


async def listing_of(call: Call[None]) -> Page[MoneyDifferenceView]:
    found = await money_differences(sites=call.actor.sites, after=call.page.number(), limit=call.page.limit)
    shown = page(found, call.page, key=lambda each: str(each.order_id))
    return Page(items=[_view(each) for each in shown.items], next=shown.next)


def _view(each: Difference) -> MoneyDifferenceView:
    return MoneyDifferenceView(
        order=each.order_no,
        site=each.site,
        kind=each.kind,
        expected_minor=each.expected_minor,
        found_minor=each.found_minor,
        currency=each.currency,
    )


ROUTES = [
    Route(
        "GET",
        "/api/v1/payments/differences",
        listing_of,
        permission=Permission.PAYMENTS_READ,
        reply=Page[MoneyDifferenceView],
        summary="Orders whose money does not add up: unpaid, overpaid, not given back, another total",
    ),
]
