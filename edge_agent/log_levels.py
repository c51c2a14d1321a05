"""At which level the agent writes its log: as configured, or for some minutes as somebody asked by a command."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from edge_agent.config import Config

_log = logging.getLogger(__name__)


class LogLevels:
    """`use` makes a level hold."""

    def __init__(self, config: Config, use: Callable[[str], None]) -> None:
        self._configured = config.box.log_level
        self._use = use
        self._back: asyncio.TimerHandle | None = None

    async def reconfigure(self, config: Config) -> None:
        """What somebody asked for goes on holding until its time is over."""
        if config.box.log_level != self._configured:
            self._configured = config.box.log_level
            if self._back is None:
                self._use(self._configured)

    def for_a_while(self, level: str, seconds: float) -> None:
        """Then it is as configured again; a restart ends it, too."""
        if self._back is not None:
            self._back.cancel()
        self._use(level)
        self._back = asyncio.get_running_loop().call_later(seconds, self._return)

    def _return(self) -> None:
        self._back = None
        self._use(self._configured)
        _log.info("the log is written at its configured level again", extra={"level": self._configured})
