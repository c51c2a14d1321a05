"""Access lists: a block for each box, and taking boxes out leaves exactly the others."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.wire.topics import BoxTopic, Family, gateway_filters
from provisioning.authority import now
from provisioning.errors import BadName, ProvisioningError
from provisioning.mosquitto import access_list, reinstate, withdraw, withdrawn_boxes
from provisioning.register import FILE, Issued, Kind, Register, load_register

IDS = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
SHOPS = st.dictionaries(IDS, st.sampled_from(["sh-01", "sh-02"]), min_size=1, max_size=8)


def register(boxes: dict[str, str]) -> Register:
    rows = [Issued(serial="1", kind=Kind.GATEWAY, name="controller", issued_at=now(), not_after=now())]
    rows += [
        Issued(serial="2", kind=Kind.BOX, name=box, site=site, issued_at=now(), not_after=now()) for box, site in boxes.items()
    ]
    return Register(issued=tuple(rows))


def blocks(text: str) -> set[str]:
    return set(text.strip().split("\n\n"))


@given(SHOPS, st.data())
@settings(deadline=None, max_examples=40)  # each change waits for the disk
def test_taking_boxes_out_and_in_leaves_what_a_new_list_would_have(boxes: dict[str, str], data: st.DataObject) -> None:
    out = data.draw(st.lists(st.sampled_from(sorted(boxes)), unique=True))
    back = data.draw(st.lists(st.sampled_from(out), unique=True)) if out else []
    with TemporaryDirectory() as folder:
        access = Path(folder) / "list"
        access.write_text(access_list(register(boxes)))
        for box in out:
            assert withdraw(access, box)
        assert access.read_text() == access_list(register(boxes), out)
        for box in back:
            reinstate(access, box, boxes[box])
        assert blocks(access.read_text()) == blocks(access_list(register(boxes), set(out) - set(back)))
        assert set(withdrawn_boxes(access.parent)) == set(out) - set(back)


@settings(deadline=None)
@given(st.text(max_size=50).filter(lambda text: not text or set(text) - set("abcdefghijklmnopqrstuvwxyz0123456789-")))
def test_what_is_no_box_takes_nothing_out(text: str) -> None:
    with TemporaryDirectory() as folder, pytest.raises(BadName):
        withdraw(Path(folder) / "list", text)


def test_nobody_may_do_everything() -> None:
    lines = access_list(register({"b1": "sh-01"})).splitlines()
    granted = [line.split(" ", 2)[2] for line in lines if line.startswith("topic ")]
    assert not [topic for topic in granted if "#" in topic or topic.startswith(("$", "+")) or "readwrite" in topic]
    assert not [line for line in lines if line.startswith(("pattern", "topic readwrite"))]


def test_every_family_of_a_box_has_a_side_that_says_it() -> None:
    """A family that is new in the topics must be granted to one side, or nobody can use it."""
    lines = access_list(register({"b1": "sh-01"}))
    for family in Family:
        assert f"/{family.value}" in lines, family
    assert all(f"topic read {topic}" in lines for topic in gateway_filters())
    assert str(BoxTopic(site="sh-01", box="b1", family=Family.ACK)) in lines


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_a_register_that_is_none_is_told_as_that(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / FILE).write_bytes(content)
        try:
            load_register(Path(folder))
        except ProvisioningError as error:
            assert "put back your copy" in str(error)
