"""Who may say and hear what, against a real Mosquitto with the generated configuration; judged by what is delivered.

Return codes prove nothing: MQTT 3.1.1 PUBACKs what it drops, and Mosquitto grants subscriptions that never get a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from provisioning.authority import make_authority, now
from provisioning.mosquitto import withdraw
from tests.integration.secure_broker import NOT_AUTHORIZED, RawClient, Refused, SecureBroker, Will, context, running

T = TypeVar("T")
BOXES = {"box-a": "sh-01", "box-b": "sh-01", "box-c": "sh-02"}
"""Another box of the same site, and one of another."""
OBSERVER = "\nuser observer\ntopic readwrite #\ntopic readwrite $SYS/#\ntopic readwrite $CONTROL/#\n"
SAID = ("state", "scale/state", "desc", "scanner/fact/scan", "batch", "scale/live/weight", "p/job/j1/res", "cmd/c1/res")
SAID_TOO = ("twin/reported", "alert/disk", "tel", "log")
TOLD = ("ack", "p/job/j1/req", "cmd/c1/req", "twin/desired")
"""Tails of a box's topics, by who says them; `_/` is left out."""
ROLES = ("box-a", "box-b", "box-c", "gateway.controller", "unclaimed", "withdrawn")
"""Those who get a session at all."""


def tail_of(tail: str) -> str:
    return tail if tail.split("/", 1)[0] in ("scale", "scanner", "p") else f"_/{tail}"


def own_topics(site: str, box: str) -> list[str]:
    return [f"shelfwire/1/{site}/{box}/{tail_of(tail)}" for tail in (*SAID, *SAID_TOO, *TOLD)]


ODD = [
    "shelfwire/1/sh-02/box-a/_/tel",  # its own name at another site
    "shelfwire/1/sh-01/box-a1/_/tel",
    "shelfwire/1/sh-01/box-/_/tel",
    "shelfwire/1/sh-01/BOX-A/_/tel",
    "shelfwire/1/sh-01/box-a",
    "shelfwire/1/sh-01/box-a/_",
    "shelfwire/1/sh-01/box-a/_/fact",
    "shelfwire/1/sh-01/box-a/_/fact/scan/more",
    "shelfwire/1/sh-01/box-a/_/ack/more",
    "shelfwire/1/sh-01/box-a/../box-b/_/tel",
    "shelfwire/1/sh-01/box-a/_/../../box-b/_/tel",
    "shelfwire/1//box-a/_/tel",
    "shelfwire/1/sh-01//_/tel",
    "/shelfwire/1/sh-01/box-a/_/tel",
    "shelfwire/1/sh-01/box-a/_/tel/",
    "shelfwire/1/sh-01/box-a/_/twin/other",
    "shelfwire/1/sh-01/店/_/tel",
    "shelfwire/2/sh-01/box-a/_/tel",
    "shelfwire/1/_host/controller/state",
    "shelfwire/1/_host/evil/state",
    "shelfwire/1/_host/box-a/state",
    "$CONTROL/dynamic-security/v1",
    "$SYS/broker/uptime",
    "$queue/shelfwire/1/sh-01/box-a/_/tel",
    "other",
]
TOPICS = [topic for box, site in BOXES.items() for topic in own_topics(site, box)] + ODD
HEARABLE = [topic for topic in TOPICS if not topic.startswith(("$CONTROL", "$SYS"))]
"""Mosquitto delivers to those two only what is its own."""

BOX_SAYS = re.compile(r"[^/]*/(state|fact/[^/]*|live/[^/]*|(job|cmd)/[^/]*/res)|_/(desc|batch|twin/reported|alert/[^/]*|tel|log)")
BOX_HEARS = re.compile(r"[^/]*/(job|cmd)/[^/]*/req|_/(ack|twin/desired)")
HOST_STATE = re.compile(r"shelfwire/1/_host/[^/]*/state")
ANY_BOX = re.compile(r"shelfwire/1/[^/]*/[^/]*/(.*)")


def may_say(role: str, topic: str) -> bool:
    """Written down by hand from the meaning of topics, not from the access list."""
    if role in BOXES:
        own = f"shelfwire/1/{BOXES[role]}/{role}/"
        return topic.startswith(own) and bool(BOX_SAYS.fullmatch(topic[len(own) :]))
    if role == "gateway.controller":
        below = ANY_BOX.fullmatch(topic)
        return topic == "shelfwire/1/_host/controller/state" or bool(below and BOX_HEARS.fullmatch(below[1]))
    return False


