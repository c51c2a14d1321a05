"""`[floor]`: over the network only with a certificate, and every mistake told."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.config import Config, read_config
from edge_agent.errors import ConfigErrors
from edge_agent.floor.config import FloorConfig, SignIn

BASE: dict[str, object] = {"box": {"id": "b1", "site": "s1", "state_dir": "state"}, "broker": {"host": "broker"}}


def read(folder: Path, **floor: object) -> Config:
    return read_config({**BASE, "floor": floor}, folder)


def mistakes(folder: Path, **floor: object) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        read(folder, **floor)
    return [error.partition(":")[0] for error in caught.value.errors]


def test_a_box_without_the_table_serves_no_pages(tmp_path: Path) -> None:
    assert read_config(BASE, tmp_path).floor is None
    assert read(tmp_path).floor == FloorConfig()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::"])
def test_the_network_needs_a_certificate(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        read(tmp_path, host=host)
    assert "must not go over it in the clear" in caught.value.errors[0]
    for name in ("cert", "key"):
        (tmp_path / name).write_text("pem")
    floor = read(tmp_path, host=host, cert="cert", key="key").floor
    assert floor is not None
    assert floor.cert == tmp_path / "cert"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.9"])
def test_loopback_does_not(tmp_path: Path, host: str) -> None:
    assert read(tmp_path, host=host).floor == FloorConfig(host=host)


def test_every_mistake_is_told(tmp_path: Path) -> None:
    (tmp_path / "cert").write_text("pem")
    assert mistakes(tmp_path, cert="cert") == ["floor.key"]
    assert mistakes(tmp_path, cert="gone", key="gone") == ["floor.cert", "floor.key"]
    wrong = mistakes(tmp_path, host="box.shop.example", names=["a b"], sign_in="face", time_zone="Mars", port=0, nothing=1)
    assert set(wrong) == {"floor.host", "floor.port", "floor.names", "floor.sign_in", "floor.time_zone", "floor.nothing"}


def test_what_is_right_is_read(tmp_path: Path) -> None:
    floor = read(
        tmp_path, sign_in="none", names=["box.shop.example"], idle_minutes=5, session_hours=1, time_zone="Asia/Shanghai"
    ).floor
    assert floor == FloorConfig(
        sign_in=SignIn.NONE, names=("box.shop.example",), idle_minutes=5, session_hours=1, time_zone="Asia/Shanghai"
    )
