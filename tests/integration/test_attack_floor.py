"""The floor under bytes that no browser of ours sends: always an answer, never an error of ours, nothing booked, nothing leaked."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.floor.live import Live, Watcher
from edge_agent.floor.render import Look, Renderer
from edge_agent.floor.shown import Shown
from edge_agent.ui.locales import Language
from tests.doubles import FixedClock
from tests.edge_agent.floor.client import Pages, Screen, serve
from tests.edge_agent.floor.fake_box import BADGE, PIN, FakeBox

STATION = "/floor/stations/counter-1"
JSON, FORM = b"application/json", b"application/x-www-form-urlencoded"


@dataclass
class Attacker:
    """Somebody who is logged in and writes requests by hand."""

    pages: Pages
    screen: Screen
    cookie: bytes
    token: bytes

    async def raw(self, data: bytes, at_most: int = -1) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.pages.server.port)
        writer.write(data)
        async with asyncio.timeout(10):
            answer = await reader.read(at_most)
        writer.close()
        return answer

    async def send(
        self, method: str, path: bytes, *headers: bytes, body: bytes = b"", host: bytes = b"127.0.0.1", at_most: int = -1
    ) -> bytes:
        lines = [method.encode() + b" " + path + b" HTTP/1.1", b"Host: " + host, b"Connection: close"]
        lines += [b"Content-Length: %d" % len(body), *headers]
        return await self.raw(b"\r\n".join(lines) + b"\r\n\r\n" + body, at_most)

    async def post(self, path: str, body: bytes, media_type: bytes = FORM, *headers: bytes) -> bytes:
        ours = (b"Cookie: floor=" + self.cookie, b"X-Csrf-Token: " + self.token, b"Content-Type: " + media_type)
        return await self.send("POST", path.encode(), *ours, *headers, body=body)


@pytest.fixture
async def attacker() -> AsyncIterator[Attacker]:
    pages = await serve(FakeBox())
    screen = await pages.screen()
    await screen.sign_in()
    cookie = next(each.value for each in screen.client.session.cookie_jar if each.key == "floor")
    yield Attacker(pages, screen, cookie.encode(), screen.token.encode())
    await pages.close()


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1."), answer[:80]
    return int(answer.split(b" ", 2)[1])


def multipart(part: bytes) -> bytes:
    return b"--x\r\n" + part + b"\r\n--x--\r\n"


HOSTILE_JSON = [
    b'{"x":' + b"[" * 30_000,
    b"[" * 60_000,
    b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b',"readings":[]}',
    b'{"readings":[{"id":"\\ud800","text":"a"}]}',
    b'{"readings":[{"id":"a","text":"\\ud800"}]}',
    b'{"readings":[{"id":"a","text":"b","age":1e400}]}',
    b'{"readings":[{"id":"' + b"a" * 65 + b'","text":"b"}]}',
    b'{"readings":[{"id":"a","text":"' + b"9" * 4097 + b'"}]}',
    b'{"readings":[]}',
    b"\xff\xfe",
    b"",
]


@pytest.mark.parametrize("body", HOSTILE_JSON, ids=lambda body: body[:20].decode(errors="replace"))
async def test_readings_that_are_none_are_refused(attacker: Attacker, body: bytes) -> None:
    assert status(await attacker.post(f"{STATION}/readings", body, JSON)) == 400
    assert attacker.pages.box.places["counter-1"].booked == []


@pytest.mark.parametrize(
    ("media_type", "body", "expected"),
    [
        (FORM, b"id=1&text=\xff\xfe", 400),
        (FORM, b"&".join([b"a=b"] * 10_000), 400),
        (b"multipart/form-data", b"garbage", 415),
        (b"multipart/form-data; boundary=x", b"garbage", 415),
        (b"multipart/form-data; boundary=" + b"x" * 100, b"garbage", 415),
        (b"multipart/form-data; boundary=x", multipart(b"bogus header\r\n\r\nabc"), 415),
        (b"multipart/form-data; boundary=x", multipart(b'Content-Disposition: form-data; name="text"\r\n\r\n\xff'), 415),
        (b"multipart/form-data; boundary=x", multipart(b"Content-Type: multipart/mixed; boundary=y\r\n\r\n--y--"), 415),
        (b"text/plain", b"id=1&text=x", 415),
        (b"", b"id=1&text=x", 415),
    ],
    ids=range(10),
)
async def test_a_form_that_is_none_is_refused(attacker: Attacker, media_type: bytes, body: bytes, expected: int) -> None:
    for path in (f"{STATION}/readings", f"{STATION}/presses", "/floor/login", "/floor/station", "/floor/prints/job-1/resolution"):
        assert status(await attacker.post(path, body, media_type)) == expected, path
    assert attacker.pages.box.places["counter-1"].booked == []


@pytest.mark.parametrize("charset", [b"klingon", b"utf-16", b"zlib_codec", b"undefined", b"idna"])
async def test_a_form_is_read_as_utf_8_whatever_it_claims(attacker: Attacker, charset: bytes) -> None:
    answer = await attacker.post(f"{STATION}/readings", b"id=1&text=4006381333931", FORM + b"; charset=" + charset)
    assert status(answer) == 303
    assert attacker.pages.box.places["counter-1"].booked == ["4006381333931"]


@pytest.mark.parametrize(
    ("body", "packed", "expected"),
    [(b"nonsense", b"gzip", 400), (b"nonsense", b"br", 400), (gzip.compress(b"text=" + b"0" * 50_000_000, mtime=0), b"gzip", 413)],
    ids=["gzip", "br", "bomb"],
)
async def test_a_packed_body_that_lies_or_bursts_is_refused(attacker: Attacker, body: bytes, packed: bytes, expected: int) -> None:
    assert status(await attacker.post(f"{STATION}/readings", body, FORM, b"Content-Encoding: " + packed)) == expected


_SYMBOL = "4006381333931"


@pytest.mark.parametrize("size", [70_000, 1_000_000])
async def test_a_megabyte_is_refused_at_every_form(attacker: Attacker, size: int) -> None:
    for route in attacker.pages.floor.routes:
        if route.method == "POST":
            path = route.path.replace("{station}", "counter-1").replace("{job}", "job-1").replace("{symbol}", _SYMBOL).encode()
            ours = (b"Cookie: floor=" + attacker.cookie, b"Content-Type: " + FORM)
            head = [b"POST " + path + b" HTTP/1.1", b"Host: 127.0.0.1", *ours, b"Content-Length: %d" % size]
            answer = await attacker.raw(b"\r\n".join(head) + b"\r\n\r\n" + b"a" * 70_000, at_most=200)
            assert status(answer) == 413, path


@pytest.mark.parametrize("token", [b"\xff\xfe", "é".encode(), b"\xed\xa0\xbd", b"", b"0" * 64, b"a" * 7000])
@pytest.mark.parametrize("cookie", [None, b"\xff", b"", b"a" * 65])
async def test_a_token_or_a_cookie_of_any_bytes_opens_nothing(attacker: Attacker, token: bytes, cookie: bytes | None) -> None:
    floor = attacker.cookie if cookie is None else cookie
    ours = (b"Cookie: floor=" + floor, b"X-Csrf-Token: " + token, b"Content-Type: " + FORM)
    answer = await attacker.send("POST", f"{STATION}/readings".encode(), *ours, body=b"id=1&text=4006381333931")
    assert status(answer) in (400, 401, 403)  # 400: the parser's own, for bytes that no header has
    assert attacker.pages.box.places["counter-1"].booked == []


PATHS = [
    b"/floor/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
    b"/floor/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    b"/floor/static/....//....//etc/passwd",
    b"/floor/static/%00",
    b"/floor/static/%ff",
    b"/floor/images/..%2f..%2f..%2fetc%2fpasswd",
    b"/floor/images/" + b"a" * 63 + b"%00",
    b"/floor/images/" + b"A" * 64,
    b"/floor/stations/%ED%A0%80",
    b"/floor/stations/%0d%0aX-Evil:%20y",
    b"/floor/stations/" + b"a" * 7000,
    b"//evil.example/floor",
    b"/floor/prints%00",
    b"/floor/%ED%A0%80?lang=en",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40].decode())
async def test_paths_lead_nowhere_else(attacker: Attacker, path: bytes) -> None:
    answer = await attacker.send("GET", path, b"Cookie: floor=" + attacker.cookie)
    assert status(answer) == 404
    assert b"root:" not in answer
    assert b"\r\nX-Evil" not in answer.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "query",
    ["lang=%ff", "lang=zh-CN%0d%0aSet-Cookie:%20x=y", "station=%00", "q=%ED%A0%80%00", "x=%ED%A0%80&lang=en", "a=1&" * 1500],
)
async def test_queries_of_any_kind_are_shown_a_page(attacker: Attacker, query: str) -> None:
    for path in ("/", "/floor", "/floor/login", "/floor/lookup", "/floor/prints", STATION):
        answer = await attacker.send("GET", f"{path}?{query}".encode(), b"Cookie: floor=" + attacker.cookie)
        head = answer.partition(b"\r\n\r\n")[0]
        assert status(answer) == 200, path
        assert b"x=y" not in head
        assert b"lang=%" not in head


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/floor\r\nSet-Cookie: a=b",
        "/floor\t//evil.example",
        "javascript:alert(1)",
        "/floor/../..//evil.example?@x",
        "/floor@evil.example",
        "http:evil.example",
        "",
    ],
)
async def test_a_log_in_leads_to_a_page_of_the_box_only(attacker: Attacker, wanted: str) -> None:
    screen = await attacker.pages.screen()
    response = await screen.sign_in(after=wanted)
    assert re.fullmatch(r"/floor(/[a-z0-9./-]*)?(\?[\w=&%+.-]*)?", response.headers["Location"])
    assert "a=b" not in str(response.headers)
    read = await screen.post(f"{STATION}/readings", id="1", text="4006381333931", to=wanted)
    assert read.headers["Location"].startswith("/floor")


async def test_a_cookie_from_before_the_log_in_is_worth_nothing_after_it(attacker: Attacker) -> None:
    """Session fixation: whoever planted the cookie is not logged in by the one who logs in with it."""
    victim = await attacker.pages.screen()
    await victim.get("/floor/login")
    planted = next(each.value for each in victim.client.session.cookie_jar if each.key == "floor")
    old_token = victim.token
    await victim.sign_in()
    answer = await attacker.send("GET", b"/floor", b"Cookie: floor=" + planted.encode())
    assert status(answer) == 303
    assert (await victim.post(f"{STATION}/readings", token=old_token, id="1", text="4006381333931")).status == 403


async def test_after_log_out_nothing_more_comes_by_the_stream_and_nothing_is_taken(attacker: Attacker) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", attacker.pages.server.port)
    head = b"GET /floor/events?station=counter-1&regions=task HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: floor=" + attacker.cookie
    writer.write(head + b"\r\n\r\n")
    async with asyncio.timeout(10):
        await reader.readuntil(b"event: beat")
        await attacker.screen.post("/floor/logout")
        rest = await reader.readuntil(b"0\r\n\r\n")
    assert b"event: signed-out" in rest
    writer.close()
    assert status(await attacker.post(f"{STATION}/readings", b"id=1&text=4006381333931")) in (401, 403)
    answer = await attacker.send("GET", b"/floor/events?station=counter-1", b"Cookie: floor=" + attacker.cookie)
    assert status(answer) == 401
    assert attacker.pages.box.places["counter-1"].booked == []


def test_any_last_event_id_is_gone_on_from_or_loaded_anew() -> None:
    """What a screen says it had last is a stranger's word: it gets exactly what is newer, or has to load its page anew."""
    box = FakeBox(("counter-1",))
    live = Live(box, Renderer({"asset": str, "has_root": False}, UTC, FixedClock().now), Shown(box).regions)
    unlisten = box.listen(live._on_heard)  # what `run` begins with
    for number in range(12):
        box.scan("counter-1", f"{number:07d}")
    unlisten()
    run, _, newest = live.position.rpartition("-")

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(
        st.one_of(
            st.text(max_size=40),
            st.builds(
                "{}-{}".format, st.sampled_from([run, "x", ""]), st.one_of(st.integers(), st.text("0123456789١²-", max_size=18))
            ),
            st.builds("{}-{}".format, st.just(run), st.integers(0, int(newest) + 2)),
        )
    )
    def catches_up(last: str) -> None:
        watcher = Watcher(Look(Language.ENGLISH), "counter-1", frozenset())
        with live.watching(watcher, last):
            got = [number for number, _ in watcher.answers]
        if last == "":
            assert (got, watcher.must_reload) == ([], False)
        elif not watcher.must_reload:
            assert last.startswith(f"{run}-")
            assert got == list(range(int(last.rpartition("-")[2]) + 1, int(newest) + 1))

    catches_up()


