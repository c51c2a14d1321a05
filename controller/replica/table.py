"""Every part of the replica, a line each: what joins here and in `edge_agent/replica_parts.py` travels to boxes."""

from __future__ import annotations

from controller.replica.bins import BINS
from controller.replica.documents import COUNTS, LABEL_BATCHES, TRANSFERS
from controller.replica.goods import GOODS
from controller.replica.levels import STOCK
from controller.replica.order_templates import ORDER_TEMPLATES
from controller.replica.parcels import HAND_OVERS, PACKS
from controller.replica.parts import Part
from controller.replica.people import PEOPLE
from controller.replica.picks import PICKS
from controller.replica.profiles import PROFILES
from controller.replica.recalls import RECALLS
from controller.replica.receipts import RECEIPTS
from controller.replica.sites import SITES
from controller.replica.taxes import TAXES
from controller.replica.templates import TEMPLATES

PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        GOODS,
        STOCK,
        PEOPLE,
        PROFILES,
        TEMPLATES,
        COUNTS,
        RECEIPTS,
        TRANSFERS,
        LABEL_BATCHES,
        PICKS,
        PACKS,
        HAND_OVERS,
        BINS,
        RECALLS,
        SITES,
        TAXES,
        ORDER_TEMPLATES,
    )
}
