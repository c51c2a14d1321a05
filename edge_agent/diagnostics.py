"""The diagnostics bundle: how the box is, in one tar.gz of at most 2 MiB, with what is secret masked.

Each part is made by itself; one that fails leaves its reason in the bundle.  Whatever a part says passes the `Masker`.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import platform
import select
import sqlite3
import tarfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from drivers.recording import Entry, Ring, Way
from drivers.registry import Kind
from edge_agent.config import Config
from edge_agent.health import AGENT_VERSION
from edge_agent.masking import Masker

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a bundle."""
LARGEST_PART: Final = 512 * 1024
RECORDED_ENTRIES: Final = 400
KERNEL_SECONDS: Final = 2.0
CHECKED_UP_TO: Final = 256 * 1024 * 1024
_FOR_ITS_OWNER: Final = 0o600
_INPUTS = frozenset({Kind.SCANNER})

Told = str | Mapping[str, object] | Sequence[object]
Part = tuple[str, Callable[[], Awaitable[Told]]]
"""A file of the bundle, and what says its content: text, or what JSON can say."""


async def make_bundle(parts: Iterable[Part], masker: Masker, at: datetime) -> bytes:
    """Parts that would make it too large are left out, the last ones first; `left-out.txt` names them."""
    made = [(name, await _made(name, tell, masker)) for name, tell in parts]
    left_out: list[str] = []
    while True:
        note = [("left-out.txt", "".join(f"{name}\n" for name in left_out).encode())] if left_out else []
        packed = await asyncio.to_thread(_packed, [*made, *note], at)
        if len(packed) <= LARGEST or not made:
            return packed
        left_out.append(made.pop()[0])


async def _made(name: str, tell: Callable[[], Awaitable[Told]], masker: Masker) -> bytes:
    try:
        told = await tell()
        if isinstance(told, str):
            text = masker.text(told)
        else:
            plain = json.loads(json.dumps(told, default=str))
            text = json.dumps(masker.value(plain), indent=2, ensure_ascii=False) + "\n"
    except Exception as error:  # noqa: BLE001 -- a bundle is wanted when something is broken
        text = masker.text(f"{name} could not be made: {type(error).__name__}: {error}\n")
    return text.encode(errors="replace")[-LARGEST_PART:]


def _packed(parts: Iterable[tuple[str, bytes]], at: datetime) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as bundle:
        for name, content in parts:
            entry = tarfile.TarInfo(f"diagnostics/{name}")
            entry.size, entry.mtime, entry.mode = len(content), int(at.timestamp()), _FOR_ITS_OWNER
            bundle.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


# --- what can be told without the running agent ---------------------------------------------------------------------------------


def parts_of(config: Config, at: datetime, root: Path = Path("/")) -> list[Part]:
    """What the configuration, the state folder and the kernel tell."""

    async def about() -> Told:
        return {
            "box": config.box.id,
            "site": config.box.site,
            "at": at.isoformat(),
            "agent": AGENT_VERSION,
            "python": platform.python_version(),
            "system": platform.platform(),
            "sqlite": sqlite3.sqlite_version,
        }

    async def configuration() -> Told:
        return asdict(config)

    async def folder() -> Told:
        return await asyncio.to_thread(_files, config.box.state_dir)

    async def databases() -> Told:
        checked = {name: config.box.state_dir / name for name in ("facts.db", "replica.db")}
        return {name: await asyncio.to_thread(quick_check, path) for name, path in checked.items()}

    async def kernel() -> Told:
        return await asyncio.to_thread(kernel_tail, root)

    return [
        ("about.json", about),
        ("config.json", configuration),
        ("databases.json", databases),
        ("files.json", folder),
        ("kernel.txt", kernel),
    ]


def secrets_of(config: Config) -> list[str]:
    """The texts of the files that the configuration names as secret."""
    found: list[str] = []
    for path in (config.broker.password_file, config.controller.token_file):
        if path is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                found.append(path.read_text(encoding="utf-8").strip())
    return found


def quick_check(path: Path) -> str:
    """What SQLite says of a file, by a reader of its own; nobody who writes waits."""
    if not path.exists():
        return "is not there"
    if path.stat().st_size > CHECKED_UP_TO:
        return f"not checked: {path.stat().st_size} bytes"
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2)) as db:
            return str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return f"cannot be read: {error}"


def kernel_tail(root: Path = Path("/"), lines: int = 200) -> str:
    """The kernel's newest lines about USB and power, where this user may read them (syslog(2), /dev/kmsg)."""
    found: list[str] = []
    try:
        descriptor = os.open(root / "dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        return f"the kernel's log may not be read: {error.strerror}\n"
    deadline = time.monotonic() + KERNEL_SECONDS
    try:
        while time.monotonic() < deadline and select.select([descriptor], [], [], 0)[0]:
            record = os.read(descriptor, 8192)
            if not record:
                break
            line = record.decode(errors="replace").partition(";")[2].splitlines()[:1]
            if line and any(word in line[0].lower() for word in ("usb", "tty", "voltage", "mmc", "ext4", "thermal")):
                found = [*found[-lines + 1 :], line[0]]
    except OSError as error:  # EPIPE: what we were to read was overwritten meanwhile
        found.append(f"(the kernel's log could not be read further: {error.strerror})")
    finally:
        os.close(descriptor)
    return "\n".join(found) + "\n"


def _files(folder: Path) -> dict[str, int]:
    """Bytes by name; what is in them is not looked at."""
    found: dict[str, int] = {}
    for path in sorted(folder.rglob("*"))[:500]:
        with contextlib.suppress(OSError):
            if path.is_file():
                found[str(path.relative_to(folder))] = path.stat().st_size
    return found


# --- recordings -----------------------------------------------------------------------------------------------------------------


def recording_of(kind: Kind, ring: Ring) -> str:
    """The newest of what passed between a device and its driver: times, ways and lengths, and of the content what is no business.

    What scanners read and displays show keeps its shape (letters become A, digits 9), keystrokes and paper their lengths alone.
    """
    entries, added = ring.since()
    shown = entries[-RECORDED_ENTRIES:]
    start = shown[0].at if shown else 0.0
    lines = [json.dumps({"entries": added, "shown": len(shown)})]
    lines += [json.dumps({"t": round(entry.at - start, 4), "way": entry.way.value, **_told_of(kind, entry)}) for entry in shown]
    return "\n".join(lines) + "\n"


def _told_of(kind: Kind, entry: Entry) -> dict[str, object]:
    what = entry.what
    if isinstance(what, bytes):
        if kind is Kind.SCALE:
            return {"hex": what.hex()}
        if kind in _INPUTS or kind is Kind.LINE_DISPLAY:
            return {"bytes": len(what), "shape": shape_of(what)}
        return {"hex": what.hex()} if entry.way is Way.DEVICE else {"bytes": len(what)}
    if isinstance(what, tuple | frozenset):
        return {"keys": len(what)}
    return {"mark": str(what)}


def shape_of(data: bytes) -> str:
    """Letters as A, digits as 9, what stands beside them as it is; bytes beyond ASCII as X."""
    return "".join(
        "9" if 48 <= byte <= 57 else "A" if chr(byte).isalpha() and byte < 128 else chr(byte) if 32 <= byte < 127 else _other(byte)
        for byte in data
    )


def _other(byte: int) -> str:
    return "X" if byte >= 128 else f"\\x{byte:02x}"


def as_json(value: object) -> Told:
    """Any of our structs, as JSON can say it."""
    plain = msgspec.to_builtins(value)
    return plain if isinstance(plain, dict | list) else {"value": plain}
