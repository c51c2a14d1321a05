"""A carrier without an interface: we number the label, a driver gets a list, people tell what they hear."""

from __future__ import annotations

from collections.abc import Sequence

from controller.shipping.adapters import Bought, LabelWanted, ManifestPaper, Quote, Seen
from controller.shipping.choosing import Goods


class ManualCarrier:
    """Asks nobody: nothing can be uncertain."""

    async def quote(self, goods: Goods) -> Sequence[Quote]:  # noqa: ARG002 -- prices are those of our table
        return ()

    async def buy(self, wanted: LabelWanted) -> Bought:
        return Bought(wanted.shipment)

    async def find(self, key: str) -> Bought | None:  # noqa: ARG002 -- what was not stored was not numbered
        return None

    async def void(self, key: str, tracking_no: str) -> None:  # noqa: ARG002 -- nobody knows of it
        return

    async def track(self, tracking_nos: Sequence[str]) -> Sequence[Seen]:  # noqa: ARG002 -- people tell
        return ()

    async def manifest(self, paper: ManifestPaper) -> str:
        return paper.number
