"""Programme: which of an event's tracks are sent elsewhere, and their frames in one order. Pure.

Headers and chunks of all tracks enter as they are published; packets of one picture and one sound track leave. Without
a name the largest picture is taken that the services take. Tracks of an event appear one after the other, so the choice
falls half a second of media after the first chunk. A track that falls behind the rest for good is chosen anew.
"""

import logging
from collections.abc import Iterable
from itertools import dropwhile
from typing import Literal, NamedTuple

from ringside.core.boxes import BoxError, Header
from ringside.core.boxes.samples import Sample, chunks, samples
from ringside.core.media import Kind
from ringside.flow.mux.remux.merge import Merge
from ringside.flow.mux.remux.packet import Codec, Codecs, Packet

log = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000
SETTLE_NS = NS_PER_S // 2
GONE_NS = 10 * NS_PER_S
MOST_TRACKS = 64
KINDS: tuple[Kind, Kind] = ("video", "audio")
State = Literal["waiting", "sending"]


class _Chunk(NamedTuple):
    codec: Codec
    samples: list[Sample]
    start_ns: int


class Programme:
    """`track` and `sound` name the tracks that are wanted; empty: the best there is."""

    def __init__(self, track: str = "", sound: str = "") -> None:
        self._wanted: dict[Kind, str] = {"video": track, "audio": sound}
        self._known: dict[str, Codec] = {}
        self._at_ns: dict[str, int] = {}  # how far each track has come
        self._begun_ns = 0
        self._codecs = Codecs()
        self._merge = Merge()
        self._next_ticks: dict[Kind, int] = {"video": 0, "audio": 0}
        self._torn = True  # the picture cannot go on without a key frame
        self.unreadable = 0
        self.skipped = 0  # pictures behind a hole
        self.why = "no chunk has come yet"

    def __repr__(self) -> str:
        return f"<Programme {self._codecs.video} {self._codecs.audio} {self._merge!r}>"

    @property
    def tracks(self) -> tuple[str, ...]:
        """The names of those that are sent."""
        return tuple(codec.track for codec in (self._codecs.video, self._codecs.audio) if codec is not None)

    def take(self, pieces: Iterable[tuple[str, bytes, bytes]]) -> list[Packet]:
        """What was added at once: of each piece the track, its header and the bytes. What can be sent now, in order.

        Pictures and sound that were had before are passed over, so that all that is left of the past may be given.
        """
        found: list[_Chunk] = []
        for track, init, data in pieces:
            try:
                found += self._read(track, init, data)
            except BoxError as error:
                self.unreadable += 1
                log.warning("restream: a chunk of %s is not to be understood: %s", track, error)
        found.sort(key=lambda chunk: chunk.start_ns)
        packets = [packet for chunk in found for packet in self._take(chunk)]
        packets.sort(key=lambda packet: packet.decode_ns)
        return self._merge.put(packets)

    def _read(self, track: str, init: bytes, data: bytes) -> list["_Chunk"]:
        codec = self._learn(track, init)
        if codec is None:
            return []
        read = [samples(chunk, codec.header) for chunk in chunks(data)]
        return [_Chunk(codec, found, found[0].decode_ticks * NS_PER_S // codec.header.timescale) for found in read]

    def _learn(self, track: str, init: bytes) -> Codec | None:
        codec = self._known.get(track)
        if codec is None or codec.init != init:
            if codec is None and len(self._known) >= MOST_TRACKS:
                return None
            codec = self._known[track] = Codec.of(track, init)
        return codec

    def _take(self, chunk: "_Chunk") -> list[Packet]:
        codec, found = chunk.codec, chunk.samples
        self._at_ns[codec.track] = chunk.start_ns
        self._begun_ns = self._begun_ns or chunk.start_ns
        self._choose(codec, chunk.start_ns, found[0].key)
        if codec not in (self._codecs.video, self._codecs.audio):
            return []
        found = self._fresh(codec.header.kind, found)
        return [self._packet(codec.header, sample) for sample in found]

    def _packet(self, header: Header, sample: Sample) -> Packet:
        decode_ns = sample.decode_ticks * NS_PER_S // header.timescale
        shown_ns = (sample.decode_ticks + sample.offset_ticks) * NS_PER_S // header.timescale
        return Packet(header.kind, decode_ns, shown_ns, sample.key, sample.data, self._codecs)

    def _fresh(self, kind: Kind, found: list[Sample]) -> list[Sample]:
        """Samples without those that were had, and without pictures that refer to one that never came.

        Behind a hole only a key frame will do.
        """
        next_ticks = self._next_ticks[kind]
        found = [sample for sample in found if sample.decode_ticks >= next_ticks]
        if not found:
            return []
        self._next_ticks[kind] = found[-1].decode_ticks + found[-1].duration_ticks
        if kind == "audio":
            return found
        self._torn |= found[0].decode_ticks != next_ticks
        if not self._torn:
            return found
        good = list(dropwhile(lambda sample: not sample.key, found))
        self.skipped += len(found) - len(good)
        self._torn = not good
        return good

    def _choose(self, codec: Codec, now_ns: int, key: bool) -> None:
        """Begin, or go on with another header or track: at its key frame, when the choice has been made."""
        if now_ns - self._begun_ns < SETTLE_NS or not key:
            return
        video, audio = (self._chosen(kind, now_ns) for kind in KINDS)
        if self._is_lacking(video, audio):
            self.why = self._nothing()
            return
        begins_with = video or audio
        if codec != begins_with and not self.tracks:
            return
        codecs = Codecs(video, audio)
        if codecs != self._codecs and codec in (video, audio):
            befores = (self._codecs.video, self._codecs.audio)
            for kind, before, after in zip(KINDS, befores, (video, audio), strict=True):
                if before != after:
                    self._next_ticks[kind] = 0  # of another timescale, perhaps
            self._codecs, self.why = codecs, ""
            self._merge.awaited = {each.header.kind for each in (video, audio) if each is not None}

    def _is_lacking(self, video: Codec | None, audio: Codec | None) -> bool:
        """Whether what is wanted, or was sent until now, is not there."""
        if (self._wanted["video"] or self._codecs.video) and video is None:
            return True
        return (video is None and audio is None) or (bool(self._wanted["audio"]) and audio is None)

    def _chosen(self, kind: Kind, now_ns: int) -> Codec | None:
        current = self._codecs.video if kind == "video" else self._codecs.audio
        alive = {
            name: codec
            for name, codec in self._known.items()
            if codec.header.kind == kind and codec.goes_anywhere and now_ns - self._at_ns.get(name, now_ns) < GONE_NS
        }
        if name := self._wanted[kind]:
            return alive.get(name)
        if current is not None and current.track in alive:
            return alive[current.track]
        return max(alive.values(), key=lambda codec: (codec.header.height, codec.header.bandwidth_bps), default=None)

    def _nothing(self) -> str:
        """Why there is nothing to send."""
        for wanted in self._wanted.values():
            if wanted and wanted not in self._known:
                return f"there is no track {wanted}; there are {', '.join(sorted(self._known))}"
        codecs = ", ".join(sorted({codec.header.codec for codec in self._known.values()}))
        return f"the event is {codecs}, and other services take H.264 and AAC"
