"""`shelfwire-agent diagnostics -o FILE`: the bundle at the box itself; from the agent if it runs, else of what is on disk."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
import sys
from pathlib import Path

from edge_agent.config import Config
from edge_agent.config_command import held
from edge_agent.device_tools.ear import NobodyThere, ask
from edge_agent.device_tools.request import CannotDo, Request
from edge_agent.diagnostics import make_bundle, parts_of, secrets_of
from edge_agent.masking import Masker
from edge_agent.seams import SystemClock

FAILED = 1
_FOR_ITS_OWNER = 0o600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", dest="out", type=Path, required=True, metavar="FILE", help="such as box-1.tar.gz")


def run(chosen: argparse.Namespace, config: Config) -> int:
    """The exit status: 0 written; 1 it could not be, with a sentence."""
    try:
        content, told = asyncio.run(_bundle(config))
        _store(chosen.out, content)
    except CannotDo as error:
        print(error, file=sys.stderr)  # noqa: T201 -- a command's output
        return FAILED
    print(f"{chosen.out}: {len(content)} bytes, {told}. Passwords, keys, badges and names are masked.")  # noqa: T201
    return 0


async def _bundle(config: Config) -> tuple[bytes, str]:
    """Raises CannotDo."""
    try:
        async with contextlib.aclosing(ask(config.box.state_dir, Request(do="diagnostics"))) as items:
            async for item in items:
                return bytes.fromhex(str(item.get("bundle", ""))), "from the running agent"
        raise CannotDo("the agent gave no bundle")
    except NobodyThere:
        at = SystemClock().now()
        content = await make_bundle(parts_of(held(config), at), Masker(secrets_of(config), (), secrets.token_bytes(16)), at)
        return content, "without the agent, which does not run"


def _store(out: Path, content: bytes) -> None:
    """Raises CannotDo."""
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FOR_ITS_OWNER)
        with os.fdopen(descriptor, "wb") as opened:
            if out.is_file():  # one that was there keeps its mode otherwise
                os.fchmod(descriptor, _FOR_ITS_OWNER)
            opened.write(content)
    except OSError as error:
        raise CannotDo(f"{out} cannot be written: {error.strerror}") from error
