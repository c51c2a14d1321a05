"""The running agent's ear for `shelfwire-agent devices`: a Unix socket in its state folder, for whoever may enter that."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import msgspec

from edge_agent.device_tools.request import LONGEST_ANSWER, LONGEST_LINE, Answer, CannotDo, Item, Request, read_request
from edge_agent.device_tools.verbs import Verbs

FILE = "devices.sock"
MOST_CALLERS = 16
REQUEST_SECONDS = 10.0
"""Within which a caller says what it wants."""
_log = logging.getLogger(__name__)


class Ear:
    """Answers until cancelled.  A file of a dead agent is replaced: the state folder's lock says that there is no other agent."""

    def __init__(self, folder: Path, verbs: Verbs) -> None:
        self._folder = folder
        self._verbs = verbs
        self._callers: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        try:
            listening = _listen(self._folder)
        except OSError as error:
            _log.warning("`shelfwire-agent devices` cannot be answered: %s", error)
            await asyncio.get_running_loop().create_future()
            return
        server = await asyncio.start_unix_server(self._answer, sock=listening, limit=LONGEST_LINE)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for caller in self._callers:
                caller.cancel()
            await asyncio.gather(*self._callers, return_exceptions=True)
            with contextlib.suppress(OSError):
                (self._folder / FILE).unlink()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = asyncio.current_task()
        if caller is None or len(self._callers) >= MOST_CALLERS:
            await _refuse(writer, CannotDo.code, f"{MOST_CALLERS} others are asking already; try again")
            writer.close()
            return
        self._callers.add(caller)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                line = await reader.readline()
            await self._serve(read_request(line), reader, writer)
            await _say(writer, Answer(end=True))
        except CannotDo as error:
            await _refuse(writer, error.code, str(error))
        except (TimeoutError, ValueError):  # it says nothing, or a line without end
            await _refuse(writer, CannotDo.code, "there was no request")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # it went away
        except Exception:  # noqa: BLE001 -- one caller's trouble must not stop the agent
            _log.exception("a question about devices could not be answered")
            await _refuse(writer, "internal_error", "the agent failed at this; its log says why")
        finally:
            self._callers.discard(caller)
            writer.close()

    async def _serve(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ends early when the caller goes away.  Raises CannotDo, ConnectionError."""
        telling = asyncio.create_task(self._tell(request, writer))
        gone = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait([telling, gone], return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
        finally:
            for task in (telling, gone):
                task.cancel()
            await asyncio.gather(telling, gone, return_exceptions=True)

    async def _tell(self, request: Request, writer: asyncio.StreamWriter) -> None:
        async for item in self._verbs.do(request):
            await _say(writer, Answer(item=dict(item)))


async def ask(folder: Path, request: Request) -> AsyncGenerator[Item, None]:
    """Ask the agent that runs on this state folder.  Raises NobodyThere, CannotDo."""
    with _reachable(folder) as path:
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST_ANSWER)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
            raise NobodyThere from error
        except PermissionError as error:
            raise CannotDo(f"{folder / FILE} may not be used by this user: run it as root or as the agent's user") from error
    try:
        writer.write(msgspec.json.encode(request) + b"\n")
        await writer.drain()
        while line := await reader.readline():
            answer = msgspec.json.decode(line, type=Answer)
            if answer.error is not None:
                raise CannotDo(answer.error.get("message", ""))
            if answer.end:
                return
            yield answer.item or {}
        raise CannotDo("the agent stopped before it had answered")
    except (ConnectionError, msgspec.DecodeError) as error:
        raise CannotDo(f"the agent stopped before it had answered ({error})") from error
    finally:
        writer.close()


class NobodyThere(Exception):
    """No agent runs on this state folder."""


def _listen(folder: Path) -> socket.socket:
    with _reachable(folder) as path:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 -- not a path to be kept
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            listening.bind(path)
            os.chmod(path, 0o660)  # noqa: PTH101 -- as above
        except OSError:
            listening.close()
            raise
    return listening


@contextlib.contextmanager
def _reachable(folder: Path) -> Iterator[str]:
    """The socket's name, however deep the folder is: the kernel takes 107 bytes at most (unix(7))."""
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        raise NobodyThere from error
    except PermissionError as error:
        raise CannotDo(f"{folder} may not be entered by this user: run it as root or as the agent's user") from error
    try:
        yield f"/proc/self/fd/{opened}/{FILE}"
    finally:
        os.close(opened)


async def _say(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(msgspec.json.encode(answer) + b"\n")
    await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, code: str, message: str) -> None:
    with contextlib.suppress(ConnectionError):
        await _say(writer, Answer(error={"code": code, "message": message}))
