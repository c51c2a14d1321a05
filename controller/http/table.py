"""The whole API: every feature's routes, in one list."""

from __future__ import annotations

from controller.documents import api as documents
from controller.http import events
from controller.http.routing import Route

API_VERSION = "1.0"

ROUTES: list[Route] = [
    *documents.ROUTES,
    *events.ROUTES,
]