_MEDIA = st.sampled_from([JSON.decode(), FORM.decode(), "multipart/form-data; boundary=x", "text/plain", "", "a/b; charset=x"])
_READING = st.fixed_dictionaries(
    {"id": st.text(max_size=70), "text": st.text(max_size=30)}, optional={"aim": st.text(max_size=5), "age": st.integers()}
)
_BODIES = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda rows: json.dumps({"readings": rows}).encode(), st.lists(_READING, max_size=40)),
    st.dictionaries(
        st.sampled_from(["id", "text", "badge", "pin", "next", "to", "control", "number", "reading", "station", "outcome", "csrf"]),
        st.text(max_size=80).map(lambda text: text.encode(errors="replace").decode()),
    ).map(lambda fields: urlencode(fields).encode()),
)


def test_any_body_at_any_form_is_answered_and_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    """Badges, PINs, readings, presses, decisions on prints: whatever comes, 5xx never does."""
    with asyncio.Runner() as runner:
        pages = runner.run(serve(FakeBox()))
        screen = runner.run(pages.screen())
        runner.run(screen.sign_in())
        paths = [
            each.path.format(station="counter-1", job="job-1", symbol=_SYMBOL)
            for each in pages.floor.routes
            if each.method == "POST"
        ]

        async def ask(path: str, body: bytes, media_type: str) -> int:
            headers = {"X-Csrf-Token": screen.token, "Content-Type": media_type, "Accept": "application/json"}
            async with screen.client.post(path, data=body, headers=headers, allow_redirects=False) as response:
                await response.read()
                return response.status

        @settings(max_examples=300, deadline=None, derandomize=True)
        @given(path=st.sampled_from([each for each in paths if each != "/floor/logout"]), body=_BODIES, media_type=_MEDIA)
        def any_body(path: str, body: bytes, media_type: str) -> None:
            assert runner.run(ask(path, body, media_type)) < 500

        any_body()
        runner.run(pages.close())
    assert PIN not in caplog.text
    assert BADGE not in caplog.text
