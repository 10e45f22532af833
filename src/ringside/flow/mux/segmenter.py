"""Segmenter: frames of one track in, chunks out, cut where the event's timeline says.

A chunk leaves in the very call that brings its last frame, as the timeline knows beforehand which frame that is.

When frames are missing (an encoder that had to skip some), players must not meet a hole: the frame before stays on to
the end of its part, and the part of the frame after begins with that frame, early. Only whole parts that are missing
are left out, for the origin to list as GAP. So tfdt stays the sum of the durations before it.
"""

from dataclasses import replace

from ringside.core.media import Chunk, Frame, Grid, Place, Timeline, Track
from ringside.flow.mux import h264
from ringside.flow.mux.fragment import Sample, mark_last, write_chunk


class Segmenter:
    """Cuts one track. `frames_per_chunk` 0: a chunk is a part; otherwise parts are made of smaller chunks."""

    def __init__(self, track: Track, grid: Grid, timeline: Timeline, frames_per_chunk: int = 0) -> None:
        self.track = track
        self.dropped_frames = 0  # before the first key frame, or older than one already taken
        self.missing_frames = 0
        self.ended = False
        self._ending = False
        self._grid = grid
        self._timeline = timeline
        self._frames_per_chunk = frames_per_chunk
        self._samples: list[Sample] = []
        self._first: Place | None = None  # of the chunk in the making
        self._start = 0  # its first index
        self._early = 0  # by how many frames the next one begins before its own index
        self._next_index = -1  # -1 until the first key frame
        self._number = -1  # the segment that the newest chunk belongs to
        self._encoded_ns = 0
        self._newest: Chunk | None = None

    def __repr__(self) -> str:
        return f"<Segmenter {self.track.name} #{self._next_index} {self.dropped_frames} dropped>"

    def push(self, frame: Frame) -> list[Chunk]:
        """Take the next frame; the chunks it completes: none or one, or two when frames before it are missing."""
        if self.ended:
            return []
        if frame.index < self._next_index or (self._next_index < 0 and not frame.key):
            self.dropped_frames += 1
            return []
        place = self._place_of(frame.index)
        done = self._bridge(frame.index)
        self._take(frame, place)
        if self._ending:
            done += self.end()
        elif place.last_in_part or self._is_full(frame.index):
            done.append(self._close(place.last_in_segment))
        return done

    def finish(self) -> None:
        """The next frame is the last of the event: its chunk leaves at once, marked `lmsg`. Then this has `ended`."""
        self._ending = True

    def end(self) -> list[Chunk]:
        """The last chunk of the event, marked `lmsg`: the one in the making; none where there was a last one before.

        When the newest has already left it comes once more, now marked; a receiver tells it by its number and part.
        Who follows the chunks one by one has had it by then, and does not see the mark: `finish` first, if frames come.
        """
        newest = self._close(last=True) if self._samples else self._newest
        before, self.ended = self.ended, True
        return [replace(newest, last=True, data=mark_last(newest.data))] if newest and not before else []

    def _bridge(self, index: int) -> list[Chunk]:
        """Account for the frames missing before `index`; the chunk that thereby ends."""
        following, self._early = self._next_index, 0
        if following < 0 or index == following:
            return []
        self.missing_frames += index - following
        done: list[Chunk] = []
        if self._samples:
            while following < index and not self._place_of(following - 1).last_in_part:
                following += 1
            stays = self._samples[-1]
            self._samples[-1] = replace(stays, frames=stays.frames + following - self._next_index)
            self._next_index, before = following, self._place_of(following - 1)
            if before.last_in_part:
                done = [self._close(before.last_in_segment)]
        if not self._samples:
            start = index
            while start > following and not self._place_of(start).first_in_part:
                start -= 1
            self._early = index - start
        return done

    def _place_of(self, index: int) -> Place:
        return self._timeline.place(self._grid, index)

    def _take(self, frame: Frame, place: Place) -> None:
        data = h264.sample(frame.data) if self.track.kind == "video" else frame.data
        if not self._samples:
            self._first, self._start = place, frame.index - self._early
        self._samples.append(Sample(frame.key, data, 1 + self._early))
        self._next_index, self._encoded_ns = frame.index + 1, frame.encoded_ns

    def _is_full(self, index: int) -> bool:
        """Whether a chunk smaller than its part ends here; counted from the part's start, for all encoders alike."""
        if not self._frames_per_chunk:
            return False
        first = index
        while not self._place_of(first).first_in_part:
            first -= 1
        return (index + 1 - first) % self._frames_per_chunk == 0

    def _close(self, last: bool) -> Chunk:
        assert self._first is not None
        place, samples, ticks, index = self._first, self._samples, self._grid.frame_ticks, self._start
        self._newest = Chunk(
            self.track.name,
            place.number,
            place.part,
            index * ticks,
            (self._next_index - index) * ticks,
            independent=self.track.kind == "audio" or samples[0].key,
            last=last,
            data=write_chunk(self._grid, index, samples, opens_segment=place.number != self._number),
            encoded_ns=self._encoded_ns,
        )
        self._samples, self._number = [], place.number
        return self._newest
