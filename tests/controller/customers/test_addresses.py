"""Why goods would not arrive: each reason, and nothing against addresses that are right."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.customers.addresses import FIELDS, Address, AddressFlaw, one_line, place_key, problems_of

SHENZHEN = Address(name="张三", phone="13812345678", province="广东省", city="深圳市", district="南山区", street="科技园路1号")
LONDON = Address(
    name="Jane Smith", phone="07911 123456", country="GB", street="10 Downing Street", city="London", postcode="SW1A 2AA"
)


def flaws(address: Address) -> set[tuple[str, AddressFlaw]]:
    return {(problem.field, problem.flaw) for problem in problems_of(address)}


@pytest.mark.parametrize(
    "address",
    [
        SHENZHEN,
        LONDON,
        Address(name="李四", phone="010-65529988", province="北京", street="朝阳区建国路88号"),
        Address(name="王五", phone="+85291234567", country="HK", city="Kowloon", street="1 Nathan Road"),
        Address(
            name="A B", phone="(212) 555-0123", country="US", street="350 5th Ave", city="New York", province="NY", postcode="10118"
        ),
        Address(name="阿依古丽", phone="13812345678", province="新疆", city="喀什", street="人民西路9号院"),
    ],
)
def test_a_right_address_has_no_problem(address: Address) -> None:
    assert problems_of(address) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": " "}, ("name", AddressFlaw.MISSING_NAME)),
        ({"phone": ""}, ("phone", AddressFlaw.MISSING_PHONE)),
        ({"phone": "1381234"}, ("phone", AddressFlaw.IMPLAUSIBLE_PHONE)),
        ({"province": ""}, ("province", AddressFlaw.MISSING_PROVINCE)),
        ({"province": "火星省"}, ("province", AddressFlaw.UNKNOWN_PROVINCE)),
        ({"city": ""}, ("city", AddressFlaw.MISSING_CITY)),
        ({"city": "杭州市"}, ("city", AddressFlaw.CITY_ELSEWHERE)),
        ({"street": ""}, ("street", AddressFlaw.MISSING_STREET)),
        ({"street": "路1"}, ("street", AddressFlaw.STREET_TOO_SHORT)),
        ({"street": "同上"}, ("street", AddressFlaw.PLACEHOLDER)),
        ({"street": "aaaaaaa"}, ("street", AddressFlaw.PLACEHOLDER)),
        ({"name": "test"}, ("name", AddressFlaw.PLACEHOLDER)),
        ({"street": "深圳邮政信箱123号"}, ("street", AddressFlaw.POST_BOX)),
        ({"postcode": "12"}, ("postcode", AddressFlaw.BAD_POSTCODE)),
        ({"country": "XX"}, ("country", AddressFlaw.UNKNOWN_COUNTRY)),
        ({"note": "长" * 201}, ("note", AddressFlaw.TOO_LONG)),
    ],
)
def test_each_flaw_is_found_in_its_field(change: dict[str, str], expected: tuple[str, AddressFlaw]) -> None:
    assert expected in flaws(msgspec.structs.replace(SHENZHEN, **change))


@pytest.mark.parametrize("street", ["P.O. Box 12", "PO Box 12", "Post Box 7", "Postfach 3 12"])
def test_a_post_box_is_found_in_other_languages(street: str) -> None:
    assert ("street", AddressFlaw.POST_BOX) in flaws(msgspec.structs.replace(LONDON, street=street))


def test_a_postcode_is_asked_for_where_the_post_needs_one() -> None:
    assert ("postcode", AddressFlaw.MISSING_POSTCODE) in flaws(msgspec.structs.replace(LONDON, postcode=""))
    assert ("postcode", AddressFlaw.BAD_POSTCODE) in flaws(msgspec.structs.replace(LONDON, postcode="12345"))


def test_one_place_has_one_key_however_it_is_typed() -> None:
    again = msgspec.structs.replace(SHENZHEN, province="guangdong", city="深圳", street="科技园路 １号", phone="+86 138 1234 5678")
    assert place_key(again) == place_key(SHENZHEN)
    assert place_key(msgspec.structs.replace(SHENZHEN, street="科技园路11号")) != place_key(SHENZHEN)
    assert place_key(msgspec.structs.replace(SHENZHEN, phone="13812345679")) != place_key(SHENZHEN)


def test_an_address_is_written_as_its_country_does() -> None:
    assert one_line(SHENZHEN) == "广东省深圳市南山区科技园路1号"
    assert one_line(LONDON) == "10 Downing Street, SW1A 2AA London, GB"


@given(st.builds(Address, **dict.fromkeys(FIELDS, st.text(max_size=30))))
def test_anything_is_judged_and_no_word_of_it_told(address: Address) -> None:
    told = [(problem.field, problem.flaw) for problem in problems_of(address)]
    assert told == sorted(set(told), key=lambda pair: (FIELDS.index(pair[0]), pair[1]))
    assert place_key(address) == place_key(address)
