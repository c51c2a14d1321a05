"""English counts one thing and many: `{items:item|items}` in a text is `1 item`, `2 items`.  Chinese does not and needs none."""

from __future__ import annotations

from string import Formatter


class Counting(Formatter):
    """A format that has a bar names what is counted: one of it, and more (or none)."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        if not bar:
            return str(super().format_field(value, format_spec))
        return f"{value} {one if value == 1 else many}"


WRITER = Counting()
