"""A live HLS origin in memory, for players in simulated time: parts published as time passes, reloads held, deltas.

Time 0 of a test is EPOCH of Unix time, and media position 0 as well: a part is published when its end has been reached,
plus `encode_s`, unless the origin is silent then. Every playlist is computed from `now_s` alone.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from transfer import Answer, Server, TestViewer, TestWorld, Transfer, whole

from ringside.prove.crowd.player.base import Failure
from ringside.prove.crowd.player.hls import HlsPlayer
from ringside.prove.crowd.player.profile import Profile
from ringside.prove.crowd.player.stock import HLS_JS

EPOCH = 1_800_000_000
BASE = "http://test/live/"
INDEX = BASE + "index.m3u8"
SEGMENT_S = 2.0
PART_S = 0.5
PARTS = 4
HINT_S = 2.0
RTT_S = 0.01


@dataclass
class Origin:
    """`rungs` by name, bits per second, in the order listed. Silences are spans in which nothing is published."""

    rungs: dict[str, int] = field(default_factory=lambda: {"v": 800_000})
    sound: bool = True
    low_latency: bool = True
    blocks: bool = True
    deltas: bool = True
    dated: bool = True
    inits: bool = True
    hold_back_s: float = 1.5
    encode_s: float = 0.05
    ends_s: float = 1e9
    """The event is over: ENDLIST stands from its last part on."""
    window: int = 8
    """Whole segments listed."""
    silences: list[tuple[float, float]] = field(default_factory=list)
    gaps: set[int] = field(default_factory=set)
    """Segments marked as gaps."""
    gaps_of: dict[str, set[int]] = field(default_factory=dict)
    """The same, of one rung."""
    first_s: float = -60.0
    """Of the media that has ever been."""

    @property
    def names(self) -> list[str]:
        return [*self.rungs, *(["a"] if self.sound else [])]

    @property
    def number_0(self) -> int:
        """Media sequence number of position 0."""
        return int(-self.first_s // SEGMENT_S)

    def published_s(self, part: int) -> float:
        """When a part, counted from position 0, is there."""
        at_s = (part + 1) * PART_S + self.encode_s
        for from_s, to_s in self.silences:
            at_s = to_s if from_s <= at_s < to_s else at_s
        return at_s

    def parts_at(self, now_s: float) -> int:
        """The part that will come next, counted from position 0."""
        part = int(now_s / PART_S) + 1
        while part > self.first_s / PART_S and self.published_s(part - 1) > now_s + 1e-9:
            part -= 1
        return min(part, int(self.ends_s / PART_S))

    def edge_s(self, now_s: float) -> float:
        """Where the media ends that is listed at `now_s`."""
        step = 1 if self.low_latency else PARTS
        return self.parts_at(now_s) // step * step * PART_S

    def index(self) -> str:
        lines = ["#EXTM3U", "#EXT-X-VERSION:9"]
        sound = ""
        if self.sound:
            lines.append('#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="a",DEFAULT=YES,URI="a.m3u8"')
            sound = ',AUDIO="s"'
        for name, bps in self.rungs.items():
            lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={bps}{sound}", f"{name}.m3u8"]
        return "\n".join(lines) + "\n"

    def playlist(self, name: str, now_s: float, skip: bool = False) -> str:
        following = self.parts_at(now_s)
        whole_ones, begun = divmod(following, PARTS)
        first = max(whole_ones - self.window, int(self.first_s // SEGMENT_S))
        left_out = max(0, whole_ones - 6 - first) if skip and self.deltas else 0
        lines = [*self._header(first), *([f"#EXT-X-SKIP:SKIPPED-SEGMENTS={left_out}"] if left_out else [])]
        for segment in range(first + left_out, whole_ones):
            lines += self._segment(name, segment, segment == first, segment >= whole_ones - 2)
        if following * PART_S >= self.ends_s:
            lines.append("#EXT-X-ENDLIST")
        elif self.low_latency:
            lines += self._unfinished(name, whole_ones, begun, now_s)
        return "\n".join(lines) + "\n"

    def _header(self, first: int) -> list[str]:
        lines = ["#EXTM3U", "#EXT-X-VERSION:9", f"#EXT-X-TARGETDURATION:{SEGMENT_S:.0f}"]
        control = [f"HOLD-BACK={3 * SEGMENT_S}"]
        if self.low_latency:
            lines.append(f"#EXT-X-PART-INF:PART-TARGET={PART_S}")
            control.append(f"PART-HOLD-BACK={self.hold_back_s}")
        control += ["CAN-BLOCK-RELOAD=YES"] if self.blocks else []
        control += [f"CAN-SKIP-UNTIL={6 * SEGMENT_S}"] if self.deltas else []
        return [*lines, "#EXT-X-SERVER-CONTROL:" + ",".join(control), f"#EXT-X-MEDIA-SEQUENCE:{first + self.number_0}"]

    def _segment(self, name: str, segment: int, first: bool, parts: bool) -> list[str]:
        number = segment + self.number_0
        lines = [f'#EXT-X-MAP:URI="{name}/init.mp4"'] if first and self.inits else []
        if self.dated:
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(EPOCH + segment * SEGMENT_S)}")
        if parts and self.low_latency:
            lines += [self._part(name, number, part) for part in range(PARTS)]
        if self._gap(name, segment):
            lines.append("#EXT-X-GAP")
        return [*lines, f"#EXTINF:{SEGMENT_S},", f"{name}/{number}.m4s"]

    def _part(self, name: str, number: int, part: int) -> str:
        gap = ",GAP=YES" if self._gap(name, number - self.number_0) else ""
        independent = "" if part else ",INDEPENDENT=YES"
        return f'#EXT-X-PART:DURATION={PART_S},URI="{name}/{number}.{part}.m4s"{independent}{gap}'

    def _gap(self, name: str, segment: int) -> bool:
        return segment in self.gaps or segment in self.gaps_of.get(name, ())

    def _unfinished(self, name: str, segment: int, begun: int, now_s: float) -> list[str]:
        number = segment + self.number_0
        lines = [f"#EXT-X-PROGRAM-DATE-TIME:{_date(EPOCH + segment * SEGMENT_S)}"] if begun and self.dated else []
        lines += [self._part(name, number, part) for part in range(begun)]
        lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{name}/{number}.{begun}.m4s"')
        last = (number, begun - 1) if begun else (number - 1, PARTS - 1)
        for other in self.names:
            if other != name:
                lines.append(f'#EXT-X-RENDITION-REPORT:URI="{other}.m3u8",LAST-MSN={last[0]},LAST-PART={last[1]}')
        return lines

    # -- over HTTP

    def serve(self, server: Server | None = None) -> Server:
        server = server or Server()
        server.on(BASE, lambda url, now_s: Answer(404))
        server.on(INDEX, lambda url, now_s: whole(self.index().encode()))
        for name in self.names:
            server.on(f"{BASE}{name}.m3u8", lambda url, now_s, name=name: self._listed(name, url, now_s))
            server.on(f"{BASE}{name}/", lambda url, now_s, name=name: self._media(name, url, now_s))
        return server

    def _listed(self, name: str, url: str, now_s: float) -> Answer:
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        skip = query.get("_HLS_skip") == "YES"
        ready_s = now_s
        if self.blocks and "_HLS_msn" in query and now_s < self.ends_s + self.encode_s:
            part = int(query.get("_HLS_part", PARTS - 1))
            wanted = (int(query["_HLS_msn"]) - self.number_0) * PARTS + part
            last = self.ends_s / PART_S - 1
            ready_s = max(now_s, self.published_s(int(min(wanted, last))))
        return whole(self.playlist(name, ready_s, skip).encode(), ready_s)

    def _media(self, name: str, url: str, now_s: float) -> Answer | Failure:
        file = urlsplit(url).path.rpartition("/")[2].removesuffix(".m4s")
        if file == "init.mp4":
            return whole(b"i" * 800)
        number, _, part = file.partition(".")
        segment = int(number) - self.number_0
        last = segment * PARTS + (int(part) if part else PARTS - 1)
        ready_s = self.published_s(last)
        if (last + 1) * PART_S > self.ends_s or ready_s > now_s + (HINT_S if part else 0):
            return Answer(404)
        bps = self.rungs.get(name, 64_000)
        return whole(b"m" * int(bps * (PART_S if part else SEGMENT_S) / 8), max(now_s, ready_s))


def _date(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Watching(Transfer):
    """One player at an origin."""

    player: HlsPlayer

    def __init__(
        self,
        origin: Origin,
        server: Server | None = None,
        now_s: float = 0.0,
        profile: Profile = HLS_JS,
        url: str = INDEX,
        dvr_s: float = 0.0,
        low_latency: bool = True,
        world: TestWorld | None = None,
    ) -> None:
        self.origin = origin
        self.world = world or TestWorld(EPOCH)
        self.viewer = TestViewer(dvr_s=dvr_s)
        self.left_s: float | None = None
        player = HlsPlayer(url, profile, self.world, self.viewer, now_s, low_latency)
        super().__init__(player, server or origin.serve(), now_s, self._look)

    def _look(self, now_s: float) -> None:
        if self.left_s is None and self.viewer.leave_s <= now_s:
            self.left_s = now_s

    @property
    def feel(self):
        return self.player.feel

    def asked(self, part_of_url: str = "") -> list[tuple[float, str]]:
        """(when, URL without the base) of each request."""
        return [(a.now_s, a.url.removeprefix(BASE)) for a in self.server.asked if part_of_url in a.url]

    def urls(self, part_of_url: str = "") -> list[str]:
        return [url for _, url in self.asked(part_of_url)]


def plain() -> Origin:
    """One rung without low latency, its sound in it."""
    return Origin(low_latency=False, blocks=False, deltas=False, sound=False)


def numbered(url: str) -> tuple[int, int] | None:
    """(segment, part) of a media URL; the part is -1 for a whole segment."""
    found = re.search(r"/(\d+)(?:\.(\d+))?\.m4s", url)
    return None if found is None else (int(found[1]), int(found[2] or -1))


def media(play: Watching, name: str = "v") -> list[tuple[int, int]]:
    """The media asked for, as `numbered`."""
    return [place for url in play.urls(f"/{name}/") if (place := numbered(url)) is not None]
