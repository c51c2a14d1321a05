"""What is shown by default."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.customers.masks import masked_email, masked_name, masked_phone, masked_street


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三丰", "张**"),
        ("张三", "张**"),
        ("欧阳娜娜", "欧**"),
        ("Jane Smith", "J*** S***"),
        ("Li", "L***"),
        ("", ""),
        (" 李 ", "李**"),
    ],
)
def test_names(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("+8613812341234", "138****1234"), ("+447911123456", "+44****3456"), ("+8618412345678;ext=1234", "184****5678"), ("", "")],
)
def test_phones(phone: str, shown: str) -> None:
    assert masked_phone(phone) == shown


def test_addresses() -> None:
    assert masked_email("mei.li@example.com") == "m***@example.com"
    assert masked_email("nothing") == ""
    assert (masked_street("科技园路1号"), masked_street("")) == ("***", "")


@given(st.text(min_size=3, max_size=30))
def test_no_mask_tells_the_length_of_a_name(name: str) -> None:
    assert all(len(word) <= 4 for word in masked_name(name).split(" "))
