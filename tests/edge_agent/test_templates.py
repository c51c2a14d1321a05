"""Templates: asked for once, believed only by their hash, kept for good."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from drivers.documents.errors import BadTemplate
from drivers.documents.templates import content_version
from edge_agent.controller_link import Controller as Address
from edge_agent.templates import Templates, TemplateUnavailable, UnknownTemplate, fetch_from
from tests.edge_agent.paper import TEMPLATE, VERSION
from tests.servers import free_port


class Controller:
    """A controller that serves one template, and notes what it is asked."""

    def __init__(self) -> None:
        self.body = TEMPLATE
        self.status = 200
        self.asked: list[tuple[str, str | None]] = []
        controller = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                controller.asked.append((self.path, self.headers["Authorization"]))
                self.send_response(controller.status)
                self.send_header("Content-Length", str(len(controller.body)))
                self.end_headers()
                self.wfile.write(controller.body)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def controller() -> Iterator[Controller]:
    controller = Controller()
    thread = threading.Thread(target=controller.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield controller
    controller.server.shutdown()
    controller.server.server_close()
    thread.join()


@pytest.fixture
def templates(controller: Controller, tmp_path: Path) -> Templates:
    return Templates(tmp_path / "templates", fetch_from(Address(url=controller.url, token="t0ken")))


async def test_it_is_asked_for_once_with_the_box_s_token(templates: Templates, controller: Controller, tmp_path: Path) -> None:
    assert (await templates.get("shelf-label", VERSION)).name == "shelf-label"
    assert (await templates.get("shelf-label", VERSION)).kind == "label"
    assert controller.asked == [(f"/box/v1/templates/shelf-label/{VERSION}", "Bearer t0ken")]
    assert [file.name for file in (tmp_path / "templates").iterdir()] == [f"{VERSION}.json"]


async def test_after_that_it_needs_no_controller(templates: Templates, tmp_path: Path) -> None:
    await templates.get("shelf-label", VERSION)
    offline = Templates(tmp_path / "templates", fetch_from(Address(url=f"http://127.0.0.1:{free_port()}")))
    assert (await offline.get("shelf-label", VERSION)).name == "shelf-label"


async def test_other_bytes_than_the_version_says_are_never_used(
    templates: Templates, controller: Controller, tmp_path: Path
) -> None:
    controller.body = TEMPLATE.replace(b"56", b"55")
    with pytest.raises(TemplateUnavailable, match="other bytes"):
        await templates.get("shelf-label", VERSION)
    assert not (tmp_path / "templates").exists()


async def test_a_damaged_file_is_fetched_again(templates: Templates, controller: Controller, tmp_path: Path) -> None:
    await templates.get("shelf-label", VERSION)
    file = tmp_path / "templates" / f"{VERSION}.json"
    file.write_bytes(TEMPLATE[:-1])
    again = Templates(tmp_path / "templates", fetch_from(Address(url=controller.url)))
    await again.get("shelf-label", VERSION)
    assert file.read_bytes() == TEMPLATE


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1", "http://[broken"])
async def test_a_controller_that_cannot_be_reached_is_waited_for(tmp_path: Path, url: str) -> None:
    with pytest.raises(TemplateUnavailable):
        await Templates(tmp_path, fetch_from(Address(url=url))).get("shelf-label", VERSION)


@pytest.mark.parametrize(("status", "error"), [(404, UnknownTemplate), (401, TemplateUnavailable), (503, TemplateUnavailable)])
async def test_the_controller_s_answer_decides_whether_to_ask_again(
    templates: Templates, controller: Controller, status: int, error: type[Exception]
) -> None:
    controller.status = status
    with pytest.raises(error):
        await templates.get("shelf-label", VERSION)


@pytest.mark.parametrize(("name", "version"), [("../x", VERSION), ("shelf-label", "../../etc/passwd"), ("shelf-label", "")])
async def test_a_name_that_is_none_is_not_asked_for(templates: Templates, controller: Controller, name: str, version: str) -> None:
    with pytest.raises(UnknownTemplate):
        await templates.get(name, version)
    assert controller.asked == []


async def test_the_right_bytes_that_are_no_template_are_said_to_be_none(templates: Templates, controller: Controller) -> None:
    controller.body = b"{}"
    with pytest.raises(BadTemplate):
        await templates.get("shelf-label", content_version(b"{}"))
