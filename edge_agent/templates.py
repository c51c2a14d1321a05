"""Print templates: fetched once from the controller, verified by their hash, from disk ever after.

A template's version is the SHA-256 of its bytes, so that a file on disk needs no refresh and a wrong one can never be used.
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from drivers.documents.templates import MAX_BYTES, Template, content_version, load_template
from edge_agent.errors import AgentError

TIMEOUT = 5.0
"""Seconds to connect, and between two pieces of an answer."""
_VERSION = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_log = logging.getLogger(__name__)


class TemplateUnavailable(AgentError):
    """Not on this box, and the controller cannot be asked right now: try again."""

    code = "template_unavailable"


class UnknownTemplate(AgentError):
    """Never works: the controller has no such template, or the name is none."""

    code = "unknown_template"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateServer:
    """Where templates come from: the controller's address (``http://…`` or ``https://…``) and the box's token for it."""

    url: str
    token: str = ""


class Templates:
    """The templates this box has.  `fetch` gets the bytes of (name, version); it blocks, and runs in a worker thread."""

    def __init__(self, folder: Path, fetch: Callable[[str, str], bytes]) -> None:
        self._folder = folder
        self._fetch = fetch
        self._loaded: dict[str, Template] = {}

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


def fetch_from(server: TemplateServer) -> Callable[[str, str], bytes]:
    """A `fetch` that asks the controller: ``GET {url}/box/v1/templates/{name}/{version}``."""
    try:
        parts = urlsplit(server.url)
    except ValueError:
        parts = urlsplit("")
    prefix = parts.path.rstrip("/")
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {server.token}"} if server.token else {})

    def fetch(name: str, version: str) -> bytes:
        if not parts.hostname:
            raise TemplateUnavailable("no controller address is configured: set `url` in [controller]")
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = connect(parts.hostname, parts.port, timeout=TIMEOUT)
        try:
            connection.request("GET", f"{prefix}/box/v1/templates/{name}/{version}", headers=headers)
            response = connection.getresponse()
            body = response.read(MAX_BYTES + 1)
        except (OSError, http.client.HTTPException, socket.gaierror) as error:
            reason = f"{type(error).__name__}: {error}"
            raise TemplateUnavailable(
                f"template {name!r} is not on this box and the controller does not answer ({reason})"
            ) from error
        finally:
            connection.close()
        return _checked(name, response.status, body)

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
