from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.invoices.policies import Content, InvoiceLine, LineTax, Seller, correction, left_minor, taken_back, too_much, whole

SELLER = Seller(name="S")
AMOUNT = st.integers(0, 10**7)


@st.composite
def lines(draw: st.DrawFn, position: int, *, is_inclusive: bool) -> InvoiceLine:
    """A line as taxes make it: what stands on it adds up."""
    net, discount = draw(AMOUNT), draw(AMOUNT)
    taxes = tuple(
        LineTax(code=code, name=code, numerator=13, denominator=100, base_minor=net, tax_minor=draw(st.integers(0, 10**6)))
        for code in draw(st.sampled_from(((), ("vat",), ("state", "town"))))
    )
    tax = sum(each.tax_minor for each in taxes)
    return InvoiceLine(
        position=position,
        kind="goods",
        sku="t",
        name_zh="t",
        name_en="t",
        base_unit="piece",
        quantity=draw(st.integers(1, 997)),
        unit_price_minor=1,
        price_per=1,
        amount_minor=(net + tax if is_inclusive else net) + discount,
        discount_minor=discount,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        exempted_minor=0,
        taxes=taxes,
    )


@st.composite
def contents(draw: st.DrawFn) -> Content:
    is_inclusive = draw(st.booleans())
    found = tuple(draw(lines(position, is_inclusive=is_inclusive)) for position in range(1, draw(st.integers(1, 4)) + 1))
    return Content(currency="CNY", is_inclusive=is_inclusive, seller=SELLER, lines=found, rounding_minor=draw(st.integers(-4, 4)))


@given(content=contents(), data=st.data())
def test_corrections_of_any_parts_add_up_to_the_whole_invoice(content: Content, data: st.DataObject) -> None:
    done: list[Content] = []
    while left := whole(content, taken_back(done)):
        part = {position: data.draw(st.integers(0, quantity)) for position, quantity in left.items()}
        wanted = {position: quantity for position, quantity in part.items() if quantity} or left
        done.append(correction(content, taken_back(done), wanted))
    assert left_minor(content, done) == 0
    for name in ("net_minor", "tax_minor", "gross_minor", "discount_minor", "rounding_minor"):
        assert getattr(content, name) + sum(getattr(one, name) for one in done) == 0
    rates = {rate.code: rate.tax_minor for rate in content.rates}
    for rate in (rate for one in done for rate in one.rates):
        rates[rate.code] += rate.tax_minor
    assert not any(rates.values())


@given(content=contents(), data=st.data())
def test_each_correction_adds_up_by_itself(content: Content, data: st.DataObject) -> None:
    wanted = {line.position: data.draw(st.integers(1, line.quantity)) for line in content.lines}
    found = correction(content, {}, wanted)
    for line in found.lines:
        assert line.net_minor + line.tax_minor == line.gross_minor
        assert line.tax_minor == sum(tax.tax_minor for tax in line.taxes)
        priced = line.gross_minor if content.is_inclusive else line.net_minor
        assert line.amount_minor - line.discount_minor == priced


def test_no_more_than_is_left_of_a_line_is_taken_back() -> None:
    line = InvoiceLine(
        position=1, kind="goods", sku="t", name_zh="", name_en="", base_unit="piece", quantity=3, unit_price_minor=5, price_per=1,
        amount_minor=15, discount_minor=0, net_minor=15, tax_minor=0, gross_minor=15, exempted_minor=0,
    )  # fmt: skip
    content = Content(currency="CNY", is_inclusive=True, seller=SELLER, lines=(line,))
    before = taken_back([correction(content, {}, {1: 2})])
    assert too_much(content, before, {1: 1}) is None
    found = too_much(content, before, {1: 2})
    assert found is not None and found.left == 1
    assert (gone := too_much(content, before, {2: 1})) is not None and gone.left == 0
