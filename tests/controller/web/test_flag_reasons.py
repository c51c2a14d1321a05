"""What the system says of flags is known in every form that it is said in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from msgspec.structs import replace

from controller.customers.addresses import AddressFlaw
from controller.review.judging import NO_LONGER
from controller.review.policies import Checked, Limits, PricedLine, findings
from controller.web.flag_reasons import flag_reason
from edge_agent.ui.locales import Language, Writer

ROOT = Path(__file__).parents[3] / "controller"
WRITER = Writer(Language.ENGLISH, UTC)


def marked(text: str) -> str:
    return f"<{text}>"


def said(reason: str) -> str:
    """As a catalogue would say it that puts each text between brackets."""
    return flag_reason(marked, reason, WRITER, "CNY")


def written() -> Iterator[str]:
    """The reasons in calls of `set_flag` and `clear_flag`, with a 7 wherever something is put in."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("set_flag", "clear_flag"):
                yield from texts(node.args[2])


def texts(node: ast.AST) -> Iterator[str]:
    """Those that are whole sentences."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
        yield node.value
    else:
        for each in ast.iter_child_nodes(node):
            yield from texts(each)


def test_reasons_are_found_at_all() -> None:
    assert len(set(written())) >= 9


@pytest.mark.parametrize("reason", sorted({NO_LONGER, *written()}))
def test_every_reason_that_is_written_is_known(reason: str) -> None:
    assert said(reason.replace("as 7", "as SO-7")).startswith("<")


def test_what_the_checks_find_is_told_with_its_amounts() -> None:
    line = PricedLine(sku="tea: green", unit_price_minor=99, listed_minor=1000)
    order = Checked(
        flaws=(("phone", "missing_phone"), ("street", "street_too_short")),
        lines=(line,) * 7,
        discount=3050,
        credit="D",
        arrears_minor=123_456,
        twin="SO-100007",
    )
    limits = replace(Limits(), discount_bp=3000, ratings=("D",), arrears_minor=100)
    told = {kind.value: said(reason) for kind, reason in findings(order, limits).items()}
    assert told["bad_address"] == "<No telephone number>; <The street is too short to be found>"
    discount, price, *_ = told["price_anomaly"].split("; ")
    assert discount == "<Discounts of 30.50 %, at most 30 % expected>"
    assert price == "<tea: green for CN¥0.99 instead of CN¥10.00>"
    assert told["credit"] == "<Credit rating D>; <Owes CN¥1,234.56, at most CN¥1.00 expected>"
    assert told["duplicate_suspected"] == "<The same customer ordered the same goods as SO-100007>"


@pytest.mark.parametrize("flaw", list(AddressFlaw))
def test_every_flaw_of_an_address_is_known(flaw: AddressFlaw) -> None:
    assert said(f"street: {flaw.replace('_', ' ')}").startswith("<")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("counter b1-000012: price tea: 300 / 250", "<Counter order b1-000012: tea for CN¥3.00, here it costs CN¥2.50>"),
        ("counter b1-000012: price 900 / 975", "<Counter order b1-000012 came to CN¥9.00 there, and to CN¥9.75 here>"),
        ("counter b1-000012: price tea: 3 / 2, ham: 4 / 5", "<Counter order b1-000012 has other prices: tea: 3 / 2, ham: 4 / 5>"),
        (
            "counter b1-000012: goods 4006381333931",
            "<Counter order b1-000012: nobody knows these goods of its receipt: 4006381333931>",
        ),
        ("counter b1-000012: account b1-000012", "<Counter order b1-000012 is on account, and nobody said on whose>"),
        ("asked by telephone: wait until Friday", "asked by telephone: wait until Friday"),
        ("100% sure; really", "100% sure; really"),
    ],
)
def test_words_of_people_stay_as_they_are_and_those_of_counters_are_told(reason: str, words: str) -> None:
    assert said(reason) == words
