"""Errors as answers: RFC 9457 problem+json, and the one place that maps a DomainError's category to an HTTP status.

Problem                   what a caller is told; raised by the HTTP side itself
DomainError (controller)  NotFound 404 · Conflict 409 · Rejected 422 · Forbidden 403
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus

import msgspec
from aiohttp import web

from controller.db import ConstraintViolated, is_of_the_database
from controller.errors import Conflict, DomainError, Forbidden, NotFound, Rejected
from controller.http.routing import BadParameter

log = logging.getLogger(__name__)

STATUS: dict[type[DomainError], int] = {NotFound: 404, Conflict: 409, Rejected: 422, Forbidden: 403}
ADVICE = {
    400: "Correct the request; the detail says where.",
    401: "Send a token: `Authorization: Bearer …`; `shelfwire-controller token create` makes one.",
    403: "Ask who runs this controller for a token with this permission.",
    404: "Check the number or the path; /api/v1/openapi.json lists all paths.",
    405: "Use one of the methods in the Allow header.",
    409: "Read the current state, then decide again.",
    413: "Send a smaller body, in several requests.",
    415: "Send the media type that the detail names.",
    422: "Correct what the detail names, then send again.",
    500: "Send the same request again with the same Idempotency-Key; if it happens again, look at the controller's log.",
    503: "Send the same request again in a few seconds, with the same Idempotency-Key; then look at the database's disk.",
}
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """One field that was not as expected; `path` is a JSONPath."""

    path: str
    message: str


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """application/problem+json (RFC 9457).  `code` is stable; `what_to_do` is for the person who reads it, `data` holds
    what the domain's error knows (a SKU, a state, …).
    """

    title: str
    status: int
    code: str
    detail: str
    what_to_do: str
    errors: list[FieldError] = []
    data: dict[str, object] = {}


class Problem(Exception):
    """An answer that is not a success."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: list[FieldError] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.headers = headers or {}
        self.body = ProblemBody(
            title=HTTPStatus(status).phrase,
            status=status,
            code=code,
            detail=detail,
            what_to_do=ADVICE.get(status, ADVICE[400]),
            errors=errors or [],
            data=data or {},
        )


def of_validation(error: msgspec.ValidationError) -> Problem:
    """422 with the path of the field; msgspec tells it only in its text (checked by a test against its format)."""
    found = _AT.match(str(error))
    what, path = (found["what"], found["path"]) if found else (str(error), None)
    field = FieldError(path=path or "$", message=what)
    return Problem(422, "invalid_body", f"{field.path}: {what}", errors=[field])


def of_domain(error: DomainError) -> Problem:
    """The answer to a broken rule of the domain."""
    status = next((status for category, status in STATUS.items() if isinstance(error, category)), 422)
    return Problem(status, error.code, str(error), data=error.details)


def of_framework(error: web.HTTPException) -> Problem:
    """The framework's own refusals (no such path, wrong method, body too big), in our form."""
    code = {404: "no_such_path", 405: "method_not_allowed", 413: "body_too_large"}.get(error.status, f"http_{error.status}")
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(error.status, code, error.text or error.reason, headers=headers)


def at_the_box(path: str, error: Exception) -> Problem | None:
    """For who looks here for the pages that a box serves; None: it is something else."""
    if not isinstance(error, web.HTTPNotFound) or not (path == "/floor" or path.startswith("/floor/")):
        return None
    told = "These pages are at the box, not here: https://NAME-OF-THE-BOX:8443/floor, where its configuration has [floor]."
    return Problem(404, "no_such_path", told)


def problem_of(error: Exception) -> Problem:
    """The answer to any exception that left a handler; what nobody expected is logged and becomes a 500 that tells no inside."""
    match error:
        case Problem():
            return error
        case DomainError():
            return of_domain(error)
        case BadParameter():
            return Problem(400, "bad_parameter", str(error))
        case msgspec.ValidationError():
            return of_validation(error)
        case ConstraintViolated():
            log.warning("a constraint refused a request: %s", error)
            return Problem(
                409, "constraint", "The database's own rules refused this: what it refers to is missing or exists already."
            )
        case web.HTTPException():
            return of_framework(error)
        case _ if is_of_the_database(error):
            log.error("the database failed a request: %s", error)
            told = "The database cannot do it now: its disk is full, or the connection to it is gone. Nothing was written."
            return Problem(503, "database_unavailable", told)
        case _:
            log.error("a request handler failed", exc_info=error)
            return Problem(500, "internal_error", "The controller made a mistake; it is in its log. Nothing was written.")


def response_of(problem: Problem) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(problem.body, enc_hook=str),
        status=problem.body.status,
        headers={**problem.headers, "Cache-Control": "no-store"},
        content_type="application/problem+json",
    )
