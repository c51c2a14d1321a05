"""Who may import whom (docs/architecture.md, section 1).  The rules are the two tables below; nothing else is allowed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("edge_agent", "controller", "drivers", "provisioning", "tests")
LEAVES = ("edge_agent.wire", "edge_agent.ui", "edge_agent.seams", "drivers.symbols", "drivers.documents")
"""A leaf imports nothing of ours, but leaves before it where `MAY_IMPORT` says so."""
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(LEAVES, ()),
    "drivers.documents": ("drivers.symbols",),
    "drivers": LEAVES,
    "edge_agent": ("drivers", *LEAVES),
    "provisioning": ("edge_agent.config", "edge_agent.desired", *LEAVES),
    "controller": ("provisioning", "edge_agent.sd_notify", *LEAVES),
}

# Inside the controller: a feature imports to its left, and tells its right by events.
FEATURES = (
    "people", "sites", "profiles", "catalog", "documents", "tasks", "stock", "recalls", "proofs", "costing", "pricing", "counts",
    "purchasing", "transfers", "sales", "taxes", "payments", "customers", "promotions", "orders", "fulfilment", "sourcing",
    "intake", "review", "shipping", "waves", "invoices", "returns", "replenishment", "reports", "notifications", "finance",
    "analytics",
)  # fmt: skip
APART = ("fleet", "channels")
GROUND = (
    "controller.db",
    "controller.bulk",
    "controller.values",
    "controller.dialect",
    "controller.together",
    "controller.errors",
    "controller.events",
    "controller.states",
    "controller.sheets",
    "controller.answers",
    "controller.facts",
    "controller.schema",
    "controller.sqlite",
    "controller.database",
)
COMPOSITION = (
    "app",
    "jobs",
    "__main__",
    "gateway",
    "backlog",
    "read_ahead",
    "observer",
    "ingest",
    "dispatch",
    "retractions",
    "printing",
    "private_fields",
    "following",
    "needs",
    "order_seams",
    "owed",
    "unpaid",
    "retention",
    "revoking",
    "replica",
    "tracking",
    "broker",
    "config",
    "config_table",
    "starting",
    "web",
    "http",
    "migrations",
    "db",
)


def modules() -> Iterator[tuple[str, Path]]:
    for package in OURS[:-1]:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[str]:
    """Absolute names of ours that a file imports, anywhere in it (a function's import dodges nothing)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in OURS)


def inside(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(module: str) -> str:
    """The most specific room that a module belongs to."""
    return max((room for room in MAY_IMPORT if inside(module, room)), key=len)


def test_packages_import_only_what_they_may() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in modules()
        for name in imports(path)
        if not inside(name, room_of(module)) and not any(inside(name, allowed) for allowed in MAY_IMPORT[room_of(module)])
    ]
    assert not wrong, "\n".join(wrong)


def test_a_leaf_may_import_leaves_before_it_only() -> None:
    for at, leaf in enumerate(LEAVES):
        assert set(MAY_IMPORT[leaf]) <= set(LEAVES[:at])


def test_no_package_imports_the_tests() -> None:
    assert not [f"{module} imports {name}" for module, path in modules() for name in imports(path) if inside(name, "tests")]


def feature_of(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "controller" and parts[1] in (*FEATURES, *APART) else None


def may_import_feature(mine: str, other: str) -> bool:
    if mine == other:
        return True
    if mine in APART or other in APART:
        return mine in APART and other in FEATURES[: FEATURES.index("stock")]
    return FEATURES.index(other) < FEATURES.index(mine)


def test_features_import_to_the_left() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in modules()
        for name in imports(path)
        if (mine := feature_of(module)) and (other := feature_of(name)) and not may_import_feature(mine, other)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_of_the_controller_is_known() -> None:
    rooms = {module.split(".")[1] for module, _ in modules() if module.startswith("controller.")}
    known = {*FEATURES, *APART, *COMPOSITION, *(ground.split(".")[1] for ground in GROUND)}
    assert rooms <= known, f"unknown: {rooms - known}; put it into the line of features or among the composition modules"


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_loads_nothing_heavy(leaf: str) -> None:
    heavy = ["serial", "usb", "evdev", "escpos", "tortoise", "aiohttp", "PIL"]
    code = f"import sys, {leaf}; print(*[name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == ""


def test_only_the_session_imports_paho() -> None:
    users = [
        str(path.relative_to(ROOT))
        for _, path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(name.split(".")[0] == "paho" for name in [getattr(node, "module", None) or "", *(a.name for a in node.names)])
    ]
    assert set(users) <= {"edge_agent/wire/session.py"}
