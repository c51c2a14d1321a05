"""The agent as a process for benches: its configuration, its templates on disk, a job to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from drivers.documents.templates import content_version
from edge_agent.wire.messages import JobRequest
from edge_agent.wire.topics import BoxTopic, Family
from tests.bench.load import BOXES, SITE
from tests.shopday.programs import Program, toml

BOX = BOXES[0]
TEMPLATES = ("receipt", "shelf-label")
Device = Mapping[str, object]


def agent(folder: Path, broker_port: int, devices: Sequence[Device], station: Device, floor: Device | None = None) -> Program:
    """The templates are on its disk already.  `floor`: what stands in `[floor]`, if it serves pages."""
    place = folder / "box"
    for name in TEMPLATES:
        file = place / "templates" / f"{version(name)}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_body(name))
    config = folder / "agent.toml"
    tables: list[tuple[str, Mapping[str, object]]] = [
        ("[box]", {"id": BOX, "site": SITE, "state_dir": place, "log_level": "WARNING"}),
        ("[broker]", {"host": "127.0.0.1", "port": broker_port}),
        *(("[[device]]", device) for device in devices),
        ("[[station]]", station),
        *([("[floor]", floor)] if floor is not None else []),
    ]
    config.write_text(toml(tables), encoding="utf-8")
    return Program("agent", ("edge_agent", "run", "--config", str(config)), folder / "agent.log")


def receipt(number: int) -> JobRequest:
    """Three lines, in letters that the printer's own font has."""
    lines: list[dict[str, str | int]] = [
        {"name": name, "quantity": "2", "price": "€3.50", "amount": "€7.00"} for name in ("Milk 1 l", "Rye bread", "Eggs, 10")
    ]
    data: dict[str, str | int | list[dict[str, str | int]]] = {
        "shop": "Corner shop",
        "number": f"SO-{100_000 + number}",
        "at": "2026-11-21 12:00",
        "lines": lines,
        "total_word": "Total",
        "total": "€21.00",
    }
    return JobRequest(template="receipt", version=version("receipt"), data=data)


def shelf_label() -> JobRequest:
    data: dict[str, str | int | list[dict[str, str | int]]] = {"name": "Milk 1 l", "price": "€3.50", "ean13": "4006381333931"}
    return JobRequest(template="shelf-label", version=version("shelf-label"), data=data)


def job_topic(printer: str, job: str) -> str:
    return str(BoxTopic(site=SITE, box=BOX, device=printer, family=Family.JOB, name=job, leg="req"))


def state_topic() -> str:
    return str(BoxTopic(site=SITE, box=BOX, family=Family.STATE))


def version(template: str) -> str:
    return content_version(_body(template))


def _body(name: str) -> bytes:
    return (resources.files("controller.documents") / "builtin" / f"{name}.json").read_bytes()
