"""`ringside multicast send` and `ringside edge --multicast` as people would start them, on a group of this machine."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Running, coming, free_port, get, ringside, until

TRACKS = ("v360", "v270", "v180", "a")
LOOPBACK = ("--interface", "127.0.0.1")


def group_of(edge: Running) -> dict[str, Any]:
    told: dict[str, Any] = edge.status()["multicast"]
    return told


def on_the_group(edge: Running) -> dict[str, Any]:
    """What the gateway tells once it lives by the group."""

    def told() -> dict[str, Any] | None:
        group = group_of(edge)
        return group if group["state"] == "group" else None

    found: dict[str, Any] = until(told, "the gateway lives by the group", 60)
    return found


@dataclass
class Stadium:
    """An origin, who sends its event to a group, and a gateway."""

    origin: Running
    gateway: Running
    sender: Running
    description: Path
    folder: Path
    address: str
    at_first: dict[str, Any]  # what the gateway told before anybody sent

    def same(self, path: str) -> bytes:
        """What the gateway answers, which is what the origin answers."""
        body = get(self.gateway.url + path)
        assert body == get(self.origin.url + path), path
        return body

    def next(self, track: str = "v360") -> bytes:
        """The same of a part that is hinted."""
        return coming(self.gateway, self.origin, track)


@contextmanager
def sending(folder: Path, origin: Running, address: str, description: Path) -> Iterator[Running]:
    words = ["send", "--origin", origin.url, "--group", address, "--ttl", "0", "--description", str(description)]
    with ringside(folder, "multicast", *words, *LOOPBACK) as sender:
        until(description.exists, f"the description is written:\n{sender.log}")
        yield sender


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("multicast")


@pytest.fixture(scope="module")
def stadium(testcard: Running, folder: Path) -> Iterator[Stadium]:
    """A gateway of the test card, and then who sends it; the last of the tests ends that."""
    address, description = f"239.255.{os.getpid() >> 8 & 255}.{os.getpid() & 255}:{free_port()}", folder / "stadium.xml"
    with ExitStack() as stack:
        with sending(folder, testcard, address, description):
            pass  # the description is there, and the keys: whoever sends next is known to the gateway
        gateway = stack.enter_context(ringside(folder, "edge", "--multicast", str(description), *LOOPBACK))
        at_first = until(lambda: group_of(gateway.on_air()), "the gateway tells of the group")
        sender = stack.enter_context(sending(folder, testcard, address, description))
        yield Stadium(testcard, gateway, sender, description, folder, address, at_first)


def test_a_gateway_serves_at_once_by_unicast_and_moves_over_when_the_group_flows(stadium: Stadium) -> None:
    assert stadium.at_first["state"] in {"start", "unicast"}
    assert stadium.gateway.status()["upstream"]["url"] == stadium.origin.url
    first = on_the_group(stadium.gateway)
    assert (first["group"], first["source"]) == (stadium.address, None)
    for _ in range(12):
        stadium.next()  # held until the group has brought it
    later = until(lambda: (g := on_the_group(stadium.gateway))["group_bytes"] > first["group_bytes"] and g, "it flows")
    assert later["switches"] == first["switches"]
    assert set(later["tracks"]) == set(TRACKS)
    assert all(track["missing"] == 0 for track in later["tracks"].values())


def test_what_came_by_the_group_is_byte_for_byte_the_origin_s(stadium: Stadium) -> None:
    before = on_the_group(stadium.gateway)
    for track in TRACKS:
        for _ in range(2):
            assert b"moof" in stadium.next(track)
        text = stadium.gateway.playlist(track)
        init = re.search(r'MAP:URI="([^"]+)"', text)
        assert init
        names = [init[1], *re.findall(r"^\d+\.m4s", text, re.M)[-2:]]
        names += re.findall(r'PART:.*?URI="(\d+\.\d+\.m4s)"', text)[-3:]
        for name in names:
            stadium.same(f"/live/main/{track}/{name}")
    stadium.same("/live/main/index.m3u8")
    after = group_of(stadium.gateway)
    assert (after["state"], after["switches"]) == ("group", before["switches"])
    metrics = get(f"{stadium.gateway.url}/metrics").decode()
    for name in (
        "multicast_up",
        "multicast_group_bytes_total",
        'multicast_packets_total{process="filler",track="v360"',
    ):
        assert f"ringside_{name}" in metrics


def test_a_gateway_that_cannot_be_says_so_in_a_sentence(stadium: Stadium) -> None:
    words = ["edge", "--multicast", str(stadium.description), "--port", str(free_port()), "--interface", "nosuch0"]
    ended = subprocess.run([sys.executable, "-m", "ringside", *words], capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert "--interface: there is no network card nosuch0 on this machine" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


def test_a_group_that_falls_silent_is_left_for_unicast_and_taken_up_again_when_it_flows(stadium: Stadium) -> None:
    gateway = stadium.gateway
    before = on_the_group(gateway)
    stadium.sender.process.kill()
    for _ in range(8):
        stadium.next()
    told = until(lambda: (g := group_of(gateway))["state"] == "unicast" and g, "it is fed by the origin")
    assert told["switches"] == before["switches"] + 1
    assert "silent" in told["why"]
    assert gateway.status()["upstream"]["state"] == "live"
    assert gateway.status()["upstream"]["resumed"] >= 1
    with sending(stadium.folder, stadium.origin, stadium.address, stadium.description):
        after = on_the_group(gateway)
        assert after["switches"] == before["switches"] + 2
        for _ in range(4):
            stadium.next()
    log = [line["text"] for line in gateway.status()["log"]]
    assert any(line == "the group feeds this edge" for line in log)
    assert any(line.startswith("the origin feeds this edge") for line in log)
