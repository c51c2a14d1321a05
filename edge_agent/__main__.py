"""`shelfwire-agent run --config PATH`, `check-config --config PATH`, `config show|reset`, `devices VERB`,
`diagnostics -o FILE`.

The verbs of `devices` are in `edge_agent.device_tools.command`, those of `config` in `edge_agent.config_command`.

Exit status: 0 stopped as asked, or done; 1 `devices` could not do it;
2 the configuration is wrong; 3 the state folder cannot be used; 75 start it again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_agent import app, config_command, diagnostics_command
from edge_agent.config import Config, load_config
from edge_agent.desired import wrong_device
from edge_agent.device_tools import command
from edge_agent.errors import AgentError, ConfigErrors, FactsUnavailable
from edge_agent.wire.log_line import log_to_stderr

WRONG_CONFIG = 2
UNUSABLE_STATE = 3
_FOR_US_ALONE = 0o077
"""Facts, people and recordings of devices are nobody else's, whoever starts the agent."""
START_AGAIN = 75


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="shelfwire-agent", description="The Shelfwire agent of a store box.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, text in (("run", "run the agent until SIGTERM"), ("check-config", "check a configuration file and end")):
        verbs.add_parser(verb, help=text).add_argument(
            "--config", type=Path, default=command.CONFIG, metavar="PATH", help=f"default: {command.CONFIG}"
        )
    held = verbs.add_parser("config", help="which configuration holds, the file's or the controller's; back to the file")
    held.add_argument("--config", type=Path, default=command.CONFIG, metavar="PATH", help=f"default: {command.CONFIG}")
    config_command.add_arguments(held)
    devices = verbs.add_parser("devices", help="look at the devices, try them, record them")
    command.add_arguments(devices)
    bundle = verbs.add_parser("diagnostics", help="how the box is, in one file for whoever looks after it; secrets are masked")
    bundle.add_argument("--config", type=Path, default=command.CONFIG, metavar="PATH", help=f"default: {command.CONFIG}")
    diagnostics_command.add_arguments(bundle)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.verb == "devices":
            return command.run(chosen)
        config = load_config(chosen.config, wrong_device if chosen.verb == "check-config" else None)
        if chosen.verb == "config":
            return config_command.run(chosen, config)
        if chosen.verb == "diagnostics":
            return diagnostics_command.run(chosen, config)
        if chosen.verb == "check-config":
            counts = f"{_count(config.devices, 'device')}, {_count(config.stations, 'station')}"
            print(f"{chosen.config}: is right: box {config.box.id}, {counts}")
            return 0
    except ConfigErrors as wrong:
        for error in wrong.errors:
            print(error, file=sys.stderr)
        return WRONG_CONFIG
    return _run(config)


def _run(config: Config) -> int:
    os.umask(_FOR_US_ALONE)
    log_to_stderr(config.box.log_level)
    try:
        asyncio.run(app.run(config))
    except FactsUnavailable as error:
        print(error, file=sys.stderr)
        return UNUSABLE_STATE
    except (AgentError, ExceptionGroup) as error:
        logging.getLogger(__name__).critical("the agent ends; start it again", exc_info=error)
        return START_AGAIN
    return 0


def _count(of: Sequence[object], noun: str) -> str:
    return f"{len(of)} {noun}{'' if len(of) == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main())
