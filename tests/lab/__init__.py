"""An honest laboratory for multicast: hosts on a bridge, each in a network namespace of its own, all gone at the end.

    with laboratory(3) as lab:
        sender, one, two = lab.hosts
        two.loss(5)
        heard = two.start([sys.executable, "-m", "ringside", "edge", ...])

Joins are real IGMP, seen in the bridge's table (`lab.joined`); loss is nftables' dice, rate is tc's bucket, bytes are
what `ip -s link` counts on an interface. Delay, jitter, reordering, duplicates and bursts are made by our own relay in
between (`Wire`), from a seed. As root, as an ordinary user by `unshare`, and where neither is allowed on loopback
groups, where only the relay can spoil anything: `lab.how` says which it is, for the report.
"""

from tests.lab.host import Host
from tests.lab.network import Lab, laboratory
from tests.lab.ways import LOOPBACK, Way, choose, usable
from tests.lab.weather import Weather
from tests.lab.wire import Wire

__all__ = ["LOOPBACK", "Host", "Lab", "Way", "Weather", "Wire", "choose", "laboratory", "usable"]
