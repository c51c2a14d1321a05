"""Who is at a station, and what it does not do without anybody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import devices
from drivers.symbols.commands import PREFIX, SAFE_LETTERS, Command, UnknownCommand, parse_badge, parse_command
from edge_agent.stations import Pressed, Rules, SignedIn, badge_of, say, scanned
from edge_agent.stations.counting import Counting
from edge_agent.wire.facts import Scan
from tests.edge_agent.stations.worker import ANNA, LI, MILK, Worker

BADGE = "SHELFXIDBCDEFGHIJKLNOPRS"


def test_a_badge_greets_and_the_same_again_signs_off() -> None:
    worker = Worker().shows(LI)
    assert (worker.there, say(worker.answer, "zh-CN")) == ("p-1", "Li Wei，你好。")
    assert worker.shows(ANNA).there == "p-2"
    assert worker.shows(ANNA).there is None
    assert worker.code == "signed_off"


def test_stop_signs_off_out_of_a_task_only() -> None:
    worker = Worker().shows(LI).scans("COUNT", "STOP")
    assert worker.there == "p-1"
    assert worker.scans("STOP").there is None


def test_a_badge_of_nobody_is_told() -> None:
    assert Worker().shows(None).code == "badge_unknown"


@pytest.mark.parametrize(("sign_in", "code"), [("badge", "sign_in_badge"), ("pin", "sign_in_pin")])
def test_without_a_person_nothing_is_booked_and_nothing_lost(sign_in: str, code: str) -> None:
    worker = Worker(Rules(sign_in="pin" if sign_in == "pin" else "badge")).scans("COUNT", MILK).presses("count")
    assert worker.code == code
    assert [(draft.data.symbol.text, draft.data.activity) for draft in worker.drafts if isinstance(draft.data, Scan)] == [
        ("COUNT", "signed_out"),
        (MILK, "signed_out"),
    ]
    assert worker.booked == []


def test_a_task_stays_for_who_comes_next() -> None:
    worker = Worker(Rules(sign_in="badge")).shows(LI).scans("COUNT", "A-01", MILK).shows(LI).scans(MILK)
    assert worker.code == "sign_in_badge"
    worker.shows(ANNA).scans(MILK)
    assert isinstance(worker.state.activity, Counting)
    assert worker.state.activity.items == 2


def test_a_parcel_is_not_weighed_without_a_person() -> None:
    worker = Worker(Rules(sign_in="badge")).shows(LI).scans("BOXUP", "P-1").shows(LI).weighs(900)
    assert (worker.code, worker.booked) == ("sign_in_badge", [])
    assert worker.shows(ANNA).weighs(901).code == "packed"


def test_a_pin_is_asked_for_at_the_screen() -> None:
    worker = Worker(Rules(sign_in="pin")).shows(LI)
    assert (worker.code, worker.there) == ("pin_needed", None)
    worker.does(SignedIn(person=LI, at_ms=9000, id="r", post="s1"))
    assert (worker.code, worker.there) == ("signed_in", "p-1")
    assert worker.scans("COUNT").code == "count_bin"
    worker.does(SignedIn(person=None, at_ms=9000, id="r", post="s2"))
    assert worker.there is None


def test_who_is_logged_in_at_the_screen_needs_no_badge() -> None:
    worker = Worker(Rules(sign_in="pin"))
    worker.does(Pressed(control="count", at_ms=1, id="r", by="p-9"))
    assert worker.code == "count_bin"


def test_the_quiet_time_signs_off_and_keeps_a_count_that_holds_items() -> None:
    worker = Worker().shows(LI).scans("COUNT", "A-01", MILK).waits(30)
    assert (worker.code, worker.there) == ("signed_off_quiet", None)
    assert isinstance(worker.state.activity, Counting)
    assert worker.waits(30).last.feedback is None


def test_the_letters_of_a_badge_travel_nowhere() -> None:
    symbol = devices.Symbol(BADGE.lower().encode())
    read = scanned("scanner", symbol, 5)
    assert (read.is_badge, read.symbol.text, read.symbol.raw_b64, read.command) == (True, "SHELFXID", None, None)
    assert badge_of(symbol) == BADGE


@pytest.mark.parametrize("text", ["SHELFXID", BADGE[:-1], BADGE + "B", BADGE[:-1] + "A", "SHELFXIDSHELFXID", "", "ID" * 9])
def test_what_is_nearly_a_badge_is_none(text: str) -> None:
    assert parse_badge(text) is None
    assert not isinstance(parse_command(text), Command)


def test_commands_are_typed_alike_on_every_keyboard_and_none_begins_like_a_badge() -> None:
    for command in Command:
        assert SAFE_LETTERS.issuperset(command.value)
        assert parse_command(PREFIX.lower() + command.value.lower()) is command
        assert not command.value.startswith("ID")
    assert parse_command("SHELFXIDLE") == UnknownCommand("IDLE")
    assert [command.digit for command in Command if command.digit is not None] == list(range(10))


@given(st.text(max_size=40) | st.text(alphabet="SHELFXIDshelfxidBCA", max_size=30).map(lambda text: "SHELFXID" + text))
def test_whatever_was_scanned_is_a_badge_or_a_command_or_neither(text: str) -> None:
    badge, command = parse_badge(text), parse_command(text)
    assert badge is None or (command is None and len(badge) == 24 and SAFE_LETTERS.issuperset(badge[8:]))
    assert (command is not None or badge is not None) == text.upper().startswith(PREFIX)
