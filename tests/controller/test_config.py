"""A configuration is whole or refused with everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config import ConfigErrors, load_config, parse_config


def errors_of(document: dict) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        parse_config(document, {}, "test")
    return caught.value.errors


def test_nothing_is_needed() -> None:
    config = parse_config({}, {"XDG_DATA_HOME": "/data"}, "test")
    assert config.data == Path("/data/shelfwire")
    assert config.database.url == "sqlite:///data/shelfwire/controller.db"
    assert (config.http.host, config.http.port, config.http.open_pages) == ("127.0.0.1", 8080, True)
    assert (config.broker.embedded, config.broker.host) == (True, "127.0.0.1")


def test_pages_are_not_open_beyond_loopback_unless_asked() -> None:
    assert not parse_config({"http": {"host": "0.0.0.0"}}, {}, "test").http.open_pages
    assert parse_config({"http": {"host": "0.0.0.0", "open_pages": True}}, {}, "test").http.open_pages
    assert parse_config({"http": {"host": "::1"}}, {}, "test").http.open_pages


def test_a_broker_that_is_named_is_not_embedded() -> None:
    assert not parse_config({"broker": {"host": "mqtt.example"}}, {}, "test").broker.embedded
    assert errors_of({"broker": {"host": "mqtt.example", "embedded": True}})[0].startswith("broker.host: ")


def test_all_errors_come_at_once_with_their_key_paths() -> None:
    found = errors_of(
        {
            "http": {"port": 70000, "bench_url": "ftp://x", "colour": 1, "open_pages": "yes"},
            "database": {"url": "sqlite://relative"},
            "gateway": {"id": "Not An Id"},
            "token": [{"name": "demo"}],
            "unknown": {},
        }
    )
    paths = {error.split(":")[0] for error in found}
    assert paths == {
        "http.port",
        "http.bench_url",
        "http.colour",
        "http.open_pages",
        "database.url",
        "gateway.id",
        "token[0].file",
        "unknown",
    }


def test_a_flag_is_no_number() -> None:
    assert errors_of({"http": {"port": True}}) == ["http.port: True, expected a whole number"]


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("p@/:\n")
    for scheme in ("postgres", "postgresql"):
        database = {"url": f"{scheme}://me@db.example/shop", "password_file": str(secret)}
        assert parse_config({"database": database}, {}, "test").database.url == f"{scheme}://me:p%40%2F%3A@db.example/shop"
    assert "cannot be read" in errors_of({"database": {"url": "postgres://me@h/x", "password_file": "/nowhere"}})[0]


@pytest.mark.parametrize("content", [b"[http", b"\xff", b"a = 1\na = 2"])
def test_a_file_that_is_not_toml_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigErrors, match="is not TOML"):
        load_config(path)
    with pytest.raises(ConfigErrors, match="cannot be read"):
        load_config(tmp_path / "none.toml")
