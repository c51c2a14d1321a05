"""From an aiohttp request to a `Call`, through its route's handler, to an answer.  The only file where the two meet."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from urllib.parse import quote

import msgspec
from aiohttp import web

from controller.events import acting
from controller.http import auth
from controller.http.browser import cookie_of
from controller.http.errors import FieldError, Problem, of_validation
from controller.http.idempotency import Answer, InFlight, Request, nothing_before, once, request_of
from controller.http.routing import (
    PER_DEFAULT,
    PER_MAX,
    Actor,
    BadParameter,
    Call,
    Created,
    Handler,
    PageRequest,
    Permission,
    Reply,
    Route,
    number,
)

JSON = "application/json"
IN_FLIGHT = web.AppKey("in_flight", InFlight)
TOKENS = web.AppKey("tokens", auth.Tokens)
IDENTIFY: web.AppKey[Callable[[web.Request], Awaitable[Actor]]] = web.AppKey("identify")
"""How a listener that takes neither tokens nor sessions knows who calls."""
PEOPLE = web.AppKey("people", auth.People)

_IN_ADDRESSES = "/%:?&=~"
"""Stay as they are in a Location; a key in it is quoted by its feature already."""
_encoder = msgspec.json.Encoder(decimal_format="string")


def serve(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of a route."""

    async def handle(request: web.Request) -> web.Response:
        actor = auth.ANYONE if route.permission is Permission.PUBLIC else await _actor(request)
        auth.require(actor, route.permission)
        actor = actor.at(route.permission)
        auth.require_sites(actor, route, request.match_info)
        answer = await (_write(route, request, actor) if route.writes else _read(route, request, actor))
        return _response(answer)

    return handle


async def _actor(request: web.Request) -> Actor:
    """A machine by its token, or a person by the session of a page of ours.  Raises Problem 401, 403."""
    identify = request.app.get(IDENTIFY)
    if identify is not None:
        return await identify(request)
    header, cookie = request.headers.get("Authorization"), cookie_of(request)
    if header is None and cookie is not None:
        return await request.app[PEOPLE].for_api(cookie, request.headers.get(auth.CSRF_HEADER))
    return await request.app[TOKENS].by_bearer(header)


async def _read(route: Route, request: web.Request, actor: Actor) -> Answer:
    call: Call[None] = Call(
        actor=actor,
        body=None,
        path=_path(request),
        query=_query(route, request),
        page=_page(route, request),
        encodings=frozenset(each.strip().lower() for each in request.headers.get("Accept-Encoding", "").split(",")),
    )
    return _answer(await route.handler(call))


async def _write(route: Route, request: web.Request, actor: Actor) -> Answer:
    raw = await request.read()
    key = _key_of(route, request, raw)
    told = b"" if route.confidential else raw
    identity = request_of(actor=actor.account, key=key, route=f"{request.method} {request.path_qs}", body=told)
    body = _body(route, request, raw)
    auth.require_site_of(actor, body)
    headers = {name: request.headers[name] for name in route.headers if name in request.headers}
    calls = [Call(actor=actor, body=body, path=_path(request), query=_query(route, request), key=key, headers=headers)]

    async def before(prepare: Handler) -> None:
        calls.append(replace(calls[0], body=await prepare(calls[0])))

    async def work() -> Answer:
        with acting(actor.account, f"http:{identity.key}"):
            return _answer(await route.handler(calls[-1]))

    do = _once_unkept if route.confidential else once
    return await do(
        identity, request.app[IN_FLIGHT], work, nothing_before if route.before is None else partial(before, route.before)
    )


def _key_of(route: Route, request: web.Request, raw: bytes) -> str | None:
    if not route.keyed_by_body:
        return request.headers.get("Idempotency-Key")
    return hashlib.sha256(request.path_qs.encode() + b"\0" + raw).hexdigest()


async def _once_unkept(
    identity: Request, in_flight: InFlight, work: Callable[[], Awaitable[Answer]], before: Callable[[], Awaitable[None]]
) -> Answer:
    """As `once`, but that it was done is all that is kept.  Raises Problem 409 for a repetition whose answer was a secret."""
    made: list[Answer] = []

    async def stripped() -> Answer:
        made[:] = [await work()]
        return Answer(status=made[0].status, body=b"", media_type=JSON)

    stored = await once(identity, in_flight, stripped, before)
    if not stored.replayed:
        return made[0]
    if stored.status != 204:
        raise Problem(
            409, "answer_not_kept", "This was done, and its answer is a secret that is not kept: do it anew, with a new key."
        )
    return stored


def _body(route: Route, request: web.Request, raw: bytes) -> object:
    """Raises Problem 400 (not JSON), 415, 422 (not as declared)."""
    if route.body is None:
        return None
    if not fnmatchcase(request.content_type, route.accepts):
        raise Problem(415, "unsupported_media_type", f"Content-Type is {request.content_type!r}, expected {route.accepts!r}.")
    if route.body is bytes:
        return raw
    try:
        body: object = msgspec.json.decode(raw, type=route.body)
    except msgspec.ValidationError as error:
        raise of_validation(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "malformed_json", f"The body is not JSON: {error}.") from error
    if b"\\u0000" in raw:  # no database stores U+0000 in text; JSON cannot hold it in another way
        raise Problem(
            422, "invalid_body", "The body has the character U+0000.", errors=[FieldError(path="$", message="has U+0000")]
        )
    return body


def _path(request: web.Request) -> Mapping[str, str]:
    parameters = dict(request.match_info)
    for name, text in parameters.items():
        _storable(name, text)
    return parameters


def _query(route: Route, request: web.Request) -> Mapping[str, str]:
    """The declared filters that were sent.  Raises BadParameter for others: a misspelt filter must not answer with everything."""
    known = set(route.filters) | ({"after", "per"} if route.pages else set())
    for name in request.query:
        if name not in known:
            raise BadParameter(name, f"one of {', '.join(sorted(known))}" if known else "none here")
        if len(request.query.getall(name)) > 1:
            raise BadParameter(name, "it once")
        _storable(name, request.query[name])
    return {name: text for name, text in request.query.items() if name in route.filters}


def _page(route: Route, request: web.Request) -> PageRequest:
    if not route.pages:
        return PageRequest()
    per = number(request.query.get("per", str(PER_DEFAULT)), "per")
    if not 1 <= per <= PER_MAX:
        raise BadParameter("per", f"1 to {PER_MAX}")
    return PageRequest(after=request.query.get("after"), per=per)


def _storable(name: str, text: str) -> None:
    """Raises BadParameter for text that is not Unicode or that no database stores."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text) or "\ufffd" in text:
        raise BadParameter(name, "UTF-8 text without U+0000")


def _answer(result: object) -> Answer:
    match result:
        case Created(body=body, location=location):
            return Answer(status=201, body=_encoder.encode(body), media_type=JSON, location=location)
        case Reply():
            return Answer(status=result.status, body=result.body, media_type=result.media_type, headers=dict(result.headers))
        case None:
            return Answer(status=204, body=b"", media_type=JSON)
        case _:
            return Answer(status=200, body=_encoder.encode(result), media_type=JSON)


def _response(answer: Answer) -> web.Response:
    headers = dict(answer.headers)
    if answer.location is not None:
        headers["Location"] = quote(answer.location, safe=_IN_ADDRESSES)
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    headers.setdefault("Cache-Control", "no-store")
    if answer.status == 204:
        return web.Response(status=204, headers=headers)
    return web.Response(body=answer.body, status=answer.status, headers={**headers, "Content-Type": answer.media_type})
