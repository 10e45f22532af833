"""A sender and the network cards of a machine: it leaves by the one that was named, and says what cannot be.

In a network of its own, which an ordinary user may make where the kernel allows it.
"""

import json
import shutil
import subprocess
import sys

import pytest

SETTING = """
ip link set lo up
ip link add left type veth peer name left-far && ip link add right type veth peer name right-far
for card in left left-far right right-far; do ip link set $card up; done
ip address add 10.77.1.1/24 dev left && ip address add 10.77.2.1/24 dev right
ip link add narrow mtu 1200 type veth peer name narrow-far && ip link set narrow up && ip link set narrow-far up
ip address add 10.77.3.1/24 dev narrow
exec "$@"
"""
SCENE = """
import json, socket
from pathlib import Path
from ringside.core.errors import Misconfigured
from ringside.flow.relay.sender.config import Config
from ringside.flow.relay.sender.socket import Outlet

def sent():
    lines = [line.split() for line in Path("/proc/net/dev").read_text().splitlines()[2:]]
    return {line[0].rstrip(":"): int(line[9]) for line in lines}  # bytes sent

def outlet(**values):
    return Outlet(Config(origin="http://o", group="239.77.7.7", port=5000, **values), 1352)

found = {}
for wish in ({"interface": "left"}, {"interface": "10.77.2.1"}, {"source": "10.77.2.1"},
             {"source": "10.77.1.1", "interface": "right"}):
    before = sent()
    there = outlet(**wish)
    for _ in range(50):
        assert there.send(bytes(1352))
    there.close()
    after = sent()
    found[" ".join(wish.values())] = [card for card in ("left", "right") if after[card] - before[card] > 50 * 1352]
for wish in ({"interface": "narrow"}, {}, {"interface": "none"}):
    try:
        outlet(**wish)
    except Misconfigured as error:
        found["wrong " + " ".join(wish.values())] = str(error)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, object]:
    """What a machine with three network cards and no route saw."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("unshare or ip is not installed")
    inside = ["unshare", "--user", "--map-root-user", "--net", "sh", "-ec", SETTING, "sh"]
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a network of their own")
    run = subprocess.run([*inside, sys.executable, "-c", SCENE], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))


def test_packets_leave_by_the_card_that_was_named_by_name_or_address(seen: dict[str, object]) -> None:
    assert seen["left"] == ["left"]
    assert seen["10.77.2.1"] == ["right"]


def test_a_card_that_is_named_goes_before_that_of_the_source(seen: dict[str, object]) -> None:
    assert seen["10.77.1.1 right"] == ["right"]


def test_an_mtu_that_is_too_small_is_told_with_a_symbol_that_fits(seen: dict[str, object]) -> None:
    assert seen["wrong narrow"] == (
        "--symbol: packets of 1380 bytes are larger than the MTU of narrow, which is 1200: "
        "take a --symbol of 1096 or less"
    )


def test_without_a_route_a_card_has_to_be_named(seen: dict[str, object]) -> None:
    assert "name an interface with --interface" in str(seen["wrong "])


def test_a_card_that_is_not_there_is_told_with_those_that_are(seen: dict[str, object]) -> None:
    assert str(seen["wrong none"]).startswith("--interface: there is no interface 'none' on this machine; it has lo, ")
