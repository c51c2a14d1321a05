"""Put something else in the place of a name of the product, and back."""

from __future__ import annotations

from collections.abc import Callable

Undo = Callable[[], None]


def swap(owner: object, name: str, new: object) -> Undo:
    """`owner.name` is `new` until the returned call."""
    old = getattr(owner, name)
    setattr(owner, name, new)
    return lambda: setattr(owner, name, old)
