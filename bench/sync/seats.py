"""Players before their screens: on the wall where the product has one, else a page for each; and what came of them."""

import time
from collections.abc import Sequence
from typing import Any

from bench.harness import Event
from bench.sync import figures
from bench.sync.event import offers
from bench.sync.figures import Screen
from bench.sync.options import Options
from bench.sync.room import PATHS, Room, Seen, Window

SETTLE_S = 15.0


def origin(event: Event, number: int) -> str:
    """The event by the loopback address of that number: to a browser a server of its own."""
    return f"http://127.0.0.{number + 1}:{event.port}"


def page_url(event: Event, player: str, target_s: float | None, number: int = 0, base: str | None = None) -> str:
    """The watch page with such a player."""
    target = "" if target_s is None else f"&target={target_s}"
    return f"{base or origin(event, number)}/?player={player}{target}"


def sit(room: Room, event: Event, players: Sequence[str], options: Options, target_s: float | None) -> list[Seen]:
    """So many players, playing; the wall has them all unless a page for each is asked for, or there is no wall."""
    if not options.pages and offers(f"{event.url}/wall"):
        window = wall(room, event, players, target_s)
        room.wait_playing(len(room.players) - len(window.players) + len(players))
        window.move(_names(players))
        return window.players
    windows: list[Window] = []
    for number, (player, name) in enumerate(zip(players, _names(players), strict=True)):
        windows.append(room.open(page_url(event, player, target_s, number), name))
        room.stagger()
    room.wait_playing(len(room.windows))
    return [window.players[0] for window in windows]


def wall(room: Room, event: Event, players: Sequence[str], target_s: float | None) -> Window:
    """The wall with so many tiles; each has a loopback address to itself, as a browser opens six connections to one."""
    edges = ",".join(origin(event, 1 + number) for number in range(len(players)))
    target = "" if target_s is None else f"&target={target_s}"
    return room.open(f"{event.url}/wall?players={','.join(players)}&edges={edges}{target}", "wall", large=True)


def _names(players: Sequence[str]) -> list[str]:
    return [f"{player} {1 + players[:number].count(player)}" for number, player in enumerate(players)]


def settle(room: Room, options: Options, settle_s: float = SETTLE_S) -> None:
    """Let them settle; by what path they came to play meanwhile does not count."""
    room.watch(options.settle_s if options.settle_s is not None else 4.0 if options.quick else settle_s)
    for seen in room.players:
        seen.paths.clear()


def strayed(seats: Sequence[Seen], players: Sequence[str]) -> list[str]:
    """Who did not play by the path that it was asked to, in words."""
    found = []
    for seen, player in zip(seats, players, strict=False):
        if seen.paths - {PATHS.get(player, player)}:
            found.append(f"{seen.name} played {', '.join(sorted(seen.paths))}")
    return found


def player_figures(seen: Seen, from_ms: float, until_ms: float) -> dict[str, Any]:
    """One player, between two moments."""
    all_told = seen.told
    frames = figures.between(all_told.frames, from_ms, until_ms)
    stalls = figures.stalls(frames, from_ms, until_ms)
    happened = [kind for kind, at_ms in seen.events if from_ms <= at_ms < until_ms]
    return {
        "path": sorted(seen.paths),
        "latency_ms": figures.summary(figures.latencies_ms(frames)),
        "frames": len(frames),
        "unseen": figures.unseen(frames),
        "stalls": len(stalls),
        "stall_ms": [round(long_ms) for _, long_ms in stalls][:50],
        "waited": happened.count("waiting"),
        "sought": happened.count("seeking"),
        "jumps_ms": [by_ms for _, by_ms in figures.jumps(frames)][:50],
        "rates": figures.rates(frames),
        "preserves_pitch": seen.preserves,
        "instrument": {
            "unread": all_told.unread,
            "late": all_told.late,
            "twice": all_told.twice,
            "missed": all_told.missed,
            "passed": all_told.passed,
            "lost": seen.lost,
            "read_ms": figures.summary(row[5] or 0.0 for row in seen.rows),
        },
        "says": {
            name: seen.said.get(name) for name in ("path", "latency_ms", "target_ms", "offset_ms", "stalls", "dropped")
        },
    }


def group_figures(seats: Sequence[Seen], from_ms: float, until_ms: float) -> dict[str, Any]:
    """All of them together: latency of every frame, spread at every instant, and each alone."""
    screens = [seen.screen for seen in seats]
    spreads = figures.spread_ms(screens, from_ms, until_ms)
    each = {seen.name: player_figures(seen, from_ms, until_ms) for seen in seats}
    frames = [frame for screen in screens for frame in figures.between(screen.frames, from_ms, until_ms)]
    return {
        "players": each,
        "latency_ms": figures.summary(figures.latencies_ms(frames)),
        "spread_ms": figures.summary(spread for _, spread in spreads),
        "spread_by_second_ms": figures.by_second(spreads),
        "latency_by_second_ms": {
            seen.name: by_second(screen, from_ms, until_ms) for seen, screen in zip(seats, screens, strict=True)
        },
        "stalls": sum(max(one["stalls"], one["waited"]) for one in each.values()),
        "unseen": sum(one["unseen"] for one in each.values()),
        "frames": sum(one["frames"] for one in each.values()),
        "jumps": sum(len(one["jumps_ms"]) for one in each.values()),
        "measured_s": round((until_ms - from_ms) / 1000, 1),
    }


def by_second(screen: Screen, from_ms: float, until_ms: float) -> list[float | None]:
    """The median latency of each second's frames; None where none was displayed."""
    found: list[float | None] = []
    for second in range(int((until_ms - from_ms) // 1000)):
        inside = figures.between(screen.frames, from_ms + second * 1000, from_ms + second * 1000 + 1000)
        found.append(figures.summary(figures.latencies_ms(inside)).get("p50"))
    return found


def now_ms() -> float:
    """Unix milliseconds by this machine's clock, which stamps frames here too."""
    return time.time() * 1000
