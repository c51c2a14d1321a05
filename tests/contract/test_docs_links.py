"""What the documents refer to exists: files, headings, addresses of the API, make's targets, command barcodes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from drivers.symbols.commands import Command, parse_command

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "systemd/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
PATHS: dict[str, dict[str, object]] = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))["paths"]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def headings(text: str) -> set[str]:
    """The anchors that a forge makes of headings."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    for target, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"there is no {target}"
        assert not anchor or anchor in headings(path.read_text(encoding="utf-8")), f"{target} has no heading {anchor}"


def known_path(method: str, path: str) -> bool:
    """Whether the API has it; `$NAME`, `{name}` and `…` stand for one part of a path."""
    given = re.sub(r"\$\w+|\{\w+\}|…", "{}", path.split("?", maxsplit=1)[0])
    for known, methods in PATHS.items():
        parts = known.split("/")
        same = [one in (other, "{}") or other.startswith("{") for one, other in zip(given.split("/"), parts, strict=False)]
        if len(given.split("/")) == len(parts) and all(same) and method.lower() in methods:
            return True
    return False


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_addresses_of_the_api_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    told = re.findall(r"\b(GET|POST) (/(?:api|box|healthz|readyz|metrics)[^\s`|]*)", text)
    told += [(verb.upper(), f"/api/v1{path}") for verb, path in re.findall(r"\b(get|post) [\"']?(/[^\s\"'`)]+)", text)]
    assert [f"{method} {path}" for method, path in told if not known_path(method, path)] == []


def test_the_tour_uses_commands_that_stations_know() -> None:
    text = (ROOT / "docs/tour.md").read_text(encoding="utf-8")
    scanned = re.findall(r"\b(SHELFX[A-Z]+)\b(?!…)", text)
    assert len(scanned) > 8
    assert [word for word in scanned if not isinstance(parse_command(word), Command)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_make_has_the_targets_that_are_named(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^    )make ([a-z]+)", document.read_text(encoding="utf-8"), re.MULTILINE)) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_pictures_can_be_drawn(document: Path) -> None:
    """In Mermaid a semicolon ends a line, and a number sign begins an entity: both break a message's text."""
    for picture in re.findall(r"^```mermaid\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        assert not set(picture) & {";", "#"}


def test_documents_that_the_code_names_are_here() -> None:
    tracked = ("drivers", "edge_agent", "controller", "provisioning", "tests")
    sources = [path for folder in tracked for path in sorted((ROOT / folder).rglob("*.py"))]
    here = {path.name for path in (*DOCUMENTS, *(ROOT / "edge_agent").rglob("*.md"))} | {"added.md"}  # the end of a fragment
    named = {(name(path), each) for path in sources for each in re.findall(r"[\w-]+\.md\b", path.read_text(encoding="utf-8"))}
    assert not {(path, each) for path, each in named if each not in here}
