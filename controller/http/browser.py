"""What a request says of its browser: over HTTPS or not, from which address, with which cookie."""

from __future__ import annotations

from aiohttp import web

from controller.people.login import Browser

PROXIES = web.AppKey("proxies", frozenset[str])
"""Addresses of proxies whose `X-Forwarded-For` is believed (`[http] proxies`)."""
COOKIE = "shelfwire"


def is_https(request: web.Request) -> bool:
    """By the connection, or as a proxy says: whoever claims it falsely gets a cookie that their own browser will not send back."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"


def cookie_name(request: web.Request) -> str:
    """With the prefix, a browser takes it over HTTPS only, for this very host and all its paths (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{COOKIE}" if is_https(request) else COOKIE


def cookie_of(request: web.Request) -> str | None:
    return request.cookies.get(cookie_name(request))


def give_cookie(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """For as long as the browser runs; the session behind it ends by itself.

    Lax: a link in a message leads to its page without a new log-in; forms are kept safe by their token and their origin.
    """
    response.set_cookie(cookie_name(request), token, httponly=True, samesite="Lax", secure=is_https(request), path="/")


def browser_of(request: web.Request) -> Browser:
    address, forwarded = request.remote or "", request.headers.get("X-Forwarded-For", "")
    if address in request.app[PROXIES] and forwarded:
        address = forwarded.rpartition(",")[2].strip()[:64]
    return Browser(address=address, agent=request.headers.get("User-Agent", "").encode(errors="replace").decode())
