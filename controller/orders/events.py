"""What is told of orders.  The subject is the order's number.  Of sealed data only the names of fields are told, never values."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from controller.events import Event


class OrderDrafted(Event, frozen=True, kw_only=True):
    """It holds nothing yet."""

    name: ClassVar[str] = "order_drafted"
    channel: str
    reference: str


class OrderPlaced(Event, frozen=True, kw_only=True):
    """`total_minor` in minor units of `currency`; `lines` counts its lines."""

    name: ClassVar[str] = "order_placed"
    channel: str
    reference: str
    lines: int
    total_minor: int
    currency: str


class OrderReviewNeeded(Event, frozen=True, kw_only=True):
    """A person has to look at it before it is released."""

    name: ClassVar[str] = "order_review_needed"


class OrderApproved(Event, frozen=True, kw_only=True):
    """A person approved it; one that needs no review is approved as it is placed, and nothing is told."""

    name: ClassVar[str] = "order_approved"
    reason: str


class OrderHeld(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "order_held"
    reason: str


class OrderResumed(Event, frozen=True, kw_only=True):
    """It is reviewed again."""

    name: ClassVar[str] = "order_resumed"
    reason: str


class OrderCancelled(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "order_cancelled"
    reason: str


class OrderClosed(Event, frozen=True, kw_only=True):
    """All of it is with the customer, or declared short."""

    name: ClassVar[str] = "order_closed"


class OrderLineShort(Event, frozen=True, kw_only=True):
    """A picker found less of a line than was promised; `missing` in base units, as known at that time."""

    name: ClassVar[str] = "order_line_short"
    position: int
    sku: str
    missing: int


class OrderLineWanting(Event, frozen=True, kw_only=True):
    """It was taken though there was too little: `missing` base units are promised when they arrive."""

    name: ClassVar[str] = "order_line_wanting"
    position: int
    sku: str
    missing: int


class OrderLinePromised(Event, frozen=True, kw_only=True):
    """`quantity` base units that were wanting are promised now; `still` are wanting yet."""

    name: ClassVar[str] = "order_line_promised"
    position: int
    sku: str
    quantity: int
    still: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field; before and after are None where the field is sealed."""

    field: str
    before: str | int | None = None
    after: str | int | None = None


class OrderChanged(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "order_changed"
    changes: list[Change]
    reason: str


class OrderLineSubstituted(Event, frozen=True, kw_only=True):
    """A person gave `quantity` base units of another SKU for `replaces` of a line; by how much the sum changed, in minor units."""

    name: ClassVar[str] = "order_line_substituted"
    position: int
    sku: str
    replaces: int
    substitute: str
    quantity: int
    dearer_minor: int
    reason: str


class ChannelShortSet(Event, frozen=True, kw_only=True):
    """What becomes of a channel's orders when there is too little; the subject is `channel:` and its code."""

    name: ClassVar[str] = "channel_short_set"
    before: str
    after: str


class OrderBatchStarted(Event, frozen=True, kw_only=True):
    """The subject is the batch's number."""

    name: ClassVar[str] = "order_batch_started"
    action: str
    orders: int


class OrderBatchEnded(Event, frozen=True, kw_only=True):
    """`state`: done or stopped; of its orders so many were done, and so many refused."""

    name: ClassVar[str] = "order_batch_ended"
    action: str
    state: str
    done: int
    failed: int


class OrderLinked(Event, frozen=True, kw_only=True):
    """Lines went to another order, or came from it; told of both.  `kind`: split or merge; `undone`: it was taken back.

    `uncharged_minor`: shipping that is not charged any more, as one parcel is sent.
    """

    name: ClassVar[str] = "order_linked"
    kind: str
    from_order: str
    to_order: str
    reason: str
    undone: bool = False
    uncharged_minor: int = 0


class OrderFlagged(Event, frozen=True, kw_only=True):
    """Something is wrong with it: it is not released, gets no label and is not handed over until that is settled."""

    name: ClassVar[str] = "order_flagged"
    kind: str
    reason: str


class OrderFlagCleared(Event, frozen=True, kw_only=True):
    """`others`: the kinds of flags that are still set."""

    name: ClassVar[str] = "order_flag_cleared"
    kind: str
    reason: str
    others: list[str]


class OrderTagged(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "order_tagged"
    tag: str
    reason: str


class OrderUntagged(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "order_untagged"
    tag: str
    reason: str


class TemplateSaved(Event, frozen=True, kw_only=True):
    """A template of orders was made, changed, or switched on or off.  `lines` None: they stayed as they were."""

    name: ClassVar[str] = "order_template_saved"
    title: str
    lines: int | None
    is_active: bool


class PresetSaved(Event, frozen=True, kw_only=True):
    """A preset of orders was made, changed, or switched on or off.  `pays`, `goes`: how it is paid and gets to the customer."""

    name: ClassVar[str] = "order_preset_saved"
    title: str
    pays: str
    goes: str
    is_active: bool
