"""Every page with odd addresses, and every form with odd fields: shown or refused, never an error of ours.

Forms are taken from the pages that show them, so that most of what is sent is right but for a part of it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from aiohttp import DummyCookieJar, FormData
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.http.routing import Permission
from controller.owed import ALL_PROOFS
from controller.people.policies import Grant
from controller.proofs.reconciler import Reconciler
from controller.web.build import Website
from controller.web.routes import PageRoute
from edge_agent.wire.roles import Role
from tests.controller.http.full_shop import open_shop
from tests.controller.http.openapi_requests import DAYS, ODD_TEXTS
from tests.controller.people.browser import Somebody, logged_in
from tests.shopday.invariants import Evidence, check

CONFIG: dict[str, Any] = {"http": {"open_pages": False, "max_body": 200_000}}
ROUTES = [route for route in Website(parse_config(CONFIG, {}, "test").http).routes() if route.path not in ("/events", "/logout")]
SEED = int(os.environ.get("SHELFWIRE_FUZZ_SEED", "0"))
EACH = int(os.environ.get("SHELFWIRE_FUZZ", "0")) or 3
NUMBERS = ["0", "-1", "1", "2", "١", "1.5", "0.001", "1e3", "NaN", "9" * 18, "9" * 19, str(2**31), str(2**63)]
ODD = [*ODD_TEXTS, *DAYS, *NUMBERS, "字" * 500, "s1:99999999999999999999", "\r\nSet-Cookie: x=1", "10:00\x00", "all", "true"]
ASKED = {"after", "per", "q", "site", "as_of", "lang", "state", "sku", "kind", "from", "to", "order", "bin", "lot", "group", "day"}
"""Parameters that some page reads; those that its own links and forms use are added."""


@dataclass
class Found(HTMLParser):
    """Forms and addresses of pages: what a browser could send."""

    forms: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By action: fields and the values that they offer."""
    asked: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """The same for addresses."""

    def __post_init__(self) -> None:
        super().__init__()
        self._fields: dict[str, list[str]] = {}
        self._select = ""

    def read(self, page: str, address: str) -> None:
        self._address = address
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                table = self.forms if told.get("method", "get").lower() == "post" else self.asked
                self._fields = table.setdefault(urlsplit(told.get("action") or self._address).path, {})
            case "input" | "button" | "textarea" | "select" if told.get("name"):
                self._select = told["name"]
                self._fields.setdefault(told["name"], []).append(told.get("value", ""))
            case "option":
                self._fields.setdefault(self._select, []).append(told.get("value", ""))
            case "a" if told.get("href", "").startswith("/"):
                target = urlsplit(told["href"])
                known = self.asked.setdefault(target.path, {})
                for name, value in parse_qsl(target.query):
                    known.setdefault(name, []).append(value)


@pytest.fixture
async def client(schema_url: str, tmp_path: Path) -> AsyncIterator[TestClient]:
    await db.connect(schema_url)
    app = make_app(parse_config({"data": str(tmp_path), **CONFIG}, {}, "test"), Parts())
    async with TestClient(TestServer(app, host="127.0.0.1"), cookie_jar=DummyCookieJar()) as client:
        yield client
    await db.close()


