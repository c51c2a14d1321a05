"""Whom somebody may see and change: people of their sites, and never anybody who may do more than they do themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controller.errors import NotFound
from controller.http.routing import Actor, Permission
from controller.people.errors import BeyondYours
from controller.people.policies import MAY, Grant
from controller.people.queries import grants_of, person
from edge_agent.wire.roles import Role


def visible(actor: Actor, grants: Iterable[Grant]) -> list[Grant]:
    """The roles that `actor` sees: those of the whole chain, and those at sites where they may see people."""
    return [grant for grant in grants if grant.site is None or actor.may_at(Permission.PEOPLE_READ, grant.site)]


async def require_visible(actor: Actor, person_id: str) -> Sequence[Grant]:
    """The roles of somebody whom `actor` may see.  Raises NotFound, also for people of other sites."""
    await person(person_id)
    grants = await grants_of(person_id)
    if actor.at(Permission.PEOPLE_READ).sites is not None and not visible(actor, grants):
        raise NotFound("person", person_id)
    return grants


async def require_reach(actor: Actor, person_id: str) -> Sequence[Grant]:
    """The roles of somebody whom `actor` may change.  Raises NotFound, BeyondYours."""
    grants = await require_visible(actor, person_id)
    require_giveable(actor, grants)
    if not grants and not actor.may_at(Permission.PEOPLE_WRITE, None):
        raise BeyondYours
    return grants


def require_giveable(actor: Actor, grants: Iterable[Grant]) -> None:
    """Raises BeyondYours for roles that allow what `actor` may not do there."""
    if not all(may_give(actor, grant.role, grant.site) for grant in grants):
        raise BeyondYours


def may_give(actor: Actor, role: Role, site: str | None) -> bool:
    """`site` None: in the whole chain."""
    needed = (MAY[role] | {Permission.PEOPLE_WRITE}) - {Permission.PERSON}
    return all(actor.may_at(permission, site) for permission in needed)
