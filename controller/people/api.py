"""People over HTTP, for a personnel system and for the command line.  A badge's text is in the one answer that made it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from controller.errors import Rejected
from controller.http.routing import PLAIN, Actor, BadParameter, Call, Created, Page, Permission, Route, page
from controller.people import operations, queries, reach, sessions
from controller.people.policies import MAX_NAME, MAX_PASSWORD, Grant
from controller.people.verifiers import Verifier
from edge_agent.ui.locales import Language
from edge_agent.wire.roles import Role

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, pattern=PLAIN)]
RoleName = Literal["floor", "picker", "manager", "finance", "it", "admin"]


class RoleNeeded(Rejected):
    code = "role_needed"

    def __init__(self) -> None:
        super().__init__("who adds people for some sites gives each of them a role at one of these sites")


class RoleAt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role at a site; without `site`, in the whole chain."""

    role: RoleName
    site: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")] | None = None

    @property
    def grant(self) -> Grant:
        return Grant(Role(self.role), self.site)


class NewPerson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name` is unique: it is what people log in by."""

    name: Name
    language: Literal["en", "zh-CN"] = "en"
    roles: Annotated[list[RoleAt], Meta(max_length=200)] = field(default_factory=list)


class PersonChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    language: Literal["en", "zh-CN"]


class Roles(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them."""

    roles: Annotated[list[RoleAt], Meta(max_length=200)]


class Active(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    active: bool


class NewPin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pin: Annotated[str, Meta(pattern="^[0-9]{4,8}$")]


class NewPassword(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    password: Annotated[str, Meta(min_length=1, max_length=MAX_PASSWORD)]


class PersonView(Struct, frozen=True, kw_only=True):
    """`roles`: those at sites that the caller may see."""

    id: str
    name: str
    language: str
    active: bool
    has_badge: bool
    has_pin: bool
    has_password: bool
    created_at: datetime
    roles: list[RoleAt]


class BadgeView(Struct, frozen=True, kw_only=True):
    """`text`: what the badge's barcode (Code 128) holds; it cannot be read again."""

    text: str


class SessionView(Struct, frozen=True, kw_only=True):
    id: int
    means: str
    address: str
    created_at: datetime
    seen_at: datetime


async def listing(call: Call[None]) -> Page[PersonView]:
    active = {"": None, "yes": True, "no": False}.get(call.query.get("active", ""), ...)
    if active is ...:
        raise BadParameter("active", "yes or no")
    rows = await queries.people(
        after=call.page.after or "",
        limit=call.page.limit,
        q=call.query.get("q", ""),
        active=active if isinstance(active, bool) else None,
        sites=call.actor.sites,
    )
    grants = await queries.grants_of_all([row.id for row in rows])
    shown = page(rows, call.page, key=lambda row: row.name_key)
    return Page(items=[_view(call.actor, row, grants.get(row.id, [])) for row in shown.items], next=shown.next)


async def add(call: Call[NewPerson]) -> Created[PersonView]:
    grants = [role.grant for role in call.body.roles]
    reach.require_giveable(call.actor, grants)
    if not grants and call.actor.sites is not None:
        raise RoleNeeded
    person_id = await operations.add_person(call.body.name, language=Language(call.body.language), roles=grants)
    return Created(await _shown(call.actor, person_id), location=f"/api/v1/people/{person_id}")


async def show(call: Call[None]) -> PersonView:
    await reach.require_visible(call.actor, call.path["person"])
    return await _shown(call.actor, call.path["person"])


async def change(call: Call[PersonChange]) -> PersonView:
    person_id = await _reached(call.actor, call.path["person"])
    await operations.change_person(person_id, name=call.body.name, language=Language(call.body.language))
    return await _shown(call.actor, person_id)


async def set_roles(call: Call[Roles]) -> PersonView:
    person_id = await _reached(call.actor, call.path["person"])
    grants = [role.grant for role in call.body.roles]
    reach.require_giveable(call.actor, grants)
    await operations.set_roles(person_id, grants)
    return await _shown(call.actor, person_id)


async def set_active(call: Call[Active]) -> PersonView:
    person_id = await _reached(call.actor, call.path["person"])
    await operations.set_active(person_id, active=call.body.active)
    return await _shown(call.actor, person_id)


async def issue_badge(call: Call[None]) -> BadgeView:
    return BadgeView(text=await operations.issue_badge(await _reached(call.actor, call.path["person"])))


async def withdraw_badge(call: Call[None]) -> None:
    await operations.withdraw_badge(await _reached(call.actor, call.path["person"]))


async def judge_pin(call: Call[NewPin]) -> Verifier:
    return await operations.pin_verifier(await _reached(call.actor, call.path["person"]), call.body.pin)


async def set_pin(call: Call[Verifier]) -> None:
    await operations.set_pin(await _reached(call.actor, call.path["person"]), call.body)


async def judge_password(call: Call[NewPassword]) -> Verifier:
    return await operations.password_verifier(await _reached(call.actor, call.path["person"]), call.body.password)


async def set_password(call: Call[Verifier]) -> None:
    await operations.set_password(await _reached(call.actor, call.path["person"]), call.body)


async def list_sessions(call: Call[None]) -> Page[SessionView]:
    person_id = call.path["person"]
    await reach.require_visible(call.actor, person_id)
    found = await sessions.stored_of(person_id, after=call.page.number(), limit=call.page.limit)
    shown = page(found, call.page, key=lambda session: session.id)
    views = [
        SessionView(id=row.id, means=row.means, address=row.address, created_at=row.created_at, seen_at=row.seen_at)
        for row in shown.items
    ]
    return Page(items=views, next=shown.next)


async def end_sessions(call: Call[None]) -> None:
    await sessions.end_sessions(await _reached(call.actor, call.path["person"]))


async def _reached(actor: Actor, person_id: str) -> str:
    await reach.require_reach(actor, person_id)
    return person_id


async def _shown(actor: Actor, person_id: str) -> PersonView:
    return _view(actor, await queries.person(person_id), await queries.grants_of(person_id))


def _view(actor: Actor, row: queries.PersonRow, grants: list[Grant]) -> PersonView:
    return PersonView(
        id=row.id,
        name=row.name,
        language=row.language,
        active=row.active,
        has_badge=row.has_badge,
        has_pin=row.has_pin,
        has_password=row.has_password,
        created_at=row.created_at,
        roles=[RoleAt(role=grant.role.value, site=grant.site) for grant in reach.visible(actor, grants)],
    )


READ, WRITE = Permission.PEOPLE_READ, Permission.PEOPLE_WRITE
_ONE = "/api/v1/people/{person}"
_PICKER = [RoleAt(role="picker", site="s1")]
ROUTES = [
    Route(
        "GET",
        "/api/v1/people",
        listing,
        permission=READ,
        reply=Page[PersonView],
        summary="List people in order of their names",
        filters={"q": "part of a name, or an id", "active": "`yes`: who works here; `no`: who left"},
    ),
    Route(
        "POST",
        "/api/v1/people",
        add,
        permission=WRITE,
        body=NewPerson,
        reply=PersonView,
        summary="Add a person",
        example=NewPerson(name="Li Wei", language="zh-CN", roles=_PICKER),
    ),
    Route("GET", _ONE, show, permission=READ, reply=PersonView, summary="Show a person"),
    Route(
        "PUT",
        _ONE,
        change,
        permission=WRITE,
        body=PersonChange,
        reply=PersonView,
        summary="Change a person's name and language",
        example=PersonChange(name="Li Wei", language="zh-CN"),
    ),
    Route(
        "PUT",
        f"{_ONE}/roles",
        set_roles,
        permission=WRITE,
        body=Roles,
        reply=PersonView,
        summary="Give a person these roles and no others",
        example=Roles(roles=_PICKER),
    ),
    Route(
        "PUT",
        f"{_ONE}/active",
        set_active,
        permission=WRITE,
        body=Active,
        reply=PersonView,
        summary="Say that a person left, or is back",
        example=Active(active=False),
    ),
    Route(
        "POST",
        f"{_ONE}/badge",
        issue_badge,
        permission=WRITE,
        reply=BadgeView,
        summary="Make a person's new badge; the one before opens nothing any more",
        confidential=True,
    ),
    Route("DELETE", f"{_ONE}/badge", withdraw_badge, permission=WRITE, summary="Withdraw a person's badge"),
    Route(
        "PUT",
        f"{_ONE}/pin",
        set_pin,
        before=judge_pin,
        permission=WRITE,
        body=NewPin,
        summary="Set the PIN of a person's badge",
        example=NewPin(pin="2580"),
        confidential=True,
    ),
    Route(
        "PUT",
        f"{_ONE}/password",
        set_password,
        before=judge_password,
        permission=WRITE,
        body=NewPassword,
        summary="Set a person's password; their sessions end",
        example=NewPassword(password="four words one wall"),  # noqa: S106 -- shows the form
        confidential=True,
    ),
    Route("GET", f"{_ONE}/sessions", list_sessions, permission=READ, reply=Page[SessionView], summary="List a person's sessions"),
    Route("DELETE", f"{_ONE}/sessions", end_sessions, permission=WRITE, summary="End all sessions of a person"),
]
