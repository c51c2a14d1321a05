"""The whole API: every feature's routes, in one list."""

from __future__ import annotations

from controller.catalog import api as catalog
from controller.documents import api as documents
from controller.fleet import api as fleet
from controller.fleet import previews, print_api
from controller.fulfilment import api as fulfilment
from controller.http import events
from controller.http.routing import Route
from controller.orders import api as orders
from controller.profiles import api as profiles
from controller.replica import api as replica
from controller.sites import api as sites
from controller.stock import api as stock

API_VERSION = "1.0"

ROUTES: list[Route] = [
    *sites.ROUTES,
    *catalog.ROUTES,
    *documents.ROUTES,
    *stock.ROUTES,
    *profiles.ROUTES,
    *replica.ROUTES,
    *orders.ROUTES,
    *fulfilment.ROUTES,
    *fleet.ROUTES,
    *print_api.ROUTES,
    *previews.ROUTES,
    *events.ROUTES,
]
