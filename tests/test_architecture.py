"""The import law: core <- flow, control <- prove <- cli; stages of flow know nothing of one another."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "ringside"
MODULES = sorted(ROOT.rglob("*.py"))
ALLOWED = {
    "core": {"core"},
    "flow": {"core", "flow"},
    "control": {"core", "control"},
    "prove": {"core", "flow", "control", "prove"},
    "cli": {"core", "flow", "control", "prove", "cli"},
}
CLOCK_READERS = {"core/clock/wall.py"}
SHELLS = {"flow/mux/lane.py", "flow/mux/way.py", "flow/mux/connect.py"}
"""Beside aio.py: the ways on which a studio pushes, one for each origin and track."""
PURE = ("core/media", "core/boxes", "core/feed", "core/alc", "core/mabr", "core/rtmp", "core/catalog", "flow/mux",
        "flow/origin/select")  # fmt: skip


def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever in the file it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return found


def room(module: str) -> list[str]:
    return module.split(".")[1:] if module.startswith("ringside.") else []


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_pure(path: Path) -> bool:
    """Pure modules are all of core's nouns and, in a stage, all but its shells."""
    nouns = name(path).startswith(PURE) and name(path) not in SHELLS
    return path.name == "decide.py" or (nouns and path.name != "aio.py")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_room_imports_only_from_the_floors_below(path: Path) -> None:
    here = name(path).split("/")
    if here[0] not in ALLOWED:
        return
    for module in imports(path):
        there = room(module)
        if there and there[0] in ALLOWED:
            assert there[0] in ALLOWED[here[0]], f"{here[0]} must not import {module}"


@pytest.mark.parametrize("path", [m for m in MODULES if name(m).startswith("flow/")], ids=name)
def test_a_stage_never_imports_another_stage(path: Path) -> None:
    stage = name(path).split("/")[1]
    for module in imports(path):
        there = room(module)
        if there[:1] == ["flow"] and len(there) > 1:
            assert there[1] == stage, f"{stage} must not import {module}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_the_clock_reads_the_system_time(path: Path) -> None:
    if name(path) in CLOCK_READERS:
        return
    readers = {"time", "time_ns", "now", "utcnow", "today"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in readers and isinstance(node.value, ast.Name):
            assert node.value.id not in {"time", "datetime"}, f"{name(path)}:{node.lineno} reads the system clock"


@pytest.mark.parametrize("path", [m for m in MODULES if is_pure(m)], ids=name)
def test_pure_modules_do_no_input_or_output(path: Path) -> None:
    forbidden = {"asyncio", "uvloop", "socket", "threading", "random", "time", "os", "subprocess"}
    assert not imports(path) & forbidden


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    source = path.read_text()
    assert not source.strip() or ast.get_docstring(ast.parse(source)), f"{name(path)} has no docstring"


def test_no_room_is_too_deep_or_too_large() -> None:
    for path in MODULES:
        assert len(path.relative_to(ROOT).parts) <= 4, f"{name(path)}: three folders below the package at most"
        assert len(path.read_text().splitlines()) <= 400, f"{name(path)} is over 400 lines"
