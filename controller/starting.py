"""Why the controller cannot start, as one sentence that names the key: what happened, what it means, what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from asyncpg.exceptions import PostgresError
from tortoise.exceptions import DBConnectionError

from controller.config import BoxHttp, Config
from controller.http.routing import Permission


class StartFailed(Exception):
    """The controller cannot start; the message is for who runs it."""


@contextmanager
def port_of(section: str, host: str, port: int) -> Iterator[None]:
    """Around what listens.  Raises StartFailed."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            what = f"port {port} of {host} is taken by another program: stop that one, or set another `port`"
        elif error.errno == errno.EACCES:
            what = f"port {port} is one that only root may listen on: set a `port` from 1024 on, or put a reverse proxy before it"
        else:
            what = f"nothing can listen at {host}, port {port} ({_reason(error)}): set `host` to an address of this machine"
        raise StartFailed(f"[{section}] {what}.") from error


@contextmanager
def certificate_of(config: BoxHttp) -> Iterator[None]:
    """Around reading the files of `[box_http]`.  Raises StartFailed."""
    try:
        yield
    except OSError as error:  # SSLError is one
        names = f"{config.ca}, {config.cert}, {config.key}"
        raise StartFailed(
            f"[box_http] `ca`, `cert`, `key`: these files cannot be used ({_reason(error)}): {names}. They must be readable"
            " and belong together: put in those that `shelfwire-provision controller` made."
        ) from error


def make_data(config: Config) -> None:
    """The folder of `data`.  Raises StartFailed."""
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartFailed(
            f"data: the folder {config.data} cannot be made ({_reason(error)}): name one that the controller's user may write to."
        ) from error


@contextmanager
def database_of(config: Config) -> Iterator[None]:
    """Around opening the database of `[database] url`.  Raises StartFailed."""
    try:
        yield
    except (sqlite3.Error, DBConnectionError, PostgresError, OSError) as error:
        raise StartFailed(f"[database] url: {_database_words(config.database.url, error)}") from error


def wrong_files(config: Config) -> list[str]:
    """What of the files that hold secrets cannot be read, and permissions that there are not; each with its key."""
    named: list[tuple[str, Path | None]] = [("broker.password_file", config.broker.password_file)]
    named += [(f"token[{number}].file", token.file) for number, token in enumerate(config.tokens)]
    wrong = [f"{key}: {problem}" for key, path in named if path is not None and (problem := _unreadable(path)) is not None]
    known = {"*", *Permission}
    for number, token in enumerate(config.tokens):
        unknown = [name for name in token.permissions if name not in known]
        if unknown:
            names = ", ".join(repr(name) for name in unknown)
            wrong.append(f"token[{number}].permissions: there is no {names}; known: *, {', '.join(sorted(Permission))}")
    return wrong


def reason_of(group: BaseExceptionGroup[BaseException]) -> StartFailed | None:
    """The sentence among what ended together, if there is one."""
    for each in group.exceptions:
        found = reason_of(each) if isinstance(each, BaseExceptionGroup) else each
        if isinstance(found, StartFailed):
            return found
    return None


def _database_words(url: str, error: Exception) -> str:
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        where = f"{parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"
        return f"PostgreSQL at {where} cannot be used ({_reason(error)}): look whether it runs, and at user, password and database."
    if getattr(error, "sqlite_errorname", "") in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return (
            f"{parts.path} is no database of SQLite, or it is damaged ({error}). Put back a copy, or name another file; keep"
            " this one until somebody has looked at it."
        )
    return f"{parts.path} cannot be opened ({_reason(error)}): name a file in a folder that the controller's user may write to."


def _unreadable(path: Path) -> str | None:
    try:
        path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return f"{path} cannot be read: {_reason(error)}"
    return None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
