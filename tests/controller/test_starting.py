"""What keeps the controller from starting is one sentence with its key; what keeps it from its broker is told with the reason."""

from __future__ import annotations

import errno
import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from controller.app import connected_database
from controller.config import BoxHttp, Config, load_config, parse_config
from controller.starting import StartFailed, certificate_of, database_of, port_of, reason_of, wrong_files
from tests.servers import free_port

ROOT = Path(__file__).parents[2]


def configured(folder: Path, text: str) -> Config:
    path = folder / "controller.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, {})


async def opened(config: Config) -> str:
    with pytest.raises(StartFailed) as caught:
        async with connected_database(config):
            pass
    return str(caught.value)


async def test_a_folder_that_cannot_be_made_is_told_with_its_key() -> None:
    told = await opened(parse_config({"data": "/proc/x"}, {}, "a test"))
    assert told.startswith("data: the folder /proc/x cannot be made (No such file or directory)")


async def test_a_file_that_is_no_database_is_told_with_its_key_and_kept(tmp_path: Path) -> None:
    content = "no database at all, and long enough for SQLite to look at it\n" * 20
    (tmp_path / "controller.db").write_text(content, encoding="utf-8")
    told = await opened(configured(tmp_path, f'data = "{tmp_path}"\n'))
    assert told.startswith(f"[database] url: {tmp_path}/controller.db is no database of SQLite")
    assert (tmp_path / "controller.db").read_text(encoding="utf-8") == content


def test_a_controller_whose_file_is_no_database_ends(tmp_path: Path) -> None:
    (tmp_path / "controller.db").write_text("no database at all\n" * 100, encoding="utf-8")
    (tmp_path / "controller.toml").write_text(f'data = "{tmp_path}"\n', encoding="utf-8")
    command = [sys.executable, "-m", "controller", "--config", str(tmp_path / "controller.toml"), "serve"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "is no database of SQLite" in ended.stderr


def test_a_postgresql_that_is_not_there_is_told_with_its_key_and_without_the_password(tmp_path: Path) -> None:
    config = configured(tmp_path, '[database]\nurl = "postgres://shelfwire:opensesame@db.example:5433/shop"\n')
    with pytest.raises(StartFailed) as caught, database_of(config):
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    assert str(caught.value).startswith("[database] url: PostgreSQL at db.example:5433/shop cannot be used (Connection refused)")
    assert "opensesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EADDRINUSE, "[box_http] port 8443 of 0.0.0.0 is taken by another program: stop that one, or set another `port`."),
        (errno.EACCES, "only root may listen on"),
        (errno.EADDRNOTAVAIL, "set `host` to an address of this machine"),
    ],
)
def test_a_port_that_cannot_be_had_says_whose_it_is(number: int, expected: str) -> None:
    with pytest.raises(StartFailed) as caught, port_of("box_http", "0.0.0.0", 8443):
        raise OSError(number, "what the kernel says")
    assert expected in str(caught.value)


def test_files_of_a_certificate_that_do_not_fit_are_named() -> None:
    section = BoxHttp(ca=Path("a.pem"), cert=Path("b.pem"), key=Path("c.key"))
    with pytest.raises(StartFailed) as caught, certificate_of(section):
        raise ssl.SSLError(1, "[X509: KEY_VALUES_MISMATCH] key values mismatch")
    assert str(caught.value).startswith("[box_http] `ca`, `cert`, `key`")
    assert "KEY_VALUES_MISMATCH] key values mismatch): a.pem, b.pem, c.key." in str(caught.value)


def test_the_sentence_is_found_among_what_ended_with_it() -> None:
    wanted = StartFailed("it")
    assert reason_of(BaseExceptionGroup("", [OSError(), BaseExceptionGroup("", [wanted])])) is wanted
    assert reason_of(BaseExceptionGroup("", [OSError(), ValueError()])) is None


def test_files_and_permissions_that_are_not_there_are_told_at_once(tmp_path: Path) -> None:
    token = 'name = "x"\nfile = "/nope/b"\npermissions = ["orders.fly", "box"]\n'
    text = '[broker]\nhost = "b"\npassword_file = "/nope/a"\n[[token]]\n' + token
    first, second, third = wrong_files(configured(tmp_path, text))
    assert first == "broker.password_file: /nope/a cannot be read: No such file or directory"
    assert second == "token[0].file: /nope/b cannot be read: No such file or directory"
    assert third.startswith("token[0].permissions: there is no 'orders.fly'; known: *, box,")


def controller(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "controller", *arguments]


def test_why_there_is_no_broker_is_in_the_log_and_at_readyz_and_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    port, dead = free_port(), free_port()
    path = tmp_path / "controller.toml"
    path.write_text(f'data = "{tmp_path}/data"\n[http]\nport = {port}\n[broker]\nhost = "127.0.0.1"\nport = {dead}\n')
    log = tmp_path / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(
            controller("serve", "--config", str(path)), stdout=subprocess.PIPE, stderr=out, text=True, cwd=ROOT
        ) as served,
    ):
        try:
            assert served.stdout is not None
            assert served.stdout.readline().startswith("Shelfwire is at")
            assert "Connection refused" in told_at(f"http://127.0.0.1:{port}/readyz")
            path.write_text(path.read_text().replace("/data", "/other"))
            second = subprocess.run(
                controller("serve", "--config", str(path)), capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
            )
        finally:
            served.terminate()
    lines = [line for line in log.read_text().splitlines() if "no connection to the broker" in line]
    assert "WARNING wire.session no connection to the broker; trying on [reason=" in lines[0]
    assert lines[0].endswith("Connection refused code=no_connection]")
    assert second.returncode == 1
    assert second.stderr.splitlines()[-1].startswith(f"[http] port {port} of 127.0.0.1 is taken by another program")
    assert "Traceback" not in second.stderr


def told_at(address: str) -> str:
    """What /readyz says of the broker, once it says why."""
    deadline = time.monotonic() + 20
    while True:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(address, timeout=5)
        said = str(json.load(caught.value)["checks"]["broker"])
        caught.value.close()
        if ":" in said or time.monotonic() > deadline:
            return said
        time.sleep(0.05)


def test_a_configuration_is_checked_without_starting_anything(tmp_path: Path) -> None:
    path = tmp_path / "controller.toml"
    path.write_text(f'data = "{tmp_path}/data"\n[http]\nport = 99999\n[broker]\ncolour = 1\n')
    wrong = subprocess.run(controller("check-config", "--config", str(path)), capture_output=True, text=True, cwd=ROOT, check=False)
    assert (wrong.returncode, "http.port" in wrong.stderr, "broker.colour" in wrong.stderr) == (1, True, True)
    path.write_text(f'data = "{tmp_path}/data"\n')
    right = subprocess.run(controller("check-config", "--config", str(path)), capture_output=True, text=True, cwd=ROOT, check=False)
    assert (right.returncode, right.stdout) == (0, f"{path}: is right: data in {tmp_path}/data\n")
    assert not (tmp_path / "data").exists()