def may_hear(role: str, topic: str) -> bool:
    if role in BOXES:
        own = f"shelfwire/1/{BOXES[role]}/{role}/"
        is_told = topic.startswith(own) and bool(BOX_HEARS.fullmatch(topic[len(own) :]))
        return is_told or bool(HOST_STATE.fullmatch(topic))
    if role == "gateway.controller":
        below = ANY_BOX.fullmatch(topic)
        return bool(below and BOX_SAYS.fullmatch(below[1]))
    return False


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    broker = SecureBroker(tmp_path_factory.mktemp("acl"))
    for box, site in {**BOXES, "withdrawn": "sh-01", "revoked": "sh-01"}.items():
        broker.box(box, site)
    revoked_serials = broker.desk.revoke("revoked")
    assert len(revoked_serials) == 2
    broker.write(OBSERVER)
    withdraw(broker.folder / "broker/access/shelfwire.acl", "withdrawn")
    with running(broker):
        yield broker


def connect(broker: SecureBroker, role: str, **more: object) -> RawClient:
    """As the role, by its certificate alone."""
    if role == "gateway.controller":
        tls = broker.client(broker.gateway(), "gateway")
    elif role in ("observer", "unclaimed"):
        tls = broker.issued(role)
    else:
        tls = broker.client(broker.folder / "pki/boxes" / role)
    return RawClient(broker.port, tls, **more)  # type: ignore[arg-type]  # its keywords


@pytest.fixture(scope="module")
def observer(broker: SecureBroker) -> Iterator[RawClient]:
    client = connect(broker, "observer")
    yield client
    client.leave()


def settled(observer: RawClient, *filters: bytes) -> set[tuple[str, bytes]]:
    """All that was delivered: whatever the broker has seen by now is behind these answers."""
    for _ in range(3):
        observer.publish(b"fence", b"")
    return {(topic, payload) for topic, payload in observer.unsubscribe(*filters) if topic != "fence"}


def by_role(work: Callable[[str], T]) -> dict[str, T]:
    with ThreadPoolExecutor(len(ROLES)) as pool:
        return dict(zip(ROLES, pool.map(work, ROLES), strict=True))


def cells(kind: str) -> set[tuple[str, bytes]]:
    return {(topic, f"{role}|{kind}".encode()) for role in ROLES for topic in TOPICS if may_say(role, topic)}


@pytest.mark.parametrize("retain", [False, True])
def test_what_is_published_reaches_others_only_where_the_role_may_say_it(
    broker: SecureBroker, observer: RawClient, retain: bool
) -> None:
    kind = f"said-{retain}"

    def say(role: str) -> None:
        client = connect(broker, role)
        for topic in TOPICS:
            client.publish(topic.encode(), f"{role}|{kind}".encode(), retain=retain)
        client.leave()

    if not retain:
        observer.subscribe(b"#", b"$CONTROL/#", b"$queue/#")
    by_role(say)
    if retain:
        observer.subscribe(b"#", b"$CONTROL/#", b"$queue/#")
    heard = settled(observer, b"#", b"$CONTROL/#", b"$queue/#")
    if retain:  # of two who may say it the last one stays
        assert {topic for topic, _ in heard} == {topic for topic, _ in cells(kind)}
        assert heard <= cells(kind)
        for topic, _ in heard:
            observer.publish(topic.encode(), b"", retain=True)
    else:
        assert heard == cells(kind)


def test_a_will_is_sent_only_where_the_role_may_say_it(broker: SecureBroker, observer: RawClient) -> None:
    def die(role: str) -> None:
        for topic in TOPICS:
            try:
                connect(broker, role, will=Will(topic.encode(), f"{role}|will".encode())).die()
            except Refused:
                assert not may_say(role, topic)

    observer.subscribe(b"#", b"$CONTROL/#", b"$queue/#")
    by_role(die)
    assert settled(observer, b"#", b"$CONTROL/#", b"$queue/#") == cells("will")


