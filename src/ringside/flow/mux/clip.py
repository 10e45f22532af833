"""Clip: a stretch of a recording as one MP4 file that plays anywhere, exact to the frame and without encoding anew.

Segments enter one after the other, pictures first; a file with its index in front leaves. Pictures are the frames that
begin in [start, end): the first of them is at 0, the last is shown for as long as it was. What decoding needs before
them, back to the key frame, is in the file too but not shown: an edit list says so (ISO/IEC 14496-12 §8.6.6), which
players and editors heed. Sound is cut at the same instants, to the sample at the beginning and to a frame at the end.

Edits are counted in 1/90000 s: in milliseconds, as usual, the last frame would be lost to rounding.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError

from ringside.core.errors import RingsideError
from ringside.core.media import Track

if TYPE_CHECKING:
    Packet: TypeAlias = av.Packet[Any]

OPTIONS = {"movflags": "+faststart", "movie_timescale": "90000"}
PRIMING = 2  # frames of sound before the first that is heard, so that its decoder has settled


class Unclippable(RingsideError):
    """A clip cannot be made of this; the sentence says why."""


@dataclass(slots=True)
class Made:
    """What a clip turned out to be. Times are Unix seconds; `missing_s`: pictures that were not recorded."""

    start_s: Fraction = Fraction(0)
    end_s: Fraction = Fraction(0)
    frames: int = 0
    hidden: int = 0  # frames in the file before the first that is shown
    missing_s: Fraction = Fraction(0)

    @property
    def duration_s(self) -> Fraction:
        """From the first frame to the end of the last."""
        return self.end_s - self.start_s


@dataclass(slots=True)
class _Line:
    """One track of the file in the making."""

    track: Track
    source: InputContainer  # its first segment, whose stream is the template; closed with the file
    header: bytes
    stream: av.stream.Stream | None = None
    lead: list["Packet"] = field(default_factory=list)  # what may have to go before the first packet
    end: Fraction | None = None  # of the newest packet taken


class Clip:
    """Writes the frames that begin in [`start_s`, `end_s`) of Unix time to a file at `path`, which people call `shown`.

    The first track that is given leads: another begins where its first frame does, and ends where its last one does.
    """

    def __init__(self, path: str, start_s: Fraction, end_s: Fraction, shown: str = "") -> None:
        self._path = path
        self._shown = shown or path
        self._start_s, self._end_s = start_s, end_s
        self._lines: dict[str, _Line] = {}
        self._file: OutputContainer | None = None
        self.made = Made()

    def __repr__(self) -> str:
        return f"<Clip {self._path} {self.made.frames} frames>"

    def open(self, tracks: list[tuple[Track, bytes]]) -> None:
        """Begin the file, with each track and one of its segments. Raises Unclippable."""
        try:
            self._file = av.open(self._path, "w", format="mp4", options=OPTIONS)
            for track, segment in tracks:
                source = _opened(track, segment)
                template = source.streams[0]
                line = _Line(track, source, template.codec_context.extradata or b"")
                line.stream = self._file.add_stream_from_template(template)
                line.stream.time_base = Fraction(1, track.timescale)
                self._lines[track.name] = line
        except FFmpegError as error:
            raise Unclippable(f"{self._shown} cannot be written: {error.strerror}") from None
        except OSError as error:
            raise Unclippable(f"{self._shown} cannot be written: {error.strerror}") from None

    def add(self, track: Track, segment: bytes) -> None:
        """The next segment of a track that was opened. Raises Unclippable where it does not go with those before."""
        line = self._lines[track.name]
        leads = line is next(iter(self._lines.values()))
        with _opened(track, segment) as source:
            stream = source.streams[0]
            if (stream.codec_context.extradata or b"") != line.header:
                at = _clock(Fraction(next(iter(_packets(source))).pts or 0, track.timescale))
                raise Unclippable(f"{track.name} changes its form at {at}: make a clip before it and one behind")
            for packet in _packets(source):
                if leads:
                    self._lead(line, packet)
                else:
                    self._follow(line, packet)

    def close(self) -> Made:
        """Finish the file. Raises Unclippable where there was nothing in this stretch, or no room for it."""
        try:
            if self._file is not None:
                self._file.close()
        except FFmpegError as error:
            raise Unclippable(f"{self._shown} cannot be written: {error.strerror}") from None
        finally:
            for line in self._lines.values():
                line.source.close()
        if not self.made.frames:
            raise Unclippable("nothing was recorded in this stretch")
        return self.made

    def _lead(self, line: _Line, packet: "Packet") -> None:
        """A packet of the first track: what is before the start is kept from the newest key frame on."""
        at_s = _time(packet, packet.pts)
        if at_s >= self._end_s:
            return
        if at_s < self._start_s:
            if packet.is_keyframe:
                line.lead.clear()
            line.lead.append(packet)
            return
        if not self.made.frames:
            if packet.is_keyframe:
                line.lead.clear()
            self.made.start_s, self.made.hidden = at_s, len(line.lead)
            for earlier in line.lead:
                self._write(line, earlier)
            line.lead.clear()
        elif at_s > self.made.end_s:
            self.made.missing_s += at_s - self.made.end_s
        self.made.frames += 1
        self.made.end_s = max(self.made.end_s, at_s + _length(packet))
        self._write(line, packet)

    def _follow(self, line: _Line, packet: "Packet") -> None:
        """A packet of another track: beside the first one's. The last ones before those may be needed, and are kept."""
        if _time(packet, packet.pts) >= self.made.end_s:
            line.lead = [*line.lead[1 - PRIMING :], packet]
            return
        for each in (*line.lead, packet):
            if _time(each, each.pts) > self.made.start_s - PRIMING * _length(each):
                self._write(line, each)
        line.lead.clear()

    def _write(self, line: _Line, packet: "Packet") -> None:
        assert self._file is not None
        offset = int(self.made.start_s / packet.time_base)
        packet.pts, packet.dts = (packet.pts or 0) - offset, (packet.dts or 0) - offset
        packet.stream = line.stream
        try:
            self._file.mux(packet)
        except FFmpegError as error:
            raise Unclippable(f"{self._shown} cannot be written: {error.strerror}") from None


def _opened(track: Track, segment: bytes) -> InputContainer:
    """A segment with its header. Raises Unclippable."""
    try:
        return av.open(BytesIO(track.init + segment), "r", format="mp4")
    except FFmpegError as error:
        raise Unclippable(f"a segment of {track.name} cannot be read: {error.strerror}") from None


def _packets(source: InputContainer) -> list["Packet"]:
    return [packet for packet in source.demux() if packet.pts is not None and packet.size]


def _time(packet: "Packet", ticks: int | None) -> Fraction:
    return (ticks or 0) * packet.time_base


def _length(packet: "Packet") -> Fraction:
    return (packet.duration or 0) * packet.time_base


def _clock(unix_s: Fraction) -> str:
    """A time of day, UTC."""
    minutes, seconds = divmod(int(unix_s) % 86_400, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02} UTC"
