"""What is stored of a secret, and what it costs to check one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.people.verifiers import Verifiers, badge_hash, is_badge, new_badge, new_person_id
from drivers.symbols.commands import SAFE_LETTERS


async def test_a_pin_s_verifier_is_one_that_a_small_box_can_check() -> None:
    verifiers = Verifiers()
    stored = await verifiers.of_pin("2580")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await verifiers.is_pin("2580", stored)
    assert not await verifiers.is_pin("2581", stored)


async def test_nobody_s_secret_is_never_right() -> None:
    verifiers = Verifiers()
    assert not await verifiers.is_password("", None)
    assert not await verifiers.is_pin("2580", None)
    assert not await verifiers.is_pin("2580", "no verifier at all")


async def test_a_password_s_verifier_is_not_told_apart_by_its_salt_alone() -> None:
    verifiers = Verifiers()
    first, second = await verifiers.of_password("four words one wall"), await verifiers.of_password("four words one wall")
    assert first != second
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_badges_are_of_letters_that_every_layout_types_alike() -> None:
    badges = {new_badge() for _ in range(200)}
    assert len(badges) == 200
    for badge in badges:
        assert is_badge(badge)
        assert set(badge.removeprefix("SHELFXID")) <= SAFE_LETTERS
        assert badge_hash(f" {badge.lower()}\n") == badge_hash(badge)


@given(st.text(max_size=60))
def test_other_texts_are_no_badges_and_hash_all_the_same(text: str) -> None:
    assert len(badge_hash(text)) == 64
    if not text.strip().upper().startswith("SHELFXID"):
        assert not is_badge(text)


def test_ids_have_the_form_that_the_table_asks_for() -> None:
    assert all(len(new_person_id()) == 14 and new_person_id().startswith("p-") for _ in range(100))
