"""A browser as a test needs it: a session of somebody with a role, its cookie, and what its forms carry."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp.test_utils import TestClient

from controller.people.operations import add_person
from controller.people.policies import Grant
from controller.people.sessions import Means, form_token, open_session

PASSWORD = "four words one wall"
FORM_TOKEN = re.compile(r'name="csrf" value="(\w+)"')
ALERT = re.compile(r'role="(?:alert|status)"[^>]*>(.*?)</p>', re.DOTALL)


@dataclass(frozen=True)
class Somebody:
    """`token`: of their session."""

    id: str
    token: str

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"shelfwire={self.token}"}

    def at(self, client: TestClient) -> Somebody:
        """Their session is in this client's browser from now on."""
        client.session.cookie_jar.update_cookies({"shelfwire": self.token}, client.make_url("/"))
        return self

    @property
    def form(self) -> dict[str, str]:
        return {"csrf": form_token(self.token)}

    @property
    def header(self) -> dict[str, str]:
        """For the API."""
        return {**self.cookie, "X-CSRF-Token": form_token(self.token)}


async def logged_in(name: str, *grants: Grant, means: Means = "password") -> Somebody:
    """Without the log-in's own way, which costs a password's verification."""
    person = await add_person(name, roles=grants)
    return Somebody(person, await open_session(person, means=means, address="127.0.0.1", agent="test"))


async def form_of(client: TestClient, path: str) -> dict[str, str]:
    """What forms of this client's own cookie carry, taken from a page."""
    found = FORM_TOKEN.search(await (await client.get(path)).text())
    assert found is not None, path
    return {"csrf": found[1]}


def told(page: str) -> str:
    """What the notice of a page says."""
    return " ".join(re.sub(r"<[^>]+>", "", " ".join(ALERT.findall(page))).split())
