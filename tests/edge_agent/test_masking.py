from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.masking import MASK, Masker, is_secret_key

SECRETS = [
    'password = "hunter2hunter2"',
    "password: hunter2hunter2",
    '{"api_key": "hunter2hunter2"}',
    "{'token': 'hunter2hunter2'}",
    "reason=refused token=hunter2hunter2]",
    "Authorization: Bearer hunter2hunter2",
    "sent Bearer hunter2hunter2 to it",
    "mqtts://box:hunter2hunter2@broker:8883/x",
    "https://box:hunter2@hunter2hunter2@broker/",
    "pin=hunter2hunter2",
    "a badge was read: SHELFXIDhunter2hunter2",
    "shelfxidhunter2hunter2",
    "there is no command IDHUNTER2HUNTER2AB.",
    "$argon2id$v=19$m=19456,t=2,p=1$hunter2hunter2",
    "sw_hunter2hunter2",
    "-----BEGIN PRIVATE KEY-----\nhunter2hunter2\n-----END PRIVATE KEY-----",
    "-----BEGIN EC PRIVATE KEY-----\nhunter2hunter2",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_is_secret_by_its_shape_or_its_name_is_masked(text: str) -> None:
    masked = Masker().text(f"before {text} after")
    assert "hunter2hunter2" not in masked.lower()
    assert MASK in masked
    assert masked.startswith("before ")


@pytest.mark.parametrize(
    "text",
    [
        "shipping: 3 parcels, pinned",
        "password_file = '/etc/shelfwire/broker.password'",
        "edge_agent.devices: device is lost [device=scale]",
        "https://controller.example:8443/box/v1",
        "CommunicationErrorCount: 3",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Masker().text(text) == text


def test_known_secrets_and_names_are_found_wherever_they_stand() -> None:
    masker = Masker(["p@ss word", "abc"], ["李伟", "Li Wei"], b"key")
    masked = masker.text("…p@ss word… p%40ss%20word, 李伟 and Li Wei, abc")
    assert "ss" not in masked
    assert "李伟" not in masked
    assert "Li Wei" not in masked
    assert masked.endswith("abc"), "too short to be looked for"
    hashed = masker.text("李伟")
    assert hashed.startswith("person-")
    assert masker.text("x李伟x") == f"x{hashed}x"
    assert Masker([], ["李伟"], b"another").text("李伟") != hashed


def test_under_a_secret_s_name_everything_goes() -> None:
    masked = Masker().value({"password": {"deep": 1}, "pin": 1234, "url": "http://a:b@c/", "n": [1, None, True, "token=abcdef"]})
    assert masked == {"password": MASK, "pin": MASK, "url": f"http://{MASK}@c/", "n": [1, None, True, f"token={MASK}"]}
    assert Masker().value({"token": None, "secret": ""}) == {"token": None, "secret": ""}
    assert not is_secret_key("token_file")


@given(st.text(max_size=300), st.text(alphabet="abcdefgh0123456789", min_size=8, max_size=20))
def test_a_known_secret_never_comes_through(around: str, secret: str) -> None:
    assert secret not in Masker([secret]).text(f"{around}{secret}{around}")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_json_can_say_is_masked_to_what_json_can_say(value: object) -> None:
    json.dumps(Masker(["secret-of-ours"], ["Somebody"]).value(value))
