"""Who may use which route, written down by hand: f floor, p picker, m manager, $ finance, i IT, a admin.

At a site of their own; at another one nobody may.  The lines are in `roles/<feature>.txt`, in order of path, the API before the
pages.  A route that is in none fails the test: decide who may use it, then add its line to its feature's file.
"""

from __future__ import annotations

from pathlib import Path

from edge_agent.wire.roles import Role

LETTERS = dict(zip("fpm$ia", Role, strict=True))
FOLDER = Path(__file__).with_name("roles")


def _lines() -> list[tuple[str, str]]:
    """Letters and route of each line."""
    files = sorted(FOLDER.glob("*.txt"))
    return [(line[:6], line[7:]) for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def _expected() -> dict[str, frozenset[Role]]:
    """Raises ValueError for a route that has two lines."""
    found: dict[str, frozenset[Role]] = {}
    for letters, route in _lines():
        if route in found:
            raise ValueError(f"{route} stands in two lines of {FOLDER.name}/")
        found[route] = frozenset(LETTERS[letter] for letter in letters if letter != "-")
    return found


EXPECTED = _expected()
