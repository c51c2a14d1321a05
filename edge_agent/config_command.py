"""`shelfwire-agent config show|reset`: which configuration holds, the file's or the controller's, and back to the file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from edge_agent.config import Config
from edge_agent.desired import document_of, read_desired
from edge_agent.errors import FactsUnavailable, StateInUse
from edge_agent.facts import FactsDb
from edge_agent.state_lock import StateLock
from edge_agent.twin_store import Stored, TwinStore, look

DONE, NOT_DONE = 0, 3
FACTS = "facts.db"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="do", required=True)
    verbs.add_parser("show", help="tell which configuration holds, and what it says; also while the agent runs")
    verbs.add_parser("reset", help="go back to the file until the controller sends a newer version; the agent must be stopped")


def held(file: Config) -> Config:
    """What holds on this box: what the controller set, as far as it was applied, else the file."""
    stored = look(file.box.state_dir / FACTS)
    return file if stored.applied is None else read_desired(stored.applied, file, file).config


def run(chosen: argparse.Namespace, file: Config) -> int:
    """The exit status."""
    if chosen.do == "reset":
        return _reset(file)
    for line in shown(file, look(file.box.state_dir / FACTS)):
        print(line)  # noqa: T201 -- a command's answer
    return DONE


def shown(file: Config, stored: Stored) -> Iterator[str]:
    """For people: in words, then what holds as JSON."""
    if stored.applied is None:
        yield "The file holds; the controller has set nothing." if stored.version == 0 else "The file holds."
    else:
        yield f"Version {stored.applied_version} from the controller holds, not what the file says of devices, stations and so on."
    if stored.version > stored.applied_version:
        yield f"Version {stored.version} has arrived and is applied when the agent runs."
    for error in stored.errors:
        yield f"{error.key or 'all of it'}: {error.message} ({error.code})"
    config = file if stored.applied is None else read_desired(stored.applied, file, file).config
    yield json.dumps(document_of(config), indent=2, ensure_ascii=False)


def _forget(file: Config) -> bool:
    facts = FactsDb(file.box.state_dir / FACTS, file.limits)
    try:
        return TwinStore(facts).reset()
    finally:
        facts.close()


def _reset(file: Config) -> int:
    try:
        lock = StateLock(file.box.state_dir)
    except StateInUse:
        print("The agent runs. Stop it first: systemctl stop shelfwire-agent", file=sys.stderr)  # noqa: T201 -- a command's answer
        return NOT_DONE
    except FactsUnavailable as error:
        print(error, file=sys.stderr)  # noqa: T201 -- a command's answer
        return NOT_DONE
    try:
        was_set = (file.box.state_dir / FACTS).exists() and _forget(file)
    except FactsUnavailable as error:
        print(error, file=sys.stderr)  # noqa: T201 -- a command's answer
        return NOT_DONE
    finally:
        lock.release()
    told = (
        "The file holds from the next start on, until the controller sends a newer version."
        if was_set
        else "The file holds already."
    )
    print(told)  # noqa: T201 -- a command's answer
    return DONE
