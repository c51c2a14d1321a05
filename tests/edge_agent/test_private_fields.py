"""Personal data of a paper is asked of the controller as it prints; what cannot be had makes it wait, what is gone ends it."""

from __future__ import annotations

import pytest

from edge_agent.controller_link import Controller as Address
from edge_agent.private_fields import FieldsGone, FieldsUnavailable, fetch_from, nobody
from tests.edge_agent.test_templates import Controller, controller
from tests.servers import free_port

__all__ = ["controller"]


async def test_it_is_asked_for_by_the_jobs_id(controller: Controller) -> None:
    controller.body = '{"ship_to": "李雷\\n上海市"}'.encode()
    fetch = fetch_from(Address(url=controller.url, token="t0ken"))
    assert await fetch("job-1") == {"ship_to": "李雷\n上海市"}
    assert controller.asked == [("/box/v1/print-jobs/job-1/private", "Bearer t0ken")]


@pytest.mark.parametrize("status", [404, 403])
async def test_what_is_gone_never_prints(controller: Controller, status: int) -> None:
    controller.status, controller.body = status, b"{}"
    with pytest.raises(FieldsGone):
        await fetch_from(Address(url=controller.url))("job-1")


@pytest.mark.parametrize(
    ("status", "body"), [(503, b"{}"), (409, b"{}"), (200, b"no JSON"), (200, b'{"ship_to": 7}'), (200, b"\xff")]
)
async def test_what_cannot_be_read_now_waits(controller: Controller, status: int, body: bytes) -> None:
    controller.status, controller.body = status, body
    with pytest.raises(FieldsUnavailable):
        await fetch_from(Address(url=controller.url))("job-1")


async def test_a_controller_that_is_away_or_not_configured_is_waited_for() -> None:
    for fetch in (fetch_from(Address(url=f"http://127.0.0.1:{free_port()}")), fetch_from(Address(url="")), nobody):
        with pytest.raises(FieldsUnavailable):
            await fetch("job-1")
