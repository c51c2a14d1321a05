"""Personal data of a paper: in no message, journal or log; the box fetches it from the controller as it prints, and forgets it."""

from __future__ import annotations

import asyncio
import http
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from edge_agent.controller_link import Controller, ControllerLink, ControllerSilent
from edge_agent.templates import TemplateUnavailable, UnknownTemplate

MAX_BYTES = 1 << 16

PrivateOf = Callable[[str], Awaitable[Mapping[str, str]]]
"""The private fields of a print job, by its id.  Raises FieldsUnavailable, FieldsGone."""


class FieldsUnavailable(TemplateUnavailable):
    """The controller cannot be asked right now, or its keys are away: the paper waits, as for a template."""


class FieldsGone(UnknownTemplate):
    """Never prints: the job is done or not this box's, or what would be on it was erased."""


def fetch_from(controller: Controller) -> PrivateOf:
    """``GET {url}/box/v1/print-jobs/{job}/private``."""
    link = ControllerLink(controller)

    async def fetch(job: str) -> Mapping[str, str]:
        return await asyncio.to_thread(_asker(link), job)

    return fetch


def _asker(link: ControllerLink) -> Callable[[str], Mapping[str, str]]:
    def ask(job: str) -> Mapping[str, str]:
        if not link.has_address:
            raise FieldsUnavailable("who this paper is for is known to the controller alone: set `url` in [controller]")
        try:
            answer = link.get(f"/box/v1/print-jobs/{job}/private", limit=MAX_BYTES)
        except ControllerSilent as error:
            raise FieldsUnavailable(f"who this paper is for is known to the controller alone, and {error}") from error
        if answer.status in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.FORBIDDEN):
            raise FieldsGone("who this paper is for is not known to the controller any more; ask for the paper again")
        try:
            if answer.status != http.HTTPStatus.OK:
                raise FieldsUnavailable(f"the controller answered {answer.status} when asked who this paper is for; asking again")
            return msgspec.json.decode(answer.body, type=dict[str, str])
        except msgspec.DecodeError as error:
            raise FieldsUnavailable("what the controller answered cannot be read; asking again") from error

    return ask


async def nobody(_: str) -> Mapping[str, str]:
    """Where no controller is asked.  Raises FieldsUnavailable."""
    raise FieldsUnavailable("who this paper is for is known to the controller alone, and this box asks none")
