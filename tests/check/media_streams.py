"""Sightings of an event cut by our own mux in memory, whole and conformant, for tests to break by surgery.

Pictures are NAL units with nothing behind their first byte: the judges look no further.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from typing import Any

from ringside.core.boxes.box import Box, boxes
from ringside.core.media import Chunk, Frame, Grid, Part, Segment, Timeline, Track, View
from ringside.flow.mux import Segmenter, audio_track, video_track
from ringside.flow.mux.dash import Config, mpd
from ringside.flow.mux.hls import MediaPlaylist, Multivariant
from ringside.prove.check.cmaf.opened import Stream
from ringside.prove.check.finding import Finding
from ringside.prove.check.seen import DashStream, Fetch, HlsStream, Media, Version

START_S = 1_795_000_000
FIRST = START_S // 2
SEGMENTS = 3
NOW_NS = (START_S + 2 * SEGMENTS) * 10**9
TIMELINE = Timeline()
BASE = "http://127.0.0.1/live/main/"
SPS_PPS = bytes.fromhex("000000016742c00cda05067e7840000003004000000ca3c50aa80000000168ce0fc8")
CONTAINERS = {"moov", "trak", "mdia", "minf", "stbl", "mvex", "moof", "traf", "edts"}


@dataclass(frozen=True)
class Cut:
    """A track and the chunks that the mux made of it."""

    track: Track
    chunks: tuple[Chunk, ...]


@cache
def video(name: str = "v180", fps: int = 25) -> Cut:
    """Three segments of two seconds, a key frame each second."""
    grid = Grid.video(Fraction(fps))
    track = video_track(name, SPS_PPS, grid, 320, 180, Fraction(fps), 60_000, 200_000)
    return _cut(track, grid, lambda index: index % fps == 0)


@cache
def audio(name: str = "a") -> Cut:
    """The same in AAC."""
    grid = Grid.audio()
    return _cut(audio_track(name, bytes.fromhex("1190"), grid, 2, 60_000, 100_000), grid, lambda index: True)


def _cut(track: Track, grid: Grid, key: Callable[[int], bool]) -> Cut:
    segmenter, chunks = Segmenter(track, grid, TIMELINE), list[Chunk]()
    first = TIMELINE.first_frame(grid, FIRST)
    for index in range(first, TIMELINE.first_frame(grid, FIRST + SEGMENTS)):
        unit = b"\0\0\0\1" + (b"\x65" if key(index - first) else b"\x41") + bytes([1 + index % 200]) * 150
        chunks += segmenter.push(Frame(track.name, index, key(index - first), unit if track.width else unit[5:]))
    return Cut(track, tuple(chunks))


def fetch(url: str, body: bytes, at_ns: int = NOW_NS, **more: Any) -> Fetch:
    """An answer that came at once."""
    return Fetch(url, at_ns, at_ns, at_ns, 200, (), body, ((at_ns, len(body)),), **more)


def objects(cut: Cut, parts: bool = True) -> Iterator[Media]:
    """Every segment, and every part before it."""
    name = cut.track.name
    for number in range(FIRST, FIRST + SEGMENTS):
        chunks = [chunk for chunk in cut.chunks if chunk.number == number]
        for chunk in chunks if parts else ():
            it = fetch(f"{BASE}{name}/{number}.{chunk.part}.m4s", chunk.data)
            yield Media(name, number, chunk.part, it, cut.track.init, chunk.part == 0)
        whole = b"".join(chunk.data for chunk in chunks)
        yield Media(name, number, None, fetch(f"{BASE}{name}/{number}.m4s", whole), cut.track.init)


def playlist(cut: Cut) -> str:
    """The media playlist with all parts."""
    scale, lines = cut.track.timescale, [f"#EXT-X-MEDIA-SEQUENCE:{FIRST}", "#EXT-X-PART-INF:PART-TARGET=0.24"]
    for number in range(FIRST, FIRST + SEGMENTS):
        chunks = [chunk for chunk in cut.chunks if chunk.number == number]
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(chunks[0].start_ticks / scale)}")
        lines += [
            f'#EXT-X-PART:DURATION={c.duration_ticks / scale:.5f},URI="{number}.{c.part}.m4s"'
            + (",INDEPENDENT=YES" if c.independent else "")
            for c in chunks
        ]
        lines += [f"#EXTINF:{sum(c.duration_ticks for c in chunks) / scale:.5f},", f"{number}.m4s"]
    head = ["#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-TARGETDURATION:2", '#EXT-X-MAP:URI="init.mp4"']
    return "\n".join([*head, *lines, ""])


def _date(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


MULTIVARIANT = """#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="a",URI="a"
#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.42C00C,mp4a.40.2",AUDIO="sound"
v180
"""


def hls(cuts: tuple[Cut, ...] = (), text: Callable[[str], str] = str, multivariant: str = MULTIVARIANT) -> HlsStream:
    """An HLS event: video and audio, as the mux cut them; `text` rewrites each media playlist."""
    cuts = cuts or (video(), audio())
    versions = {}
    for cut in cuts:
        body = text(playlist(cut))
        parsed = MediaPlaylist.parse(body)
        version = Version(cut.track.name, fetch(f"{BASE}{cut.track.name}", body.encode()), parsed, parsed)
        versions[cut.track.name] = (version,)
    media = tuple(it for cut in cuts for it in objects(cut))
    return HlsStream(BASE + "index.m3u8", Multivariant.parse(multivariant), versions, media, ())


def view(cut: Cut, ended: bool = False) -> View:
    """The origin's window of that track."""
    segments = []
    for number in range(FIRST, FIRST + SEGMENTS):
        chunks = [chunk for chunk in cut.chunks if chunk.number == number]
        parts = tuple(Part(c.part, c.start_ticks, c.duration_ticks, c.independent) for c in chunks)
        total = sum(c.duration_ticks for c in chunks)
        segments.append(Segment(number, chunks[0].start_ticks, total, parts, True, cut.track.init_name))
    return View(cut.track, tuple(segments), (FIRST + SEGMENTS, 0), 2, 0.2, ended=ended)


