"""Where one can go: the groups of the rail, a line per page.  Each is shown to those who may see it somewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from controller.http.routing import Permission
from edge_agent.ui.words import N_


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the rail; `is_first`: it stands in the bar at the bottom of a telephone's screen, the rest behind its menu."""

    address: str
    icon: str
    name: str
    needs: Permission
    is_first: bool = False


GROUPS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "",
        (
            Place("/", "live", N_("Shop"), Permission.PERSON, is_first=True),
            Place("/tasks", "ok", N_("Tasks"), Permission.TASKS_READ, is_first=True),
        ),
    ),
    (
        N_("Goods"),
        (
            Place("/stock", "stock", N_("Stock"), Permission.STOCK_READ, is_first=True),
            Place("/counts", "count", N_("Counts"), Permission.COUNTS_READ),
            Place("/receipts", "receive", N_("Goods received"), Permission.PURCHASING_READ),
            Place("/purchase-orders", "send", N_("Purchase orders"), Permission.PURCHASING_READ),
            Place("/suppliers", "person", N_("Suppliers"), Permission.PURCHASING_READ),
            Place("/stock-alerts", "warn", N_("Stock alerts"), Permission.STOCK_READ),
            Place("/replenishment", "receive", N_("Replenishment"), Permission.PURCHASING_READ),
            Place("/reports", "label", N_("Reports"), Permission.PURCHASING_READ),
            Place("/transfers", "send", N_("Transfers"), Permission.TRANSFERS_READ),
            Place("/sales", "orders", N_("Sales"), Permission.SALES_READ),
            Place("/prices", "scale", N_("Prices"), Permission.PRICES_READ),
            Place("/labels", "label", N_("Shelf labels"), Permission.PRICES_READ),
            Place("/categories", "stock", N_("Categories"), Permission.CATALOG_READ),
            Place("/unknown-barcodes", "barcode", N_("Barcodes"), Permission.CATALOG_READ),
            Place("/recalls", "warn", N_("Recalls"), Permission.STOCK_READ),
            Place("/channels", "send", N_("Channels"), Permission.STOCK_READ),
        ),
    ),
    (
        N_("Orders"),
        (
            Place("/orders", "orders", N_("Orders"), Permission.ORDERS_READ, is_first=True),
            Place("/order-board", "live", N_("Order board"), Permission.ORDERS_READ),
            Place("/orders/new", "plus", N_("New order"), Permission.ORDERS_WRITE),
            Place("/orders/import", "receive", N_("Orders from files"), Permission.ORDERS_WRITE),
            Place("/order-merges", "box", N_("Orders to merge"), Permission.ORDERS_WRITE),
            Place("/order-templates", "barcode", N_("Order templates"), Permission.ORDERS_READ),
            Place("/payments", "scale", N_("Payments"), Permission.PAYMENTS_READ),
            Place("/customer-accounts", "scale", N_("Accounts"), Permission.PAYMENTS_READ),
            Place("/taxes", "count", N_("Taxes"), Permission.PAYMENTS_READ),
            Place("/customers", "person", N_("Customers"), Permission.CUSTOMERS_READ),
            Place("/waves", "count", N_("Waves"), Permission.FULFILMENT_READ),
            Place("/shipments", "send", N_("Shipments"), Permission.FULFILMENT_READ),
            Place("/manifests", "count", N_("Lists for drivers"), Permission.FULFILMENT_READ),
            Place("/carriers", "send", N_("Carriers"), Permission.FULFILMENT_READ),
            Place("/sourcing", "stock", N_("Sourcing"), Permission.STOCK_READ),
            Place("/channel-orders", "receive", N_("Orders of channels"), Permission.ORDERS_READ),
            Place("/marketplaces", "live", N_("Marketplaces"), Permission.ORDERS_WRITE),
            Place("/reviews", "ok", N_("Review"), Permission.REVIEW_READ),
            Place("/review-rules", "count", N_("Review rules"), Permission.REVIEW_READ),
            Place("/order-times", "clock", N_("Deadlines of orders"), Permission.REVIEW_READ),
            Place("/review-settings", "warn", N_("Checks and deadlines"), Permission.REVIEW_READ),
        ),
    ),
    (
        N_("Devices"),
        (
            Place("/prints", "printer", N_("Prints"), Permission.PRINTS_READ),
            Place("/fleet", "box", N_("Boxes"), Permission.FLEET_READ),
            Place("/station-profiles", "person", N_("Station profiles"), Permission.FLEET_READ),
            Place("/screens", "live", N_("Screens in stores"), Permission.FLEET_READ),
        ),
    ),
    (
        N_("Company"),
        (
            Place("/sites", "stock", N_("Sites"), Permission.SITES_READ),
            Place("/sellers", "label", N_("Sellers"), Permission.PAYMENTS_READ),
            Place("/admin/people", "person", N_("People"), Permission.PEOPLE_READ),
        ),
    ),
)


def places_for(may: Collection[Permission]) -> list[tuple[str, list[Place]]]:
    """The groups that are not empty for somebody."""
    found = [(name, [place for place in places if place.needs in may]) for name, places in GROUPS]
    return [(name, places) for name, places in found if places]


def first_of(groups: Iterable[tuple[str, list[Place]]]) -> Iterator[Place]:
    """What stands in the bar."""
    return (place for _, places in groups for place in places if place.is_first)
