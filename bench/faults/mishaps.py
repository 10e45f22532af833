"""Mishaps: a night with two of everything, and what may happen to it; each mends itself before the next.

Two studios push to two origins; an edge knows both. The first studio has a camera, and the test card behind it; the
second one shows the test card. What enters: the stage. What leaves: `Fired`, and how long the mishap lasted.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.faults import harm
from bench.faults.camera import Camera
from bench.faults.film import Kind
from bench.faults.stage import Running, Stage, stage
from bench.faults.verdict import Fired
from bench.harness import free_port
from bench.sync.relay import Relay, relay

Pause = Callable[[float], None]
AWAY_S = (1.0, 10.0)
CUT_S = 3.0


@dataclass(slots=True)
class Night:
    """Everything that runs."""

    there: Stage
    camera: Camera
    origins: list[Running]
    edge: Running
    network: Relay
    source: str
    studios: dict[str, Running] = field(default_factory=dict)

    def start_studio(self, name: str) -> None:
        """One of the two, by name."""
        order = "0" if name == "first" else "1"
        source = [self.source] if name == "first" else []
        words = [*source, "--name", name, "--order", order]
        self.studios[name] = self.there.studio([each.url for each in self.origins], *words, name=f"studio-{name}")


@contextmanager
def night() -> Iterator[Night]:
    """Two of everything, on the air."""
    with stage(more=BACKUP) as there, Camera(port := free_port()) as camera:
        origins = [there.origin(name=f"origin-{name}") for name in ("one", "two")]
        with relay(origins[0].port) as network:
            running = Night(there, camera, origins, origins[0], network, f"udp://127.0.0.1:{port}")
            for name in ("first", "second"):
                running.start_studio(name)
            for each in origins:
                there.on_air(each)
            running.edge = there.edge([network.url, origins[1].url])
            yield running


BACKUP = '[[source.backup]]\nname = "card"\nurl = "testcard"\n'


def studio_killed(those: Night, rng: random.Random, pause: Pause) -> Fired:
    """A studio's machine dies; another is there some seconds later."""
    name = rng.choice(sorted(those.studios))
    fired = those.studios[name].kill()
    pause(rng.uniform(*AWAY_S))
    those.start_studio(name)
    return fired


def studio_frozen(those: Night, rng: random.Random, pause: Pause) -> Fired:
    """A studio stands still and wakes."""
    name = rng.choice(sorted(those.studios))
    return _frozen(f"studio {name}", those.studios[name], rng.uniform(*AWAY_S), pause)


def encoder_killed(those: Night, rng: random.Random, pause: Pause) -> Fired:
    """The encoder of a studio dies; its supervisor starts another."""
    name = rng.choice(sorted(those.studios))
    return harm.kill(f"encoder of studio {name}", those.studios[name].child("studio"))


def origin_frozen(those: Night, rng: random.Random, pause: Pause) -> Fired:
    """An origin stands still and wakes."""
    one = rng.choice(those.origins)
    return _frozen(one.name, one, rng.uniform(*AWAY_S), pause)


def origin_killed(those: Night, rng: random.Random, pause: Pause) -> Fired:
    """The origin process of one dies; its supervisor starts another."""
    one = rng.choice(those.origins)
    return harm.kill(one.name, one.child("origin"))


def edge_cut(those: Night, rng: random.Random, pause: Pause) -> Fired:
    """Nothing passes between the edge and the first origin."""
    before = those.network.dropped
    those.network.cut()
    pause(CUT_S)
    those.network.mend()
    dropped = those.network.dropped - before
    return Fired("edge cut from origin one", f"{dropped} connections were dropped", dropped > 0)


def camera_gone(those: Night, rng: random.Random, pause: Pause) -> Fired:
    """The camera sends nothing for a while."""
    sent = those.camera.sent
    those.camera.silent()
    time.sleep(0.05)
    quiet = those.camera.sent
    pause(rng.uniform(*AWAY_S))
    so = those.camera.sent == quiet
    those.camera.speak()
    return Fired("camera gone", f"{those.camera.sent - sent} datagrams in it", so)


def camera_failing(those: Night, rng: random.Random, pause: Pause) -> Fired:
    """The camera goes black, or shows one picture only."""
    kind: Kind = rng.choice(("black", "frozen"))
    those.camera.show(kind)
    pause(6.0)
    shown = those.camera.shows
    those.camera.show("card")
    return Fired(f"camera {kind}", f"it sent the film called {shown}", shown == kind)


def camera_jumped(those: Night, rng: random.Random, pause: Pause) -> Fired:
    """The camera's clock jumps."""
    by_s = rng.choice((3600.0, -10.0))
    before_s = those.camera.clock_s
    those.camera.jump(by_s)
    after_s = those.camera.clock_s
    return Fired(f"camera's clock {by_s:+.0f} s", f"it said {before_s:.0f} s, then {after_s:.0f} s", True)


def _frozen(what: str, one: Running, for_s: float, pause: Pause) -> Fired:
    with harm.frozen(*one.tree(), for_s=for_s) as letters:
        pause(for_s)
    return harm.stopped(what, letters, for_s)


MISHAPS: tuple[Callable[[Night, random.Random, Pause], Fired], ...] = (
    studio_killed, studio_frozen, encoder_killed, origin_frozen, origin_killed, edge_cut, camera_gone, camera_failing,
    camera_jumped,
)  # fmt: skip