FILTERS = {
    "exact": [topic.encode() for topic in TOPICS],
    "all": [b"#"],
    "below": [b"shelfwire/#"],
    "levels": [b"+/+/+/+/+/#", b"+/+/+/+/+", b"+/+/+/+", b"+"],
    "shared": [b"$share/%ROLE%/#"],
    "shared exact": [b"$share/%ROLE%/" + topic.encode() for topic in HEARABLE if not topic.startswith("$")],
    "system": [b"$SYS/#", b"$CONTROL/#", b"$queue/#"],
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("retained", [False, True])
def test_a_subscription_brings_only_what_the_role_may_hear(
    broker: SecureBroker, observer: RawClient, name: str, retained: bool
) -> None:
    def filters(role: str) -> list[bytes]:
        return [each.replace(b"%ROLE%", role.encode()) for each in FILTERS[name]]

    payload = f"{name}|{retained}".encode()
    if retained:
        observer.publish_all([(topic.encode(), payload) for topic in HEARABLE], retain=True)
    clients = by_role(lambda role: connect(broker, role))
    for role, client in clients.items():
        client.subscribe(*filters(role))
    if not retained:
        observer.publish_all([(topic.encode(), payload) for topic in HEARABLE])
    for role, client in clients.items():
        heard = {topic for topic, what in client.unsubscribe(*filters(role)) if what == payload}
        client.leave()
        allowed = {topic for topic in HEARABLE if may_hear(role, topic)}
        if (retained and "shared" in name) or name == "system":
            assert heard <= allowed  # a shared subscription gets nothing retained (MQTT 5, 4.8.2); none of ours begins with $
        else:
            assert heard == allowed, role
    if retained:
        observer.publish_all([(topic.encode(), b"") for topic in HEARABLE], retain=True)


def test_the_brokers_own_numbers_are_nobodys(broker: SecureBroker, observer: RawClient) -> None:
    clients = by_role(lambda role: connect(broker, role))
    for client in clients.values():
        client.subscribe(b"$SYS/#")
        assert client.unsubscribe(b"$SYS/#") == []  # they are retained: whoever may hear them gets them at once
        client.leave()
    observer.subscribe(b"$SYS/#")
    assert observer.unsubscribe(b"$SYS/#")


def test_more_than_500_cells_were_tried() -> None:
    assert len(ROLES) * len(TOPICS) * (3 + 2 * len(FILTERS)) > 500


@pytest.mark.parametrize(
    "topic",
    [
        b"shelfwire/1/+/box-a/_/tel",
        b"shelfwire/1/sh-01/box-a/#",
        b"shelfwire/1/sh-01/box-b/_/tel\0",
        b"",
        b"\xff\xfe",
        b"\xed\xa0\x80",
    ],
)
def test_a_topic_that_is_none_ends_the_connection_and_is_not_delivered(
    broker: SecureBroker, observer: RawClient, topic: bytes
) -> None:
    observer.subscribe(b"#")
    client = connect(broker, "box-a")
    body = len(topic).to_bytes(2) + topic + b"\0\x01\0evil"
    client.send(bytes([0x32, len(body)]) + body)
    assert client.is_closed_by_broker()
    assert settled(observer, b"#") == set()


@pytest.mark.parametrize("name", ["box-b", "gateway.controller", "observer", "sh-01.box-b", ""])
def test_the_client_id_and_user_of_another_change_nothing(broker: SecureBroker, observer: RawClient, name: str) -> None:
    """Who it is, is in the certificate; the other one is not thrown out."""
    victim = connect(broker, "box-b", client_id="box-b")
    observer.subscribe(b"#")
    intruder = connect(broker, "box-a", client_id=name, user=name or None)
    intruder.publish(b"shelfwire/1/sh-01/box-b/_/tel", b"as b")
    intruder.publish(b"shelfwire/1/sh-01/box-a/_/tel", b"as a")
    assert settled(observer, b"#") == {("shelfwire/1/sh-01/box-a/_/tel", b"as a")}
    victim.ping()
    victim.leave()
    intruder.leave()


def test_a_copied_certificate_throws_out_its_double(broker: SecureBroker) -> None:
    """One session for each certificate: a card that was copied shows, and never doubles in silence."""
    first = connect(broker, "box-a", client_id="one")
    second = connect(broker, "box-a", client_id="two")
    assert first.is_closed_by_broker()
    second.leave()


def test_who_is_revoked_anonymous_or_anothers_gets_no_session(broker: SecureBroker, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        connect(broker, "revoked")
    with pytest.raises(Refused):
        RawClient(broker.port, context(broker.folder / "pki/ca.pem"), "box-a", user="box-a")
    with pytest.raises(Refused):
        RawClient(broker.port, None, "box-a", user="box-a")
    twin = make_authority(tmp_path / "twin", "Test CA", None, now())  # a CA of the same name
    with pytest.raises(Refused):
        RawClient(broker.port, broker.foreign(twin, "box-a"), "box-a")


def test_a_packet_larger_than_any_of_ours_ends_the_connection(broker: SecureBroker) -> None:
    client = connect(broker, "box-a")
    assert client.publish(b"shelfwire/1/sh-01/box-a/_/log", b"x" * 200_000) < NOT_AUTHORIZED
    body = len(b"shelfwire/1/sh-01/box-a/_/log").to_bytes(2) + b"shelfwire/1/sh-01/box-a/_/log" + b"\0\x01\0" + b"x" * 300_000
    size = len(body)
    client.send(bytes([0x32, size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14]) + body[:1000])
    assert client.is_closed_by_broker()
