"""The right to be the one agent on a state folder.

Two agents on one `facts.db` would number their facts over each other and take each other's MQTT session for ever.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from edge_agent.errors import FactsUnavailable, StateInUse


class StateLock:
    """An flock on the folder itself: it ends with the process however that ends, and needs no room on a full disk.

    Taken before anything in the folder is touched.  Raises StateInUse, FactsUnavailable.
    """

    def __init__(self, folder: Path) -> None:
        try:
            with contextlib.suppress(FileExistsError):  # if it is no folder, the next line says so
                folder.mkdir(mode=0o700, parents=True)
            self._folder: int | None = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            reason = error.strerror or str(error)
            raise FactsUnavailable(
                f"{folder} cannot be written ({reason}); make it the agent's own, or set box.state_dir"
            ) from error
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.release()
            raise StateInUse(
                f"{folder} is in use by another agent; stop that one, or give this box a box.id and a box.state_dir of its own"
            ) from error

    def release(self) -> None:
        """Again and again is fine."""
        folder, self._folder = self._folder, None
        if folder is not None:
            os.close(folder)
