"""What is refused as a PIN or a password, how long a failure costs, and what roles allow where."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.http.routing import Permission
from controller.people.policies import (
    FIRST_WAIT,
    LONGEST_WAIT,
    MACHINES_ONLY,
    MAY,
    WEAKLY_PROVEN,
    Grant,
    PasswordFlaw,
    folded,
    is_easy_pin,
    is_name,
    is_pin,
    password_flaw,
    permissions_by_site,
    wait_after,
)
from edge_agent.wire.roles import Role


@pytest.mark.parametrize("pin", ["0000", "11111111", "1234", "2345678", "9876", "7890", "0987", "1212", "373737", "90909090"])
def test_pins_that_are_tried_first_are_easy(pin: str) -> None:
    assert is_easy_pin(pin)


@pytest.mark.parametrize("pin", ["2580", "1357", "1235", "00001", "8124", "12121", "1221", "4071"])
def test_other_pins_are_not(pin: str) -> None:
    assert not is_easy_pin(pin)


@pytest.mark.parametrize(("pin", "taken"), [("123", False), ("1234", True), ("123456789", False), ("12a4", False), ("١٢٣٤", False)])
def test_a_pin_is_four_to_eight_digits(pin: str, taken: bool) -> None:
    assert is_pin(pin) is taken


@pytest.mark.parametrize(
    ("password", "flaw"),
    [
        ("short", PasswordFlaw.SHORT),
        ("x" * 201, PasswordFlaw.LONG),
        ("passwordpassword", PasswordFlaw.COMMON),
        ("Password1234!", PasswordFlaw.COMMON),
        ("qwertyqwertyqwerty", PasswordFlaw.COMMON),
        ("ＰＡＳＳＷＯＲＤ１２３４", PasswordFlaw.COMMON),
        ("woaini1314woaini", PasswordFlaw.COMMON),
        ("aaaabbbbaaaabbbb", PasswordFlaw.MONOTONOUS),
        ("Wang Xiaomei 1", PasswordFlaw.NAME),
        ("four words one wall", None),
        ("王小美喜欢喝热的绿茶和牛奶", None),
        ("correct horse but not a staple", None),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password: str, flaw: PasswordFlaw | None) -> None:
    assert password_flaw(password, "Wang Xiaomei") is flaw


def test_a_failure_costs_more_each_time_up_to_a_bound() -> None:
    waits = [wait_after(failures, 5) for failures in range(1, 60)]
    assert waits[:4] == [timedelta(0)] * 4
    assert waits[4] == FIRST_WAIT
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT


@given(st.text(max_size=100))
def test_folding_a_name_twice_changes_nothing_more(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    if is_name(name):
        assert folded(name)


def test_names_written_alike_are_one() -> None:
    assert folded("Ｌｉ  WEI") == folded("li wei")


def test_roles_hold_where_they_are_given() -> None:
    held = permissions_by_site([Grant(Role.FLOOR, "s1"), Grant(Role.MANAGER, "s2"), Grant(Role.FINANCE)])
    assert Permission.ORDERS_WRITE not in held["s1"]
    assert Permission.ORDERS_WRITE in held["s2"]
    assert held[None] == MAY[Role.FINANCE]


def test_no_role_is_a_machine_and_a_badge_opens_no_office() -> None:
    for allowed in MAY.values():
        assert not allowed & MACHINES_ONLY
    assert not WEAKLY_PROVEN & {Permission.PEOPLE_READ, Permission.PEOPLE_WRITE, Permission.FLEET_WRITE, Permission.ORDERS_WRITE}
