"""Asking the controller over HTTP(S): one connection that is kept open, the box's token or certificate, packed answers unpacked.

The one place where a `ssl.SSLContext` is used: `Controller.tls` makes one for each connection, so that a renewed certificate
serves at once.  Everything here blocks, and runs in worker threads.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from edge_agent.errors import AgentError
from edge_agent.tls import NewContext
from edge_agent.wire.tls import CLOSED, TlsFailed, trouble_of

TIMEOUT = 5.0
"""Seconds to connect, and between two pieces of an answer."""
MOST_OF_A_RECEIPT = 1 << 16
_PIECE = 1 << 16
_LOST: tuple[type[Exception], ...] = (http.client.BadStatusLine, ConnectionError, ssl.SSLEOFError)
"""What a connection that the other side has closed meanwhile ends with: it is worth a new one."""


class ControllerSilent(AgentError):
    """The controller cannot be reached, or what it answers has no end: try again later."""

    code = "controller_silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """The controller's address (``http://…`` or ``https://…``), the box's token for it, and TLS with the box's certificate.

    Without `tls`, https is checked against the machine's own authorities.
    """

    url: str
    token: str = ""
    tls: NewContext | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`raw` is the body as it came, `body` the same unpacked; they differ where it was packed."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None = None


class ControllerLink:
    """One connection, used by one thread at a time (a lock sees to that), opened anew when it was lost."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None
        self._parts = urlsplit("")
        with contextlib.suppress(ValueError):  # an address that is none: nobody answers there
            self._parts = urlsplit(controller.url)

    @property
    def has_address(self) -> bool:
        return bool(self._parts.hostname)

    def get(self, path: str, *, limit: int, accept: str = "application/json") -> Answer:
        """``GET {url}{path}``, at most `limit` bytes of it, unpacked too.  Raises ControllerSilent."""
        return self._answered(_Question("GET", path, {"Accept": accept, "Accept-Encoding": "gzip"}), limit)

    def put(self, path: str, body: bytes, *, media_type: str, key: str) -> Answer:
        """``PUT {url}{path}`` with an Idempotency-Key: again with the same is once.  Raises ControllerSilent."""
        headers = {"Content-Type": media_type, "Idempotency-Key": key, "Accept": "application/json"}
        return self._answered(_Question("PUT", path, headers, body), MOST_OF_A_RECEIPT)

    def _answered(self, question: _Question, limit: int) -> Answer:
        headers = dict(question.headers)
        if self._controller.token:
            headers["Authorization"] = f"Bearer {self._controller.token}"
        asked = replace(question, path=f"{self._parts.path.rstrip('/')}{question.path}", headers=headers)
        with self._lock:
            try:
                return self._asked(asked, limit)
            except TlsFailed as error:
                raise ControllerSilent(f"the controller does not answer ({error})") from error
            except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:  # ValueError: an address that is none
                self._close()
                trouble = CLOSED if self._is_closed_door(error) else trouble_of(error)
                reason = trouble.words if trouble else f"{type(error).__name__}: {error}"
                raise ControllerSilent(f"the controller does not answer ({reason})") from error

    def close(self) -> None:
        with self._lock:
            self._close()

    def __del__(self) -> None:
        """Whoever asked is gone; a socket that nobody closes would be warned of."""
        self._close()

    def _is_closed_door(self, error: Exception) -> bool:
        """A new connection whose certificate was shown, and that ended before the first answer."""
        return self._parts.scheme == "https" and isinstance(error, http.client.RemoteDisconnected | ssl.SSLEOFError)

    # --- inside, with the lock -----------------------------------------------------------------------------------------------

    def _asked(self, question: _Question, limit: int) -> Answer:
        is_old = self._connection is not None
        try:
            return self._ask(question, limit)
        except _LOST:
            self._close()
            if not is_old:
                raise
        return self._ask(question, limit)

    def _ask(self, question: _Question, limit: int) -> Answer:
        if self._connection is None:
            self._connection = self._new()
        self._connection.request(question.method, question.path, body=question.body, headers=dict(question.headers))
        response = self._connection.getresponse()
        raw = self._read(response, limit)
        is_packed = response.headers.get("Content-Encoding", "").strip().lower() == "gzip"
        return Answer(
            status=response.status,
            headers=dict(response.headers),
            raw=raw,
            body=_unpacked(raw, limit) if is_packed else raw,
        )

    def _new(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            context = self._controller.tls() if self._controller.tls else None
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT)

    def _read(self, response: http.client.HTTPResponse, limit: int) -> bytes:
        body = bytearray()
        while piece := response.read1(_PIECE):
            body += piece
            if len(body) > limit:
                self._close()
                raise ControllerSilent(f"the controller sent more than {limit} bytes")
        if response.length:
            raise http.client.IncompleteRead(bytes(body), response.length)
        response.close()  # read to its end: the connection is free for the next question
        return bytes(body)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _unpacked(raw: bytes, limit: int) -> bytes:
    """Raises ControllerSilent for more than `limit` bytes, zlib.error for what is not packed or has no end."""
    unpacking = zlib.decompressobj(wbits=31)
    body = unpacking.decompress(raw, limit + 1)
    if len(body) > limit:
        raise ControllerSilent(f"the controller sent more than {limit} bytes")
    if not unpacking.eof:
        raise zlib.error("a packed answer ends too soon")
    return body
