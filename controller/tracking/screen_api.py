"""Screens in stores over HTTP: set up, listed, removed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from msgspec import Meta, Struct

from controller.http.routing import PLAIN, Call, Created, Permission, Route
from controller.tracking import screens


class NewScreen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name`: where it stands; `language`: what it goes back to when nobody is there."""

    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=PLAIN)]
    language: Literal["zh-CN", "en"] = "zh-CN"


class NewScreenView(Struct, frozen=True, kw_only=True):
    """`address`: to be opened on the screen, once; its key is shown this once and stored nowhere."""

    name: str
    address: str


class ScreenView(Struct, frozen=True, kw_only=True):
    """`seen_at`: when somebody asked it something last."""

    name: str
    language: str
    created_at: datetime
    seen_at: datetime | None


class ScreensView(Struct, frozen=True, kw_only=True):
    screens: list[ScreenView]


async def add(call: Call[NewScreen]) -> Created[NewScreenView]:
    site = call.path["site"]
    key = await screens.add_screen(site, call.body.name, language=call.body.language)
    made = NewScreenView(name=call.body.name.strip(), address=f"/terminal?key={quote(key, safe='')}")
    return Created(made, location=f"/api/v1/sites/{site}/terminals")


async def listing(call: Call[None]) -> ScreensView:
    told = ("name", "language", "created_at", "seen_at")
    found = await screens.screens(call.path["site"])
    return ScreensView(screens=[ScreenView(**{name: getattr(each, name) for name in told}) for each in found])


async def remove(call: Call[None]) -> None:
    await screens.remove_screen(call.path["site"], call.path["screen"])


_PATH = "/api/v1/sites/{site}/terminals"
ROUTES = [
    Route(
        "GET",
        _PATH,
        listing,
        permission=Permission.FLEET_READ,
        reply=ScreensView,
        summary="The screens of a store that customers ask where their orders are",
    ),
    Route(
        "POST",
        _PATH,
        add,
        permission=Permission.FLEET_WRITE,
        body=NewScreen,
        reply=NewScreenView,
        summary="Set up a screen: the address to open on it, once",
        example=NewScreen(name="Entrance"),
        confidential=True,
    ),
    Route("DELETE", f"{_PATH}/{{screen}}", remove, permission=Permission.FLEET_WRITE, summary="Let a screen in no more"),
]
