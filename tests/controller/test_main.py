"""The command line as a process: serve on nothing but defaults, stop on SIGTERM, import with a line-by-line report."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "controller.toml"
    (tmp_path / "token").write_text("sw_demo\n")
    path.write_text(
        f'data = "{tmp_path}/data"\n[http]\nport = {free_port()}\n[broker]\nport = {free_port()}\n'
        f'[[token]]\nname = "demo"\nfile = "{tmp_path}/token"\n'
    )
    return path


def run(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "controller", "--config", str(config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


@pytest.fixture
def served(config: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "controller", "serve", "--config", str(config)]  # as in systemd/shelfwire-controller.service
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Shelfwire is at "), process.stderr.read() if process.stderr else line
        yield line.removeprefix("Shelfwire is at ").strip(), process
        if process.poll() is None:
            process.kill()


def test_serve_refuses_a_second_process_imports_by_api_and_stops_cleanly(
    config: Path, served: tuple[str, subprocess.Popen[str]], tmp_path: Path
) -> None:
    address, process = served
    with urllib.request.urlopen(address) as response:
        assert b"Shop live" in response.read()
    request = urllib.request.Request(f"{address}api/v1/orders", headers={"Authorization": "Bearer sw_demo"})
    with urllib.request.urlopen(request) as response:
        assert json.load(response) == {"items": [], "next": None}
    second = run(config, "migrate")
    assert second.returncode == 1
    assert "is in use by another controller" in second.stderr
    (tmp_path / "c.csv").write_text("sku,name_en,name_zh,barcode\nmilk,Milk,牛奶,4006381333931\n", encoding="utf-8")
    done = run(config, "import-catalog", str(tmp_path / "c.csv"), "--api", address, "--token-file", str(tmp_path / "token"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 rows read, 0 bad" in done.stdout
    (tmp_path / "password").write_text("four words one wall\n")
    adding = "people", "add", "Li Wei", "--role", "admin", "--badge", "--password-file", str(tmp_path / "password")
    added = run(config, *adding, "--api", address, "--token-file", str(tmp_path / "token"))
    assert (added.returncode, added.stderr) == (0, "")
    assert re.fullmatch(r"p-[0-9a-z]{12} SHELFXID[A-Z]{16}\n", added.stdout)
    twice = run(config, *adding, "--api", address, "--token-file", str(tmp_path / "token"))
    assert (twice.returncode, "name_taken" in twice.stderr) == (1, True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    assert process.stderr is not None
    (told,) = process.stderr.read().splitlines()
    assert "a key file was made: keep a copy of" in told


def test_the_first_administrator_is_made_without_a_controller_running(config: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("password1234\n")
    adding = "people", "add", "Li Wei", "--role", "admin", "--password-file", str(tmp_path / "password")
    refused = run(config, *adding)
    assert (refused.returncode, "bad_password" in refused.stderr) == (1, True)
    (tmp_path / "password").write_text("four words one wall\n")
    assert re.fullmatch(r"p-[0-9a-z]{12}\n", run(config, *adding).stdout), "and nobody of that name was left by the refusal"


def test_an_import_reports_line_by_line_and_writes_all_or_nothing(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text("sku,name_en,name_zh,barcode\nmilk,Milk,牛奶,4006381333931\ntea,Tea,茶,4006381333932\n", encoding="utf-8")
    bad = run(config, "import-catalog", str(file))
    assert bad.returncode == 1
    assert "nothing was imported" in bad.stdout
    assert "check digit" in " ".join(bad.stdout.split())
    some = run(config, "import-catalog", str(file), "--mode", "good")
    assert "the good ones are in" in some.stdout


def test_tokens_and_errors_in_words(config: Path, tmp_path: Path) -> None:
    token = run(config, "token", "create", "reader", "--permission", "orders.read")
    assert token.stdout.startswith("sw_")
    assert run(config, "token", "create", "x", "--permission", "orders.fly").returncode == 1
    config.write_text("[http]\nport = 0x1ffff\ncolour = 1\n")
    wrong = run(config, "serve")
    assert wrong.returncode == 1
    assert "http.port" in wrong.stderr
    assert "http.colour" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(("name", "file"), [("openapi", "docs/openapi.json"), ("asyncapi", "docs/asyncapi.yaml")])
def test_a_stale_description_is_found(tmp_path: Path, name: str, file: str) -> None:
    def controller(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "controller", name, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False
        )

    assert controller().returncode == 0
    assert controller("--check").returncode == 0
    path = tmp_path / file
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    stale = controller("--check")
    assert (stale.returncode, stale.stderr) == (1, f"{file} is stale: run `make generate`\n")