@dataclass
class Visitor:
    """Somebody who may do anything, at the pages of a full shop."""

    client: TestClient
    boss: Somebody
    known: dict[str, list[Any]]
    found: Found = field(default_factory=Found)
    random: Random = field(default_factory=lambda: Random(SEED))
    seen: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    async def look_around(self) -> None:
        """Every page that there is once, as it is meant."""
        for route in (route for route in ROUTES if route.method == "GET"):
            for _ in range(3):
                await self.get(self.filled(route, odd=False))

    async def get(self, address: str) -> None:
        """Look at it and remember its forms and links."""
        headers = {**self.boss.cookie, "Accept": "text/html"}
        async with self.client.get(address, headers=headers, allow_redirects=False) as answer:
            text = (await answer.read()).decode(errors="replace")
            self._note(answer.status, f"GET {address}", text)
            if answer.status == 200 and answer.content_type == "text/html":
                self.found.read(text, urlsplit(address).path)

    async def post(self, address: str, fields: dict[str, str]) -> None:
        sent = {**fields, **(await self.form())}
        data: Any = urlencode(sent, errors="surrogatepass").encode()
        headers = {**self.boss.cookie, "Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
        if "file" in fields:
            data, headers = _with_file(sent, fields["file"]), {name: headers[name] for name in ("Cookie", "Accept")}
        async with self.client.post(address, data=data, headers=headers, allow_redirects=False) as answer:
            self._note(answer.status, f"POST {address} {fields}", (await answer.read()).decode(errors="replace"))

    async def form(self) -> dict[str, str]:
        """Who is logged out by what was sent logs in again."""
        async with self.client.get("/me", headers={**self.boss.cookie, "Accept": "text/html"}, allow_redirects=False) as answer:
            if answer.status != 200:
                self.boss = await logged_in(f"Boss {self.random.random()}", Grant(Role.ADMIN))
        return self.boss.form

    def _note(self, status: int, what: str, text: str) -> None:
        self.seen[status] += 1
        if status >= 500:
            self.wrong.append(f"{status} {what[:600]}")
        elif "<script>" in text:
            self.wrong.append(f"what was sent is a script in the page of {what[:600]}")

    def filled(self, route: PageRoute, *, odd: bool) -> str:
        path = route.path
        for name in re.findall(r"\{(\w+)\}", path):
            place = path.split("/")[1]
            names = (f"{_PLACES.get(place, place)}/{name}", name)
            there = [each for key in names for each in self.known.get(key, ())] or ["1"]
            text = str(self.random.choice(ODD if odd else there))
            path = path.replace(f"{{{name}}}", quote(text.encode(errors="surrogatepass"), safe="") or "%20", 1)
        return path

    def value(self, name: str, offered: list[str]) -> str:
        there = [*offered, *map(str, self.known.get(name, ()))]
        return self.random.choice(there) if there and self.random.random() < 0.6 else self.random.choice(ODD)

    def asked(self, address: str) -> str:
        own = self.found.asked.get(address, {})
        names = self.random.sample(sorted(ASKED | own.keys()), self.random.randint(1, 4))
        named = {name: self.value(name, own.get(name, [])) for name in {*names, *list(own)[:2]}}
        return f"{address}?{urlencode(named, errors='surrogatepass')}"

    def fields(self, path: str) -> dict[str, str]:
        """Of a form like one that was seen, with up to three fields made odd."""
        like = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
        shown = [form for action, form in self.found.forms.items() if like.fullmatch(action)]
        form = self.random.choice(shown) if shown else {key: [] for key in self.random.sample(sorted(self.known), 4)}
        named = {name: self.random.choice(offered) if offered else "" for name, offered in form.items() if name != "csrf"}
        for name in self.random.sample(sorted(named), min(len(named), self.random.randint(0, 3))):
            named[name] = self.value(name, form[name])
        return named | {"key": f"k{self.random.random()}"}


_PLACES = {"prints": "print-jobs", "labels": "label-batches", "fleet": "boxes", "replenishment": "proposal"}


def _with_file(fields: dict[str, str], file: str) -> FormData:
    form = FormData()
    for name, value in fields.items():
        if name != "file":
            form.add_field(name, value.encode(errors="replace").decode())
    form.add_field("file", file.encode(errors="replace"), filename="a.csv", content_type="text/csv")
    return form


async def test_no_page_and_no_form_is_an_error_of_ours(
    client: TestClient, schema_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    known = await open_shop(client)
    visitor = Visitor(client, await logged_in("Boss", Grant(Role.ADMIN)), known)
    await visitor.look_around()
    assert len(visitor.found.forms) > 20, "the pages show their forms"
    each = EACH if schema_url.startswith("sqlite") else max(1, EACH // 3)
    for route in ROUTES:
        for number in range(each):
            address = visitor.filled(route, odd=number % 4 == 3)
            if route.method == "GET":
                await visitor.get(visitor.asked(address))
            elif route.permission is not Permission.PUBLIC:
                await visitor.post(address, visitor.fields(route.path))
    tracebacks = re.findall(r"Traceback .*?\n(?=\S+:? ?[^\n]*$)[^\n]+", caplog.text, re.DOTALL | re.MULTILINE)
    assert not visitor.wrong, "\n".join([*visitor.wrong, *tracebacks[-3:]])
    assert {200, 303, 404, 422} <= visitor.seen.keys(), visitor.seen
    assert (await Reconciler(ALL_PROOFS, pause=0).full_pass()).differences == 0
    assert await check(db.fetch, Evidence(at_rest=False)) == []
