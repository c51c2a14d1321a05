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
from edge_agent.wire.replica import ReplicaTemplate
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


def told(body: bytes, name: str = "shelf-label") -> ReplicaTemplate:
    return ReplicaTemplate(name=name, version=content_version(body), kind="label")


class TestFollow:
    async def test_the_current_ones_are_here_before_they_are_needed(self, templates: Templates, controller: Controller) -> None:
        assert templates.current == {}
        assert await templates.follow([told(TEMPLATE)])
        assert templates.current == {"shelf-label": VERSION}
        controller.status = 503
        assert (await templates.get("shelf-label", VERSION)).name == "shelf-label"
        assert len(controller.asked) == 1

    async def test_a_new_version_is_current_once_it_is_here(
        self, templates: Templates, controller: Controller, tmp_path: Path
    ) -> None:
        await templates.follow([told(TEMPLATE)])
        newer = TEMPLATE.replace(b"56", b"55")
        controller.status = 503
        assert not await templates.follow([told(newer)])
        assert templates.current == {"shelf-label": VERSION}
        controller.status, controller.body = 200, newer
        assert await templates.follow([told(newer)])
        assert templates.current == {"shelf-label": content_version(newer)}
        assert [file.stem for file in (tmp_path / "templates").iterdir()] == [content_version(newer)], "the old one is gone"

    async def test_one_that_a_job_needs_stays_until_it_is_done(
        self, templates: Templates, controller: Controller, tmp_path: Path
    ) -> None:
        needed = [VERSION]

        async def jobs() -> list[str]:
            return needed

        templates.needed = jobs
        await templates.follow([told(TEMPLATE)])
        newer = TEMPLATE.replace(b"56", b"55")
        controller.body = newer
        await templates.follow([told(newer)])
        assert {file.stem for file in (tmp_path / "templates").iterdir()} == {VERSION, content_version(newer)}
        needed.clear()
        await templates.follow([told(newer)])
        assert {file.stem for file in (tmp_path / "templates").iterdir()} == {content_version(newer)}

    async def test_after_a_restart_without_a_controller_they_are_current_from_disk(
        self, templates: Templates, tmp_path: Path
    ) -> None:
        await templates.follow([told(TEMPLATE)])
        offline = Templates(tmp_path / "templates", fetch_from(Address(url="")))
        assert await offline.follow([told(TEMPLATE)])
        assert offline.current == {"shelf-label": VERSION}

    async def test_one_that_is_not_told_any_more_is_not_current(self, templates: Templates) -> None:
        await templates.follow([told(TEMPLATE)])
        assert await templates.follow([])
        assert templates.current == {}

    async def test_one_that_the_controller_has_not_got_keeps_no_other_waiting(
        self, templates: Templates, controller: Controller, caplog: pytest.LogCaptureFixture
    ) -> None:
        await templates.follow([told(TEMPLATE)])
        controller.status = 404
        assert await templates.follow([told(b"gone", "gone"), told(TEMPLATE)])
        assert templates.current == {"shelf-label": VERSION}
        assert "cannot be had" in caplog.text

    async def test_a_file_of_another_kind_in_the_folder_stays(self, templates: Templates, tmp_path: Path) -> None:
        await templates.follow([told(TEMPLATE)])
        (tmp_path / "templates" / "notes.json").write_text("mine")
        await templates.follow([])
        assert [file.name for file in (tmp_path / "templates").iterdir()] == ["notes.json"]
