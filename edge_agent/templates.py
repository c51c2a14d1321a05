"""Print templates: fetched from the controller before their first need, verified by their hash, from disk ever after.

A template's version is the SHA-256 of its bytes, so that a file on disk needs no refresh and a wrong one can never be used.  Which
versions are current comes with the replica (`follow`): they are fetched at once, and what nobody needs any more is thrown away.
"""

from __future__ import annotations

import asyncio
import http
import logging
import os
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path

from drivers.documents.templates import MAX_BYTES, Template, content_version, load_template
from edge_agent.controller_link import Controller, ControllerLink, ControllerSilent
from edge_agent.errors import AgentError
from edge_agent.wire.replica import ReplicaTemplate

_VERSION = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_log = logging.getLogger(__name__)


class TemplateUnavailable(AgentError):
    """Not on this box, and the controller cannot be asked right now: try again."""

    code = "template_unavailable"


class UnknownTemplate(AgentError):
    """Never works: the controller has no such template, or the name is none."""

    code = "unknown_template"


async def _no_jobs() -> Collection[str]:
    return ()


class Templates:
    """The templates this box has.  `fetch` gets the bytes of (name, version); it blocks, and runs in a worker thread."""

    def __init__(self, folder: Path, fetch: Callable[[str, str], bytes]) -> None:
        self._folder = folder
        self._fetch = fetch
        self._loaded: dict[str, Template] = {}
        self._current: dict[str, str] = {}
        self.needed: Callable[[], Awaitable[Collection[str]]] = _no_jobs
        """The versions that jobs which are not done yet will be printed with."""

    @property
    def current(self) -> Mapping[str, str]:
        """The version to print with, by name: of those that are on this box, so that it prints without a controller, too."""
        return self._current

    async def follow(self, rows: Sequence[ReplicaTemplate]) -> bool:
        """The site's current templates: have them here, and drop what nobody needs.  False: not all could be had, tell them again.

        Until a new version is here, the one before stays current.
        """
        is_complete = True
        for row in rows:
            try:
                await asyncio.to_thread(self.body, row.name, row.version)
            except UnknownTemplate as error:
                _log.warning("a current template cannot be had: %s", error, extra={"template": row.name, "code": error.code})
            except TemplateUnavailable as error:
                if is_complete:
                    _log.info("current templates are not all here yet: %s", error, extra={"template": row.name})
                is_complete = False
            else:
                self._current[row.name] = row.version
        for name in self._current.keys() - {row.name for row in rows}:
            del self._current[name]
        if is_complete:
            kept = {*self._current.values(), *(row.version for row in rows), *await self.needed()}
            self._loaded = {version: loaded for version, loaded in self._loaded.items() if version in kept}
            await asyncio.to_thread(self._drop_all_but, kept)
        return is_complete

    async def get(self, name: str, version: str) -> Template:
        """Raises TemplateUnavailable, UnknownTemplate, BadTemplate (its bytes are right and no template)."""
        loaded = self._loaded.get(version)
        if loaded is None:
            loaded = self._loaded[version] = load_template(await asyncio.to_thread(self.body, name, version))
        return loaded

    def body(self, name: str, version: str) -> bytes:
        """A template's bytes, from disk if they are there.  Blocks.  Raises TemplateUnavailable, UnknownTemplate."""
        if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
            raise UnknownTemplate(f"{name!r} in version {version!r} is no template; a version is 64 hexadecimal digits")
        file = self._folder / f"{version}.json"
        try:
            body = file.read_bytes()
        except OSError:
            body = b""
        if content_version(body) == version:
            return body
        body = self._fetch(name, version)
        if content_version(body) != version:
            raise TemplateUnavailable(f"the controller sent other bytes for template {name!r} than its version says; asking again")
        _keep(file, body)
        return body

    def _drop_all_but(self, versions: Collection[str]) -> None:
        """Blocks."""
        try:
            for file in self._folder.glob("*.json"):
                if _VERSION.fullmatch(file.stem) and file.stem not in versions:
                    file.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("old templates could not be thrown away", extra={"folder": str(self._folder), "reason": str(error)})


def fetch_from(controller: Controller) -> Callable[[str, str], bytes]:
    """A `fetch` that asks the controller: ``GET {url}/box/v1/templates/{name}/{version}``."""
    link = ControllerLink(controller)

    def fetch(name: str, version: str) -> bytes:
        if not link.has_address:
            raise TemplateUnavailable("no controller address is configured: set `url` in [controller]")
        try:
            answer = link.get(f"/box/v1/templates/{name}/{version}", limit=MAX_BYTES + 1)
        except ControllerSilent as error:
            raise TemplateUnavailable(f"template {name!r} is not on this box, and {error}") from error
        return _checked(name, answer.status, answer.body)

    return fetch


def _checked(name: str, status: int, body: bytes) -> bytes:
    if status == http.HTTPStatus.NOT_FOUND:
        raise UnknownTemplate(f"the controller has no template {name!r} in that version; publish it and print again")
    if status != http.HTTPStatus.OK:
        raise TemplateUnavailable(f"the controller answered {status} for template {name!r}; asking again")
    if len(body) > MAX_BYTES:
        raise UnknownTemplate(f"template {name!r} is larger than {MAX_BYTES} bytes")
    return body


def _keep(file: Path, body: bytes) -> None:
    """Whole or not at all.  A disk that cannot take it is no reason not to print."""
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
    except OSError as error:
        _log.warning("a template could not be kept on disk", extra={"file": str(file), "reason": str(error)})