def manifest(*cuts: Cut, ended: bool = False, at_ns: int = NOW_NS) -> str:
    """The MPD as our mux writes it."""
    return mpd([view(cut, ended) for cut in cuts or (video(), audio())], Config(), at_ns).decode()


def dash(*manifests: str, cuts: tuple[Cut, ...] = (), step_s: float = 2) -> DashStream:
    """A DASH event: the MPDs, asked for `step_s` apart, and every segment."""
    fetched = tuple(
        fetch(f"{BASE}index.mpd", text.encode(), NOW_NS + round(i * step_s * 10**9))
        for i, text in enumerate(manifests or (manifest(*cuts),))
    )
    media = tuple(it for cut in cuts or (video(), audio()) for it in objects(cut, parts=False))
    return DashStream(f"{BASE}index.mpd", fetched, media, ())


def with_media(stream: Stream, change: Callable[[Media], Media | None]) -> Any:
    """The stream with each object changed, or left out."""
    return replace(stream, media=tuple(made for it in stream.media if (made := change(it)) is not None))


def with_body(stream: Stream, change: Callable[[bytes], bytes], which: Callable[[Media], bool] = bool) -> Any:
    """The stream with other bytes in the objects chosen."""
    return with_media(
        stream, lambda m: replace(m, fetch=replace(m.fetch, body=change(m.fetch.body))) if which(m) else m
    )


def with_init(stream: Stream, change: Callable[[bytes], bytes], name: str = "v180") -> Any:
    """The stream with another header for one rendition."""
    return with_media(stream, lambda m: replace(m, init=change(m.init)) if m.name == name else m)


def whole(media: Media) -> bool:
    """Chooses whole segments."""
    return media.part is None


def picture(media: Media) -> bool:
    """Chooses the video's."""
    return media.name == "v180"


def rewrite(data: bytes, path: str, change: Callable[[bytes], bytes]) -> bytes:
    """`data` with every box at `path` (as `moof/traf/tfdt`) replaced by what `change` makes of it, sizes kept right.

    Data offsets are not touched: what must stay addressable changes nothing in length.
    """
    wanted, _, rest = path.partition("/")

    def made(box: Box) -> bytes:
        raw = data[box.start : box.end]
        if box.type != wanted:
            return raw
        if not rest:
            return change(raw)
        inner = rewrite(bytes(box.body), rest, change)
        return (8 + len(inner)).to_bytes(4, "big") + raw[4:8] + inner

    return b"".join(made(box) for box in boxes(data))


def patched(at: int, new: bytes) -> Callable[[bytes], bytes]:
    """A change: `new` bytes at offset `at` of a box."""
    return lambda raw: raw[:at] + new + raw[at + len(new) :]


def broken(judge: Callable[[Any], Iterator[Finding]], stream: Stream) -> set[str]:
    """Ids of the rules that this judge finds broken."""
    return {finding.rule.id for finding in judge(stream)}
