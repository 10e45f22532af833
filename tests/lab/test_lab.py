"""The laboratory keeps its word: joins are seen, losses are as asked, bytes are counted, and nothing of it stays."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import LOOPBACK, Host, Lab, Wire, choose, laboratory, usable
from tests.lab.host import Unavailable
from tests.lab.ways import USER, needs
from tests.lab.weather import MS, Fate, Weather

GROUP, PORT = "239.66.7.1", 5077
SERVER = """
import socket, sys
listener = socket.create_server((sys.argv[1], 8123))
print("open", flush=True)
for answer in ("200 OK", "404 Not Found"):
    connection, _ = listener.accept()
    connection.recv(4096)
    connection.sendall(f"HTTP/1.1 {answer}\\r\\nContent-Length: 4\\r\\nConnection: close\\r\\n\\r\\nhere".encode())
    connection.close()
"""
TREE = Path(__file__).parents[2]
needs_nft = pytest.mark.skipif(needs("nft", "nftables") is not None, reason=str(needs("nft", "nftables")))


BEST = choose()
no_user = usable(USER)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    if not BEST.make:
        pytest.skip(BEST.how)
    with laboratory(4, BEST) as made:
        yield made


def post(host: Host, *words: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.lab.post", *map(str, words)]
    return host.start(command, stdout=subprocess.PIPE, text=True, cwd=TREE)


def listener(lab: Lab, host: Host, group: str = GROUP, port: int = PORT, source: str = "") -> "subprocess.Popen[str]":
    """One who has joined, as the bridge knows."""
    process = post(host, "hear", group, port, host.address, *([source] if source else []))
    assert process.stdout is not None
    assert process.stdout.readline() == "joined\n"
    lab.wait_joined(group, {host.name})
    return process


def heard(process: "subprocess.Popen[str]") -> list[int]:
    said, _ = process.communicate(timeout=20)
    numbers: list[int] = json.loads(said)["numbers"]
    return numbers


def send(host: Host, count: int, group: str = GROUP, port: int = PORT, size: int = 1000) -> None:
    assert post(host, "send", group, port, host.address, count, size).wait(20) == 0


def test_a_group_reaches_who_joined_it_and_no_other_port_of_the_bridge(lab: Lab) -> None:
    sender, member, other, _ = lab.hosts
    ear = listener(lab, member)
    assert lab.joined(GROUP) == {"h2"}
    before = {host.name: (host.bytes_in(), host.bytes_out()) for host in lab.hosts}
    send(sender, 200)
    assert heard(ear) == list(range(200))
    packets = 200 * 1042  # 1000 and the heads of UDP, IP and Ethernet
    assert packets <= member.bytes_in() - before["h2"][0] < packets + 2000
    assert packets <= sender.bytes_out() - before["h1"][1] < packets + 2000
    assert other.bytes_in() - before["h3"][0] < 2000


def test_a_join_for_one_source_hears_that_one_alone(lab: Lab) -> None:
    sender, member, other, _ = lab.hosts
    right = listener(lab, member, "232.66.7.1", PORT, sender.address)
    wrong = listener(lab, other, "232.66.7.1", PORT, "10.66.0.99")
    send(sender, 50, "232.66.7.1")
    assert heard(right) == list(range(50))
    wrong.terminate()
    assert heard(wrong) == []


@needs_nft
def test_a_host_loses_as_many_datagrams_as_it_is_told_and_counts_them(lab: Lab) -> None:
    sender, member, other, _ = lab.hosts
    ears = [listener(lab, member), listener(lab, other)]
    member.loss(20)
    send(sender, 500)
    got = [len(heard(ear)) for ear in ears]
    looked_at, dropped = member.lost()
    member.loss(0)
    assert got[1] == 500
    assert 340 <= got[0] <= 460
    assert 500 <= looked_at <= 503
    assert 0 <= got[0] - (500 - dropped) <= 3  # the end was three datagrams more
    assert member.lost() == (0, 0)


@needs_nft
def test_a_group_can_be_cut_and_mended_at_its_sender(lab: Lab) -> None:
    sender, member, _, _ = lab.hosts
    ear = listener(lab, member)
    sender.cut()
    refused = post(sender, "send", GROUP, PORT, sender.address, 5)
    refused.wait(10)
    sender.mend()
    send(sender, 20)
    assert heard(ear) == list(range(20))


def test_a_rate_by_tbf_drops_what_would_wait_too_long(lab: Lab) -> None:
    _, member, _, slow = lab.hosts
    ear = listener(lab, member)
    slow.rate(2_000_000, burst_bytes=3000, wait_ms=20)
    send(slow, 400)  # 40 Mb/s
    got = heard(ear)
    assert 5 < len(got) < 300


def test_the_wire_between_delays_doubles_and_loses_as_its_seed_says(lab: Lab) -> None:
    sender, member, middle, _ = lab.hosts
    weather = Weather(delay_ms=5, jitter_ms=2, duplicate=10, loss=10)
    wire = Wire(middle, (GROUP, PORT), ("239.66.7.2", PORT), weather, seed=7)
    try:
        ear = listener(lab, member, "239.66.7.2")
        lab.wait_joined(GROUP, {"h3"})
        send(sender, 300)
        got = heard(ear)
        counts = wire.counts()
    finally:
        wire.close()
    assert 300 <= counts["packets"] <= 303
    assert 230 < len(set(got)) < 295
    assert len(got) > len(set(got)), "some came twice"
    assert got != sorted(got), "some passed others"


def test_what_a_host_serves_can_be_asked_for_from_outside(lab: Lab) -> None:
    host = lab.hosts[0]
    server = host.start([sys.executable, "-c", SERVER, host.address], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == "open\n"
        assert lab.fetch(f"http://{host.address}:8123/") == b"here"
        with pytest.raises(OSError, match="404"):
            lab.fetch(f"http://{host.address}:8123/nothing")
        with pytest.raises(OSError, match="refused"):
            lab.fetch(f"http://{host.address}:8124/")
    finally:
        server.terminate()
        server.wait(5)


@needs_nft
@pytest.mark.skipif(no_user is not None, reason=f"{USER.how}: {no_user}")
def test_an_ordinary_user_has_it_too_and_nothing_of_it_stays() -> None:
    with laboratory(2, USER) as lab:
        sender, member = lab.hosts
        ear = listener(lab, member)
        member.loss(20)
        send(sender, 200)
        assert 120 <= len(heard(ear)) <= 190
        assert member.lost()[1] > 0
        assert sender.bytes_out() > 200_000
        holders = [holder.pid for holder in lab._holders]
        assert all(Path(f"/proc/{pid}").exists() for pid in holders)
    assert not any(Path(f"/proc/{pid}").exists() for pid in holders)


def test_without_namespaces_groups_are_on_loopback_and_only_the_wire_spoils_them() -> None:
    with laboratory(3, LOOPBACK) as lab:
        sender, member, middle = lab.hosts
        assert "loopback" in lab.how
        wire = Wire(middle, (GROUP, PORT), ("239.66.7.2", PORT), Weather(loss=20), seed=3)
        try:
            ear = listener(lab, member, "239.66.7.2")
            send(sender, 200)
            assert 120 <= len(heard(ear)) <= 190
        finally:
            wire.close()
        for what in (lambda: member.loss(5), member.bytes_in, lambda: sender.rate(10**6)):
            with pytest.raises(Unavailable, match="needs network namespaces"):
                what()


def test_the_same_seed_is_the_same_weather() -> None:
    weather = Weather(delay_ms=10, jitter_ms=5, reorder=5, duplicate=5, loss=5, burst_ms=50, burst_every_s=1)

    def run(seed: int) -> tuple[list[list[int]], dict[str, int]]:
        fate = Fate(weather, seed, 0)
        return [fate.of(at * MS) for at in range(5000)], fate.counts

    assert run(4) == run(4)
    assert run(4)[0] != run(5)[0]


def test_a_burst_swallows_all_for_its_time_about_as_often_as_asked() -> None:
    fate = Fate(Weather(burst_ms=50, burst_every_s=2), 9, 0)
    passed = [bool(fate.of(at * MS)) for at in range(100_000)]
    assert 40 <= fate.counts["bursts"] <= 60
    gaps = "".join("x" if each else "." for each in passed).split("x")
    lengths = {len(gap) for gap in gaps if gap}
    assert lengths <= {49, 50, 51}


def test_delay_and_jitter_stay_within_what_was_asked() -> None:
    fate = Fate(Weather(delay_ms=20, jitter_ms=5), 1, 0)
    late_ms = [(fate.of(at * MS)[0] - at * MS) / MS for at in range(1000)]
    assert min(late_ms) >= 15
    assert max(late_ms) <= 25
    assert max(late_ms) - min(late_ms) > 5
