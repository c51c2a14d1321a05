"""What an order came to, copied for its invoice: lines, taxes, discounts and payments as they are at this moment."""

from __future__ import annotations

from collections import defaultdict

from controller.invoices.errors import NotInvoiceable
from controller.invoices.policies import Content, GivenDiscount, InvoiceLine, LineTax, PaidBy, Seller
from controller.orders import queries as orders
from controller.orders.queries import StoredLine, StoredOrder
from controller.orders.totals import kept_before
from controller.payments.stored import balances
from controller.taxes.queries import KeptLine, KeptTax, KeptTotal


async def frozen(order: StoredOrder, seller: Seller) -> Content:
    """In the transaction that locked the order.  Raises NotInvoiceable (nothing was counted, or it comes to nothing)."""
    total = await kept_before(order.id)
    if total is None:
        raise NotInvoiceable(order.no, "was never counted")
    by_position = {line.position: line for line in (await orders.lines([order.id]))[order.id]}
    taxes: dict[int, list[KeptTax]] = defaultdict(list)
    for tax in total.taxes:
        taxes[tax.position].append(tax)
    lines = [_line(one, by_position.get(one.position), taxes[one.position]) for one in total.lines]
    content = Content(
        currency=total.currency,
        is_inclusive=total.is_inclusive,
        seller=seller,
        lines=tuple(line for line in lines if line.quantity and (line.amount_minor or line.sku)),
        discounts=_discounts(total),
        payments=await _payments(order.id),
        rounding_minor=total.rounding_minor,
        certificate=total.certificate,
        total_version=total.version,
    )
    if not content.lines or content.payable_minor < 0:
        raise NotInvoiceable(order.no, "comes to nothing")
    return content


def _line(one: KeptLine, goods: StoredLine | None, taxes: list[KeptTax]) -> InvoiceLine:
    """Weighed goods and short lines by what was packed of them, as they are charged."""
    return InvoiceLine(
        position=one.position,
        kind=one.kind.value,
        sku=goods.sku if goods else "",
        name_zh=goods.name_zh if goods else "",
        name_en=goods.name_en if goods else "",
        base_unit=goods.base_unit if goods else "",
        quantity=goods.charged if goods else 1,
        unit_price_minor=goods.unit_price_minor if goods else one.amount_minor,
        price_per=goods.price_per if goods else 1,
        amount_minor=one.amount_minor,
        discount_minor=one.discount_minor,
        net_minor=one.net_minor,
        tax_minor=one.tax_minor,
        gross_minor=one.gross_minor,
        exempted_minor=one.exempted_minor,
        taxes=tuple(
            LineTax(
                code=tax.rate.code,
                name=tax.rate.name,
                numerator=tax.rate.value.numerator,
                denominator=tax.rate.value.denominator,
                base_minor=tax.base_minor,
                tax_minor=tax.tax_minor,
            )
            for tax in taxes
        ),
    )


def _discounts(total: KeptTotal) -> tuple[GivenDiscount, ...]:
    return tuple(
        GivenDiscount(minor=each.minor, basis_points=each.basis_points, position=each.position, reason=each.reason)
        for each in total.discounts
    )


async def _payments(order_id: int) -> tuple[PaidBy, ...]:
    found = (await balances([order_id])).get(order_id)
    sums: dict[str, int] = defaultdict(int)
    for payment in found.payments if found else ():
        sums[payment.means.value] += payment.sums.kept
    return tuple(PaidBy(means=means, minor=minor) for means, minor in sums.items() if minor)
