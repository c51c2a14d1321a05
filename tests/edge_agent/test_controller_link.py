"""Asking the controller: one connection that stays open, packed answers, and whatever a server or a wire does to them."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.controller_link import Controller, ControllerLink, ControllerSilent


class Server:
    """Keeps connections open; counts them; answers what it is told to."""

    def __init__(self) -> None:
        self.body = b"hello"
        self.encoding: str | None = None
        self.length: int | None = None
        self.status = 200
        self.connections = 0
        self.seen: list[dict[str, str]] = []
        self.before: Callable[[socket.socket], None] = lambda _: None
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                server.connections += 1
                super().setup()

            def do_GET(self) -> None:
                server.seen.append({"path": self.path, **{name.lower(): text for name, text in self.headers.items()}})
                self.send_response(server.status)
                if server.encoding is not None:
                    self.send_header("Content-Encoding", server.encoding)
                self.send_header("Content-Length", str(len(server.body) if server.length is None else server.length))
                self.end_headers()
                self.wfile.write(server.body)
                self.wfile.flush()
                server.before(self.connection)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.server.shutdown()
    server.server.server_close()
    thread.join()


@pytest.fixture
def link(server: Server) -> Iterator[ControllerLink]:
    link = ControllerLink(Controller(url=f"{server.url}/base", token="t0ken"))
    yield link
    link.close()


def test_one_connection_serves_many_questions_with_the_box_s_token(link: ControllerLink, server: Server) -> None:
    for _ in range(5):
        answer = link.get("/box/v1/x", limit=100)
        assert (answer.status, answer.body) == (200, b"hello")
    assert server.connections == 1
    assert server.seen[0]["path"] == "/base/box/v1/x"
    assert (server.seen[0]["authorization"], server.seen[0]["accept-encoding"]) == ("Bearer t0ken", "gzip")


def test_a_refusal_leaves_the_connection_open(link: ControllerLink, server: Server) -> None:
    server.status = 404
    assert [link.get("/x", limit=100).status for _ in range(2)] == [404, 404]
    assert server.connections == 1


def test_one_that_the_server_closed_meanwhile_is_opened_anew_at_once(link: ControllerLink, server: Server) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    server.before = hang_up
    for _ in range(3):
        assert link.get("/x", limit=100).body == b"hello"
    assert server.connections == 3


def test_a_packed_answer_is_unpacked(link: ControllerLink, server: Server) -> None:
    server.body, server.encoding = gzip.compress(b"a" * 5000), "gzip"
    answer = link.get("/x", limit=5000)
    assert (answer.body, answer.raw) == (b"a" * 5000, server.body)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"x" * 1001, None),
        (gzip.compress(b"x" * 1001, mtime=0), "gzip"),
        (gzip.compress(bytes(50_000_000), mtime=0), "gzip"),
        (gzip.compress(b"x" * 500, mtime=0)[:-9], "gzip"),
        (b"not packed", "gzip"),
        (b"", "gzip"),
    ],
)
def test_what_is_too_large_or_cut_is_refused_and_the_next_question_is_answered(
    link: ControllerLink, server: Server, body: bytes, encoding: str | None
) -> None:
    server.body, server.encoding = body, encoding
    with pytest.raises(ControllerSilent):
        link.get("/x", limit=1000)
    server.body, server.encoding = b"fine", None
    assert link.get("/x", limit=1000).body == b"fine"


def test_an_answer_that_ends_before_its_length_is_refused(link: ControllerLink, server: Server) -> None:
    server.length = 9
    server.before = lambda connection: connection.shutdown(socket.SHUT_RDWR)
    with pytest.raises(ControllerSilent, match="IncompleteRead"):
        link.get("/x", limit=100)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.binary(max_size=300))
def test_whatever_is_said_to_be_packed_is_bytes_or_an_error(link: ControllerLink, server: Server, body: bytes) -> None:
    server.body, server.encoding = body, "gzip"
    try:
        assert len(link.get("/x", limit=100).body) <= 100
    except ControllerSilent:
        return


@pytest.mark.parametrize("url", ["", "http://[broken", "http://127.0.0.1:1", "http://127.0.0.1:99999", "http://x..y"])
def test_an_address_where_nobody_answers_is_said_so(url: str) -> None:
    link = ControllerLink(Controller(url=url))
    for _ in range(2):
        with pytest.raises(ControllerSilent, match="does not answer"):
            link.get("/x", limit=100)
    assert link.has_address == (url.startswith("http://1") or url == "http://x..y")


def test_https_uses_the_box_s_own_context(server: Server) -> None:
    """The server speaks no TLS: what counts is that it was tried, with the context that was given."""
    handshakes: list[str | None] = []

    class Noted(ssl.SSLContext):
        def wrap_socket(self, sock: object, **kwargs: object) -> ssl.SSLSocket:  # type: ignore[override]  # only what is used
            assert sock is not None
            handshakes.append(str(kwargs["server_hostname"]))
            raise OSError("nobody shakes hands here")

    link = ControllerLink(Controller(url=server.url.replace("http", "https"), tls=lambda: Noted(ssl.PROTOCOL_TLS_CLIENT)))
    with pytest.raises(ControllerSilent, match="nobody shakes hands"):
        link.get("/x", limit=100)
    assert handshakes == ["127.0.0.1"]


def test_threads_take_turns(link: ControllerLink, server: Server) -> None:
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(link.get("/x", limit=100).body)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert answers == [b"hello"] * 8
    assert server.connections == 1
