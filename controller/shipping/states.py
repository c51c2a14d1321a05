"""The axis of a shipment, of the purchase of its label, and of a manifest."""

from __future__ import annotations

from enum import StrEnum


class ShipmentState(StrEnum):
    """`open`: it has no label yet.  From `handed_over` on, what the carrier tells decides, in whatever order it comes."""

    OPEN = "open"
    LABELLED = "labelled"
    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    RETURNED = "returned"
    VOID = "void"


class ShipmentAction(StrEnum):
    LABEL = "label"
    HAND_OVER = "hand_over"
    MOVE = "move"
    BRING = "bring"
    DELIVER = "deliver"
    FAIL = "fail"
    RETURN = "return"
    VOID = "void"


_SEEN = {
    ShipmentAction.MOVE: ShipmentState.IN_TRANSIT,
    ShipmentAction.BRING: ShipmentState.OUT_FOR_DELIVERY,
    ShipmentAction.DELIVER: ShipmentState.DELIVERED,
    ShipmentAction.FAIL: ShipmentState.EXCEPTION,
    ShipmentAction.RETURN: ShipmentState.RETURNED,
}

SHIPMENT: dict[ShipmentState, dict[ShipmentAction, ShipmentState]] = {
    ShipmentState.OPEN: {ShipmentAction.LABEL: ShipmentState.LABELLED, ShipmentAction.VOID: ShipmentState.VOID},
    # the carrier's own scan proves that it has it, whoever forgot to scan it out
    ShipmentState.LABELLED: {
        ShipmentAction.HAND_OVER: ShipmentState.HANDED_OVER,
        ShipmentAction.VOID: ShipmentState.VOID,
        **_SEEN,
    },
    ShipmentState.HANDED_OVER: {**_SEEN},
    ShipmentState.IN_TRANSIT: {**_SEEN},
    ShipmentState.OUT_FOR_DELIVERY: {**_SEEN},
    ShipmentState.EXCEPTION: {**_SEEN},
    # a carrier takes its word back: what comes later, or a return, counts
    ShipmentState.DELIVERED: {ShipmentAction.RETURN: ShipmentState.RETURNED},
    ShipmentState.RETURNED: {},
    ShipmentState.VOID: {},
}


class PurchaseState(StrEnum):
    """Of a label.  `calling`: the key is claimed, and the carrier may have been asked: it is never asked for a second one blindly.

    `asked`: the carrier answers later.  `uncertain`: nobody knows whether it was bought; the carrier is asked by our key.
    """

    WANTED = "wanted"
    CALLING = "calling"
    ASKED = "asked"
    UNCERTAIN = "uncertain"
    BOUGHT = "bought"
    REFUSED = "refused"
    VOIDING = "voiding"
    VOIDED = "voided"


class PurchaseAction(StrEnum):
    CALL = "call"
    NOT_SENT = "not_sent"
    ANSWER_LATER = "answer_later"
    LOSE = "lose"
    BUY = "buy"
    REFUSE = "refuse"
    WANT_AGAIN = "want_again"
    VOID = "void"
    GONE = "gone"


PURCHASE: dict[PurchaseState, dict[PurchaseAction, PurchaseState]] = {
    PurchaseState.WANTED: {PurchaseAction.CALL: PurchaseState.CALLING, PurchaseAction.VOID: PurchaseState.VOIDED},
    PurchaseState.CALLING: {
        PurchaseAction.NOT_SENT: PurchaseState.WANTED,
        PurchaseAction.ANSWER_LATER: PurchaseState.ASKED,
        PurchaseAction.LOSE: PurchaseState.UNCERTAIN,
        PurchaseAction.BUY: PurchaseState.BOUGHT,
        PurchaseAction.REFUSE: PurchaseState.REFUSED,
    },
    PurchaseState.ASKED: {PurchaseAction.BUY: PurchaseState.BOUGHT, PurchaseAction.REFUSE: PurchaseState.REFUSED},
    # the carrier says that it knows nothing of our key, or a person does
    PurchaseState.UNCERTAIN: {PurchaseAction.BUY: PurchaseState.BOUGHT, PurchaseAction.WANT_AGAIN: PurchaseState.WANTED},
    PurchaseState.REFUSED: {PurchaseAction.WANT_AGAIN: PurchaseState.WANTED, PurchaseAction.VOID: PurchaseState.VOIDED},
    PurchaseState.BOUGHT: {PurchaseAction.VOID: PurchaseState.VOIDING},
    PurchaseState.VOIDING: {PurchaseAction.GONE: PurchaseState.VOIDED},
    PurchaseState.VOIDED: {},
}


class ManifestState(StrEnum):
    """`closed`: the driver has it all; `sent`: the carrier has the list, too."""

    OPEN = "open"
    CLOSED = "closed"
    SENT = "sent"


class ManifestAction(StrEnum):
    CLOSE = "close"
    SEND = "send"


MANIFEST: dict[ManifestState, dict[ManifestAction, ManifestState]] = {
    ManifestState.OPEN: {ManifestAction.CLOSE: ManifestState.CLOSED},
    ManifestState.CLOSED: {ManifestAction.SEND: ManifestState.SENT},
    ManifestState.SENT: {},
}
