from __future__ import annotations

from pathlib import Path

import pytest

from drivers.registry import Kind
from edge_agent.config import load_config
from edge_agent.errors import ConfigErrors

GOOD = """
[box]
id = "b1"
site = "sh-01"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = 1884
username = "b1"
password_file = "secret"
[controller]
url = "http://127.0.0.1:8080"
[[device]]
id = "scanner"
kind = "scanner"
model = "scanner.serial"
address = "serial:/dev/ttyUSB0?baud=9600"
[[device]]
id = "labels"
kind = "label_printer"
model = "zpl"
address = "tcp:127.0.0.1:9100"
options = { dpi = 203 }
[[station]]
id = "desk"
scanner = "scanner"
label_printer = "labels"
[limits]
facts_bytes = 16777216
"""


def write(folder: Path, text: str) -> Path:
    (folder / "secret").write_text("x")
    path = folder / "agent.toml"
    path.write_text(text)
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD))
    assert (config.box.id, config.box.site, config.box.state_dir) == ("b1", "sh-01", tmp_path / "state")
    assert (config.broker.port, config.broker.password_file) == (1884, tmp_path / "secret")
    assert [(device.id, device.kind) for device in config.devices] == [("scanner", Kind.SCANNER), ("labels", Kind.LABEL_PRINTER)]
    assert config.devices[1].options == {"dpi": 203}
    assert config.stations[0].label_printer == "labels"
    assert config.limits.max_bytes == 16 * 1024 * 1024


def test_all_errors_come_at_once_with_their_key_paths(tmp_path: Path) -> None:
    bad = (
        GOOD.replace('id = "b1"\nsite', 'id = "Box One"\nsite')
        .replace('host = "127.0.0.1"', 'hots = "x"')
        .replace("1884", '"1884"')
    )
    bad = (
        bad.replace('"zpl"', '"zlp"')
        .replace("tcp:127.0.0.1:9100", "127.0.0.1:9100")
        .replace('label_printer = "labels"', 'scale = "labels"')
    )
    bad = bad.replace("16777216", "5") + "\n[web]\nport = 1\n"
    with pytest.raises(ConfigErrors) as caught:
        load_config(write(tmp_path, bad))
    errors = caught.value.errors
    paths = [error.split(":")[0] for error in errors]
    assert sorted(paths) == sorted(
        [
            "box.id",
            "broker.host",
            "broker.hots",
            "broker.port",
            "device[1].model",
            "device[1].address",
            "station[0].scale",
            "limits.facts_bytes",
            "web",
        ]
    )
    assert "broker.hots: is not a key here; did you mean 'host'?" in errors
    assert "station[0].scale: 'labels' must be the id of a scale; it is a label_printer" in errors


def test_an_empty_file_names_everything_that_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load_config(write(tmp_path, ""))
    assert {"box.id", "box.site", "box.state_dir", "broker.host"} <= {error.split(":")[0] for error in caught.value.errors}


def test_names_used_twice_and_files_that_do_not_exist(tmp_path: Path) -> None:
    bad = GOOD.replace('id = "labels"', 'id = "scanner"').replace('"secret"', '"nothing"')
    with pytest.raises(ConfigErrors) as caught:
        load_config(write(tmp_path, bad))
    text = str(caught.value)
    assert "device[1].id: 'scanner' is used twice" in text
    assert f"broker.password_file: there is no file {tmp_path / 'nothing'}" in text


def test_a_certificate_needs_its_key_and_tls(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("x")
    with pytest.raises(ConfigErrors, match=r"broker\.key: is missing(.|\n)*broker\.ca: is missing"):
        load_config(write(tmp_path, GOOD.replace('username = "b1"', 'username = "b1"\ncert = "cert.pem"')))


@pytest.mark.parametrize("text", ["[box", "box = 3", "[[box]]", "device = [1]", "[box]\nid = 7", "[device]\nid = 1"])
def test_a_malformed_file_is_a_typed_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigErrors):
        load_config(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="there is no such file; name the agent's configuration"):
        load_config(tmp_path / "none.toml")


def test_a_line_display_at_a_station_and_the_company_s_own_prefixes(tmp_path: Path) -> None:
    display = '[[device]]\nid = "display"\nkind = "line_display"\nmodel = "display.escpos"\naddress = "serial:/dev/ttyUSB1"\n'
    text = GOOD.replace("[[station]]", display + "[[station]]").replace('id = "desk"', 'id = "desk"\nline_display = "display"')
    config = load_config(write(tmp_path, text + '[symbols]\nown_prefixes = ["20", "212"]\n'))
    assert config.stations[0].line_display == "display"
    assert config.symbols.own_prefixes == ("20", "212")


@pytest.mark.parametrize("value", ['["2"]', '["ab"]', "[20]", '"20"', '["1234567890123"]'])
def test_a_prefix_that_is_none_is_told(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigErrors, match=r"symbols\.own_prefixes"):
        load_config(write(tmp_path, f"{GOOD}[symbols]\nown_prefixes = {value}\n"))


def test_a_station_s_display_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="must be the id of a line_display"):
        load_config(write(tmp_path, GOOD.replace('id = "desk"', 'id = "desk"\nline_display = "labels"')))


def test_how_prices_and_weights_are_laid_out(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD + '[symbols]\nvariable = ["28IIIIIWWWWWC"]\n'))
    assert [rule.prefix for rule in config.symbols.rules().variable] == ["28"]
    with pytest.raises(ConfigErrors, match=r"symbols\.variable"):
        load_config(write(tmp_path, GOOD + '[symbols]\nvariable = ["28"]\n'))


def test_a_station_of_screens_alone_with_its_own_times_and_sign_in(tmp_path: Path) -> None:
    text = (
        GOOD.replace("[broker]", 'language = "zh-CN"\n[broker]')
        + '[[station]]\nid = "tablet"\nquiet_minutes = 0\nsign_in = "pin"\nmanager_adjusts = true\n'
    )
    config = load_config(write(tmp_path, text))
    assert (config.box.language, config.stations[0].devices) == ("zh-CN", ("scanner", "labels"))
    tablet = config.stations[1]
    assert (tablet.scanner, tablet.devices, tablet.quiet_minutes, tablet.sign_in) == (None, (), 0, "pin")
    assert (config.stations[0].manager_adjusts, tablet.manager_adjusts) == (False, True)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("[broker]", 'language = "fr"\n[broker]'), "box.language"),
        (('id = "labels"', 'id = "screen"'), "device[1].id"),
        (('scanner = "scanner"', 'scanner = "scanner"\nsign_in = "face"'), "station[0].sign_in"),
        (('scanner = "scanner"', 'scanner = "scanner"\nquiet_minutes = 1441'), "station[0].quiet_minutes"),
        (('scanner = "scanner"', 'scanner = "scanner"\nmanager_adjusts = 1'), "station[0].manager_adjusts"),
        (('scanner = "scanner"', 'scanner = "scanner"\nquiet_minutes = true'), "station[0].quiet_minutes"),
    ],
)
def test_what_a_station_cannot_be(tmp_path: Path, change: tuple[str, str], key: str) -> None:
    with pytest.raises(ConfigErrors) as wrong:
        load_config(write(tmp_path, GOOD.replace(*change)))
    assert any(error.startswith(f"{key}:") for error in wrong.value.errors)
