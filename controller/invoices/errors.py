"""Why an invoice is not issued, or not corrected."""

from __future__ import annotations

from controller.errors import Conflict, Rejected


class NotInvoiceable(Conflict):
    """A draft or a cancelled order, or one that comes to nothing."""

    code = "not_invoiceable"

    def __init__(self, order: str, why: str) -> None:
        super().__init__(f"{order} {why}: no invoice is issued for it")
        self.order = order


class InvoicedOtherwise(Conflict):
    """It has an invoice over another amount."""

    code = "invoiced_otherwise"

    def __init__(self, order: str, invoice: str) -> None:
        super().__init__(f"{order} is invoiced by {invoice} over another amount: correct that first, then issue a new one")
        self.order = order
        self.invoice = invoice


class NoSeller(Conflict):
    """Nobody said who sells there."""

    code = "no_seller"

    def __init__(self, site: str | None) -> None:
        where = "for the whole chain" if site is None else f"for {site}, nor for the whole chain"
        super().__init__(f"nobody said who the seller is {where}: name, address and tax number stand on every invoice")
        self.site = site


class BadCorrection(Rejected):
    """What it asks to take back is not there."""

    code = "bad_correction"


class BadInvoice(Rejected):
    """A prefix, a name or a reason that cannot stand on paper."""

    code = "bad_invoice"
