"""docs/configuration.md and docs/examples hold every key that the programs know, with its default, and no other."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest

import controller.config as controller_config
import edge_agent.config as agent_config
import edge_agent.floor.config as floor_config
from controller.customers.config import Customers
from controller.http.routing import Permission
from controller.payments.config import ProviderSection
from controller.purchasing.config import Purchasing
from drivers import registry
from edge_agent.errors import ConfigErrors
from edge_agent.facts import FactsLimits

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "docs/examples"
ROW = re.compile(r"^\| `([a-z_]+)` \| ([^|]+) \| ([^|]+) \| [^|]{3,} \|$", re.MULTILINE)
COMMENTED_KEY = re.compile(r"^# (\w+) =", re.MULTILINE)
NOBODYS_KEY = "zzzzzzzzzz"

AGENT = {
    "[box]": agent_config.BoxConfig,
    "[broker]": agent_config.BrokerConfig,
    "[controller]": agent_config.ControllerConfig,
    "[[device]]": agent_config.DeviceConfig,
    "[[station]]": agent_config.StationConfig,
    "[symbols]": agent_config.SymbolsConfig,
    "[floor]": floor_config.FloorConfig,
    "[limits]": FactsLimits,
}
CONTROLLER = {
    "[http]": controller_config.Http,
    "[database]": controller_config.Database,
    "[broker]": controller_config.Broker,
    "[gateway]": controller_config.GatewaySection,
    "[box_http]": controller_config.BoxHttp,
    "[retention]": controller_config.Retention,
    "[purchasing]": Purchasing,
    "[customers]": Customers,
    "[[payment_provider]]": ProviderSection,
    "[[token]]": controller_config.TokenFile,
}
DEPENDS = {"[http].open_pages", "[broker].embedded", "[broker].port"}
"""Their default depends on another key; the words of the table say how."""


def chapter(title: str) -> dict[str, dict[str, str]]:
    """Section -> key -> default, as documented."""
    text = DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    names = [section.splitlines()[0].strip("`") for section in sections]
    return {name: {key: default for key, _, default in ROW.findall(section)} for name, section in zip(names, sections, strict=True)}


def known_keys(errors: list[str]) -> dict[str, set[str]]:
    """Section -> keys that the parser knows, as it tells whoever wrote `NOBODYS_KEY`."""
    found = {}
    for error in errors:
        match = re.fullmatch(rf"(\w*)(\[0\])?\.?{NOBODYS_KEY}: .*(?:there are|known here): (.*)", error)
        if match:
            name = f"[[{match[1]}]]" if match[2] else f"[{match[1]}]"
            found[name] = set(match[3].split(", "))
    return found


def documented_keys(title: str) -> dict[str, set[str]]:
    return {name: set(keys) for name, keys in chapter(title).items() if name.startswith("[")}


def test_the_agents_keys_are_documented() -> None:
    probe: dict[str, object] = {name.strip("[]"): {NOBODYS_KEY: 1} for name in AGENT}
    probe |= {name.strip("[]"): [{NOBODYS_KEY: 1}] for name in AGENT if name.startswith("[[")}
    with pytest.raises(ConfigErrors) as caught:
        agent_config.read_config({**probe, NOBODYS_KEY: 1}, Path("/"))
    known = known_keys(caught.value.errors)
    assert known.pop("[]") == {name.strip("[]") for name in AGENT}
    assert documented_keys("The agent") == known
    assert set(known) == set(AGENT)


def test_the_controllers_keys_are_documented() -> None:
    probe: dict[str, object] = {name.strip("[]"): {NOBODYS_KEY: 1} for name in CONTROLLER}
    with pytest.raises(controller_config.ConfigErrors) as caught:
        controller_config.parse_config(
            {**probe, "token": [{NOBODYS_KEY: 1}], "payment_provider": [{NOBODYS_KEY: 1}], NOBODYS_KEY: 1}, {}, "test"
        )
    known = known_keys(caught.value.errors)
    assert known.pop("[]") == {name.strip("[]") for name in CONTROLLER} | set(chapter("The controller")["The top of the file"])
    assert documented_keys("The controller") == known
    assert set(known) == set(CONTROLLER)


@pytest.mark.parametrize(("title", "tables"), [("The agent", AGENT), ("The controller", CONTROLLER)])
def test_the_defaults_are_the_codes(title: str, tables: Mapping[str, type]) -> None:
    documented = chapter(title)
    for section, table in tables.items():
        for field in dataclasses.fields(table):
            name = {"max_bytes": "facts_bytes"}.get(field.name, field.name)
            if f"{section}.{name}" not in DEPENDS and has_default(field):
                assert documented[section][name] == shown(default_of(field)), f"{section} {name}"


@pytest.mark.parametrize("model", registry.models())
def test_the_options_of_each_model_are_documented(model: str) -> None:
    options = registry.find(model).options
    fields = () if options is None else dataclasses.fields(options)
    expected = {field.name: shown(default_of(field)) if has_default(field) else "*required*" for field in fields}
    assert chapter("Options of devices").get(model, {}) == expected


def test_no_model_is_documented_that_is_not_there() -> None:
    assert set(chapter("Options of devices")) <= set(registry.models())


def test_every_permission_is_documented() -> None:
    listed = DOCUMENT.split("\nPermissions: ")[1].split("\n\n")[0]
    assert re.findall(r"`([a-z.]+)`", listed) == [permission.value for permission in Permission]


def in_folder(example: str, folder: Path, *, with_tls: bool = False) -> Path:
    """The example with its files of /etc/shelfwire in `folder`; `with_tls`: with the keys that it shows as comments."""
    text = (EXAMPLES / example).read_text(encoding="utf-8")
    if with_tls:
        text = COMMENTED_KEY.sub(r"\1 =", text)
    for name in re.findall(r'"/etc/shelfwire/([^"]+)"', text):
        (folder / name).write_text("secret\n", encoding="utf-8")
    path = folder / example
    path.write_text(text.replace("/etc/shelfwire", str(folder)), encoding="utf-8")
    return path


@pytest.mark.parametrize("with_tls", [False, True])
def test_the_agents_example_is_right_and_complete(tmp_path: Path, with_tls: bool) -> None:
    path = in_folder("agent.toml", tmp_path, with_tls=with_tls)
    config = agent_config.load_config(path)
    assert (config.broker.ca is not None) == with_tls
    for device in config.devices:
        model = registry.find(device.model)
        model.check_options(device.options)
        assert model.kind is device.kind
    assert keys_of(path.read_text(encoding="utf-8")) == {name: set(keys) for name, keys in chapter("The agent").items()}


def test_the_controllers_example_is_right_and_complete(tmp_path: Path) -> None:
    path = in_folder("controller.toml", tmp_path)
    config = controller_config.load_config(path, {})
    assert config.database.url == "postgres://shelfwire:secret@127.0.0.1:5432/shelfwire"
    documented = {name: set(keys) for name, keys in chapter("The controller").items()}
    documented.pop("Roles")
    assert keys_of(path.read_text(encoding="utf-8")) == {**documented, "The top of the file": {"data"}}


def test_the_single_shops_example_is_right_and_on_tls(tmp_path: Path) -> None:
    config = controller_config.load_config(in_folder("single-shop.toml", tmp_path), {})
    assert config.database.url == "sqlite:///var/lib/shelfwire-controller/controller.db"
    assert (config.broker.embedded, config.broker.port, config.broker.ca is not None) == (False, 8883, True)
    assert config.box_http.cert is not None


def test_the_examples_fit_together_as_they_stand(tmp_path: Path) -> None:
    agent = agent_config.load_config(in_folder("agent.toml", tmp_path))
    controller = controller_config.load_config(in_folder("controller.toml", tmp_path), {})
    assert (agent.broker.host, agent.broker.port) == (controller.broker.host, controller.broker.port)
    assert agent.broker.ca is None  # the controller talks to that port without TLS
    assert agent.broker.username != controller.broker.username
    assert agent.controller.url == f"http://{controller.http.host}:{controller.http.port}"
    text = (EXAMPLES / "controller.toml").read_text(encoding="utf-8")
    assert f'file = "/etc/shelfwire/{agent.controller.token_file.name if agent.controller.token_file else ""}"' in text


def test_the_examples_name_no_machine() -> None:
    for path in EXAMPLES.glob("*.toml"):
        found = re.findall(r'"(/[^"]+)"', path.read_text(encoding="utf-8"))
        assert found
        assert all(name.startswith(("/etc/shelfwire", "/var/lib/shelfwire", "/opt/shelfwire")) for name in found)


def keys_of(text: str) -> dict[str, set[str]]:
    """Section -> keys of a TOML file, those shown as comments too; `The top of the file` only where there is one."""
    found: dict[str, set[str]] = {}
    section = "The top of the file"
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip()
        elif match := re.match(r"(?:# )?(\w+) =", line):
            found.setdefault(section, set()).add(match[1])
    return found


def has_default(field: dataclasses.Field[object]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def default_of(field: dataclasses.Field[object]) -> object:
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default


def shown(value: object) -> str:
    """A default as the tables write it."""
    match value:
        case None:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case StrEnum():
            return f'`"{value.value}"`'
        case str():
            return f'`"{value}"`'
        case tuple():
            return "`[{}]`".format(", ".join(f'"{item}"' for item in value))
        case dict():
            return "`{}`"
        case int() | Decimal():
            return f"`{value}`"
        case _:
            raise AssertionError(f"no way to write {value!r}")
