"""What the driver of SQLite is given for instants and UUIDs: the texts that are in every database already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import db
from controller.sqlite import text_of

ONE_DAY = timedelta(days=1)
instants = st.datetimes(min_value=datetime.min + ONE_DAY, max_value=datetime.max - ONE_DAY)  # noqa: DTZ901 -- moved by a zone, they stay instants
offsets = st.timedeltas(min_value=timedelta(hours=-23), max_value=timedelta(hours=23)).map(timezone)
ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@given(instants, offsets)
def test_an_instant_is_written_as_before_and_always_in_utc(instant: datetime, zone: timezone) -> None:
    at = instant.replace(tzinfo=zone)
    assert text_of(at) == text_of(at.astimezone(UTC)) == at.astimezone(UTC).isoformat(" ")


@given(instants)
def test_an_instant_without_a_zone_gets_none(instant: datetime) -> None:
    assert text_of(instant) == instant.isoformat(" ")


def test_no_instant_is_taken_for_another_that_was_written_before() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    later = noon.replace(tzinfo=timezone(timedelta(hours=-1)))
    assert [text_of(at) for at in (noon, later, noon.replace(tzinfo=None))] == [
        "2026-03-01 12:00:00+00:00",
        "2026-03-01 13:00:00+00:00",
        "2026-03-01 12:00:00",
    ]


@pytest.mark.parametrize("schema_url", ["sqlite"], indirect=True)
async def test_the_driver_writes_these_texts(database: str) -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
    rows = await db.fetch("SELECT ? AS id, ? AS at", ID, at)
    assert rows == [{"id": str(ID), "at": "2026-03-01 12:00:00.000250+00:00"}]
