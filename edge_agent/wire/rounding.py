"""Whole minor units out of exact ones: rounding once, and spreading so that the parts sum to the whole.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction


class Mode(StrEnum):
    """What becomes of a half: up, to the even one, or of any part: cut off."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"


def rounded(exact: Fraction, mode: Mode) -> int:
    """A whole number from one that is not below zero."""
    whole, rest = divmod(exact.numerator, exact.denominator)
    if mode is Mode.DOWN or 2 * rest < exact.denominator:
        return whole
    if 2 * rest == exact.denominator and mode is Mode.HALF_EVEN:
        return whole + whole % 2
    return whole + 1


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Parts of `amount` in proportion to `weights`, by largest remainder: they sum to it exactly.

    Of equal remainders the earlier gets its unit first.  Weights that are all 0 count alike.  With `amount` not above their sum
    no part is above its weight, so that 100 % leaves 0 everywhere.  Raises ValueError: a negative one, nothing to spread over.
    """
    if amount < 0 or any(weight < 0 for weight in weights) or (amount and not weights):
        raise ValueError(f"cannot spread {amount} over {list(weights)}: expected no negative number, and somewhere to put it")
    weighed = list(weights) if any(weights) else [1] * len(weights)
    total = sum(weighed)
    return apportion(amount, [Fraction(amount * weight, total) for weight in weighed])


def apportion(amount: int, exact: Sequence[Fraction], caps: Sequence[int] | None = None) -> list[int]:
    """Whole parts of `amount`, each its exact share or next to it; by largest remainder, of equal ones the earlier first.

    No part is above its cap; `amount` is then at most the sum of the caps.
    """
    most = [amount] * len(exact) if caps is None else list(caps)
    parts = [min(share.numerator // share.denominator, cap) for share, cap in zip(exact, most, strict=True)]
    rest = amount - sum(parts)
    order = sorted(range(len(parts)), key=lambda index: (-(exact[index] % 1), index))
    while rest > 0:
        before = rest
        for index in order:
            if rest and parts[index] < most[index]:
                parts[index] += 1
                rest -= 1
        if rest == before:
            raise ValueError(f"{rest} of {amount} fit nowhere")
    return parts
