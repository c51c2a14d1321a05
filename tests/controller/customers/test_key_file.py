"""The file with the key that wraps all others."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.customers import key_file
from controller.customers.key_file import KeyFileMissing, KeyFileRefused, new_master_key

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_new_file_is_its_owners_alone_and_is_read_back(tmp_path: Path) -> None:
    path, key = tmp_path / "keys" / "sealing.key", new_master_key(NOW)
    key_file.create(path, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert key_file.read(path) == [key]
    assert repr(key.secret) not in repr(key)


def test_a_file_is_never_replaced_by_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "sealing.key"
    assert key_file.create_if_missing(path, NOW)
    before = path.read_bytes()
    assert not key_file.create_if_missing(path, NOW)
    with pytest.raises(KeyFileRefused, match="is there already"):
        key_file.create(path, new_master_key(NOW))
    assert path.read_bytes() == before


def test_another_generation_goes_in_front(tmp_path: Path) -> None:
    path, old, new = tmp_path / "sealing.key", new_master_key(NOW), new_master_key(NOW)
    key_file.create(path, old)
    key_file.replace(path, [new, old])
    assert key_file.read(path) == [new, old]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["sealing.key"], "no draft is left"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "sealing.key"
    key_file.create(path, new_master_key(NOW))
    path.chmod(mode)
    with pytest.raises(KeyFileRefused, match="others may read"):
        key_file.read(path)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"keys": []}', '{"keys": [{"id": "m", "key": "AAAA", "made_at": "2026-11-22T00:00:00Z"}]}']
)
def test_what_is_no_key_file_is_refused_without_telling_what_is_in_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sealing.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileRefused) as caught:
        key_file.read(path)
    assert "AAAA" not in str(caught.value)


def test_a_missing_file_is_another_thing(tmp_path: Path) -> None:
    with pytest.raises(KeyFileMissing):
        key_file.read(tmp_path / "nothing.key")
    with pytest.raises(KeyFileRefused):
        key_file.create(Path("/proc/nowhere/sealing.key"), new_master_key(NOW))
