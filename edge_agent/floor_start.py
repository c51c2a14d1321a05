"""The floor's pages start beside the box: aiohttp, Jinja2 and Babel take as long to load as all else, no scan waits for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from edge_agent.seams import Clock

if TYPE_CHECKING:  # loaded only once the box runs, and never without pages
    from edge_agent.floor.binding import BoxPort
    from edge_agent.floor.config import FloorConfig
    from edge_agent.floor.server import Floor


class FloorStart:
    """Builds the pages in a thread, then serves them."""

    def __init__(self, port: BoxPort, config: FloorConfig, clock: Clock, box: str) -> None:
        self._port = port
        self._config = config
        self._clock = clock
        self._box = box

    async def run(self) -> None:
        """Until cancelled."""
        floor = await asyncio.to_thread(self._build)
        await floor.run()

    def _build(self) -> Floor:
        """Blocks."""
        from edge_agent.floor.server import Floor  # noqa: PLC0415 -- see above

        return Floor(self._port, self._config, self._clock, self._box)
