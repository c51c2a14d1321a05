"""`people add`: the first administrator, and others from a shell; into the database here, or through a running controller's API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from controller import db, events
from controller.errors import DomainError
from controller.people import operations
from controller.people.policies import Grant
from edge_agent.ui.locales import Language
from edge_agent.wire.roles import Role

SEND_SECONDS = 30


class PeopleFailed(Exception):
    """In words for whoever runs the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """`password` None: none yet; it is never shown."""

    name: str
    language: str
    grants: tuple[Grant, ...]
    password: str | None = field(default=None, repr=False)
    badge: bool = False


def grants_of(roles: tuple[str, ...], sites: tuple[str, ...]) -> tuple[Grant, ...]:
    """Each role at each site; without sites, in the whole chain."""
    return tuple(Grant(Role(role), site) for role in roles for site in (sites or (None,)))


async def add_here(new: NewPerson) -> tuple[str, str | None]:
    """The id, and the badge's text if one was made.  Raises PeopleFailed."""
    try:
        made = None if new.password is None else await operations.first_password_verifier(new.name, new.password)
        with events.acting("command", "people add"):
            async with db.transaction():
                person_id = await operations.add_person(new.name, language=Language(new.language), roles=new.grants)
                if made is not None:
                    await operations.set_password(person_id, made)
                return person_id, await operations.issue_badge(person_id) if new.badge else None
    except DomainError as error:
        raise PeopleFailed(f"{error} ({error.code})") from error


def add_there(new: NewPerson, api: str, token: str) -> tuple[str, str | None]:
    """The same through the API of a running controller.  Raises PeopleFailed."""
    if urlsplit(api).scheme not in ("http", "https"):
        raise PeopleFailed(f"{api!r} is not the address of a controller (http://…)")
    roles = [{"role": grant.role.value, **({"site": grant.site} if grant.site else {})} for grant in new.grants]
    address = f"{api.rstrip('/')}/api/v1/people"
    person_id = _send("POST", address, token, {"name": new.name, "language": new.language, "roles": roles})["id"]
    one = f"{address}/{person_id}"
    if new.password is not None:
        _send("PUT", f"{one}/password", token, {"password": new.password})
    return person_id, _send("POST", f"{one}/badge", token, None)["text"] if new.badge else None


def _send(method: str, address: str, token: str, body: object) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(address, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SEND_SECONDS) as response:
            text = response.read()
            found: dict[str, str] = json.loads(text) if text else {}
            return found
    except urllib.error.HTTPError as error:
        raise PeopleFailed(_told(error)) from error
    except OSError as error:
        raise PeopleFailed(f"{address} cannot be reached: {error}") from error


def _told(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.load(error)
        return f"{problem['detail']} ({problem['code']})"
    except (ValueError, TypeError, KeyError):
        return f"what answers is no controller: {error.code} {error.reason}"
