"""The origin is killed again and again while it is watched: nothing that was published is lost, it is back within 2 s.

Before each kill it is noted what was published: whole segments, and the newest parts of the one that grows; afterwards
the same names must have the same bytes. The control: what was written down is taken away while it is dead.
"""

import contextlib
import hashlib
import shutil
import time
from dataclasses import dataclass

from bench.faults import harm
from bench.faults.audience import Audience, watching
from bench.faults.options import Options
from bench.faults.stage import NOT_YET, TRACK, Running, Stage, stage
from bench.faults.verdict import Bound, Fired, Row, Trial, worst
from bench.harness import get
from ringside.flow.mux.hls.playlist import MediaPlaylist

WINDOW_SEGMENTS = 27  # that an origin lists at least: a minute's, less what may leave it meanwhile
EVERY_S, SETTLED_S = 3.5, 1.2
BACK_S = 2.0
COMPARED = 2
VIEWERS = 200
QUICK_KILLS = 3


@dataclass(frozen=True, slots=True)
class Published:
    """What players had been told at a moment: whole segments, and digests of the newest names' bytes."""

    segments: frozenset[int]
    digests: dict[str, str]

    def lost(self, later: "Published", live: Running) -> list[str]:
        """What of it is not there any more, or is something else."""
        stays = max(later.segments, default=0) - WINDOW_SEGMENTS
        gone = [f"{number}.m4s" for number in self.segments - later.segments if number > stays]
        return gone + [name for name, digest in self.digests.items() if fetched(live, name) != digest]


def published(live: Running) -> Published:
    """What the playlist lists now."""
    playlist = MediaPlaylist.parse(get(f"{live.live}/{TRACK}/index.m3u8", 2).decode())
    whole = [number for number, segment in playlist.numbered() if segment.uri and not segment.gap]
    parts = [
        part.uri for _, segment in playlist.numbered() if not segment.uri for part in segment.parts if not part.gap
    ]
    names = [f"{number}.m4s" for number in whole[-COMPARED:]] + [uri.rsplit("/", 1)[-1] for uri in parts[-COMPARED:]]
    return Published(frozenset(whole), {name: fetched(live, name) for name in names})


def fetched(live: Running, name: str) -> str:
    """A digest of what has that name; nothing where there is none."""
    with contextlib.suppress(*NOT_YET):
        return hashlib.sha256(get(f"{live.live}/{TRACK}/{name}", 2)).hexdigest()
    return ""


def run(options: Options) -> Trial:
    """As often as was asked for."""
    return play(options, QUICK_KILLS if options.quick else options.kills, spool=True)


def control(options: Options) -> Trial:
    """Twice, and what was written is taken away."""
    return play(options, 2, spool=False)


def play(options: Options, kills: int, spool: bool) -> Trial:
    """Kill it so often, before a crowd."""
    lost: list[str] = []
    times: list[float] = []
    trial = Trial()
    with stage() as there:
        live = there.live()
        with watching(there, live, options, kills * (EVERY_S + 1) + 4, viewers=VIEWERS, check=False,
                      browsers=options.browsers if spool else 0) as audience:  # fmt: skip
            for _ in range(kills):
                before = published(live)
                times.append(time.time())
                trial.fired.append(kill(there, live, spool))
                wait_back(audience, times[-1])
                lost += before.lost(published(live), live)
            ends = [*times[1:], time.time()]
            backs = [audience.account.back_s(at_s, end_s, 0.4) for at_s, end_s in zip(times, ends, strict=True)]
            watched = audience.cut_short()
        account = audience.account
    trial.fired = [Fired(f"origin killed {kills} times", f"{sum(each.so for each in trial.fired)} processes are gone",
                         all(each.so for each in trial.fired))]  # fmt: skip
    trial.bounds = [
        Bound(f"of what was published, lost in {kills} kills", len(lost), 0),
        Bound("new media after", worst(backs), BACK_S, "s"),
        Bound("numbers passed over or dates gone back", len(account.breaches) + len(account.missing()), 0),
        *watched.bounds(stalls=False),
    ]
    trial.facts = {**watched.facts(), "lost": lost[:50], "back_s": backs, "gaps": account.gaps(times[0])}
    return trial


def kill(there: Stage, live: Running, spool: bool) -> Fired:
    """SIGKILL for the origin; its supervisor starts another."""
    origin = live.child("origin")
    if spool:
        return harm.kill("the origin", origin)
    with harm.frozen(live.process.pid):
        fired = harm.kill("the origin", origin)
        shutil.rmtree(there.folder / "state", ignore_errors=True)
    return fired


def wait_back(audience: Audience, at_s: float) -> None:
    """Return once new media has come for a while, but not before the next kill is due."""
    audience.pause(EVERY_S - SETTLED_S)
    deadline_s = time.time() + 4 * EVERY_S
    while time.time() < deadline_s and not audience.account.silence_s(time.time() - SETTLED_S, time.time())[0] < 1.0:
        audience.pause(0.1)
    audience.pause(max(0.0, at_s + EVERY_S - time.time()))


ROW = Row(
    "origin killed 50 times",
    "0 of what was published is lost; new media ≤ 2 s after; players play on",
    run,
    "what was written down is taken away",
    control,
)
