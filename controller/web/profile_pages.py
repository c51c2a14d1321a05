"""The page of station profiles: what stations offer and ask for, by name, and which one each site's stations have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from aiohttp import web

from controller.errors import DomainError
from controller.http.errors import Problem
from controller.http.routing import BadParameter, Permission, number
from controller.profiles import operations, queries
from controller.profiles.operations import Profile, SignIn
from controller.sites import queries as site_queries
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES

SECTION: Final = "/station-profiles"
SIGN_IN: Final = ("none", "badge", "pin")
LANGUAGES: Final = ("", "zh-CN", "en")
DONE: Final = frozenset({"saved", "removed", "chosen"})
LONGEST_PAUSE: Final = 1440
LONGEST_DOUBLE: Final = 5000


@dataclass(frozen=True, slots=True)
class ProfilePages:
    pages: Pages

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, {})

    async def save(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        try:
            wanted = _profile(sent)
            await sent.once(lambda: operations.put_profile(wanted))
        except (DomainError, BadParameter) as error:
            return await self._refused(request, sent, error)
        return see_other(f"{SECTION}?done=saved")

    async def remove(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        try:
            await sent.once(lambda: operations.remove_profile(sent.field("name")))
        except DomainError as error:
            return await self._refused(request, sent, error)
        return see_other(f"{SECTION}?done=removed")

    async def choose(self, request: web.Request) -> web.StreamResponse:
        """Which profile the stations of a site have that name none themselves."""
        sent = sent_by(request)
        site = sent.field("site")
        if sent.actor.sites is not None and site not in sent.actor.sites:
            raise Problem(404, "not_found", f"There is no site {site!r} here.")
        try:
            await sent.once(lambda: operations.choose_profile(site, sent.field("profile") or None))
        except DomainError as error:
            return await self._refused(request, sent, error)
        return see_other(f"{SECTION}?done=chosen")

    async def _refused(self, request: web.Request, sent: Sent, error: DomainError | BadParameter) -> web.Response:
        code = error.code if isinstance(error, DomainError) else "bad_profile"
        return await self._show(request, {"error": code, "message": str(error), "typed": dict(sent.fields)}, status=422)

    async def _show(self, request: web.Request, told: Values, status: int = 200) -> web.Response:
        actor, rows, done = actor_of(request), await queries.profiles(), text_of(request, "done")
        sites = await site_queries.sites(limit=MAX_SITES, only=actor.sites)
        edited = next((row for row in rows if row.name == text_of(request, "edit")), None)
        values: Values = {
            "rows": rows,
            "edited": edited,
            "chosen": [(site.id, await queries.chosen(site.id)) for site in sites],
            "writes": actor.may_at(Permission.FLEET_WRITE, None),
            "sign_ins": SIGN_IN,
            "error": "",
            "message": "",
            "typed": {},
            "done": done if done in DONE else "",
            "new_key": new_key,
            **told,
        }
        return await self.pages.show(request, "station_profiles.html", SECTION, values, status=status)


def _profile(sent: Sent) -> Profile:
    """Raises BadParameter."""
    sign_in, language = sent.field("sign_in") or "none", sent.field("language")
    quiet, double = number(sent.field("quiet_minutes"), "quiet_minutes"), number(sent.field("double_read_ms"), "double_read_ms")
    if sign_in not in SIGN_IN or language not in LANGUAGES:
        raise BadParameter("sign_in", f"one of {', '.join(SIGN_IN)}, with a language of ours")
    if quiet > LONGEST_PAUSE or double > LONGEST_DOUBLE:
        raise BadParameter("quiet_minutes", f"up to {LONGEST_PAUSE} minutes, a double read up to {LONGEST_DOUBLE} ms")
    activities = sent.field("activities").replace(",", " ").split()
    if len(activities) > 40 or not all(
        each.isascii() and each.replace("_", "").isalpha() and each.islower() for each in activities
    ):
        raise BadParameter("activities", "up to 40 names of tasks, such as counting")
    return Profile(
        name=sent.field("name"),
        activities=tuple(activities),
        sign_in=cast("SignIn", sign_in),
        language=language,
        quiet_minutes=quiet,
        double_read_ms=double,
        manager_adjusts=sent.field("manager_adjusts") == "yes",
    )


def profile_routes(pages: Pages) -> list[PageRoute]:
    shown, write = ProfilePages(pages), Permission.FLEET_WRITE
    return [
        PageRoute("GET", SECTION, shown.show, permission=Permission.FLEET_READ),
        PageRoute("POST", SECTION, shown.save, permission=write, whole_chain=True),
        PageRoute("POST", f"{SECTION}/remove", shown.remove, permission=write, whole_chain=True),
        PageRoute("POST", f"{SECTION}/choose", shown.choose, permission=write),
    ]
