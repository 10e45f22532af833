"""Studios: encoders that are locked to the event's timeline, several to a track, on their way into the Publisher.

Their chunks enter, read and near the present; each is placed, judged and offered to select; what select takes is
published, one after the other. Feed messages leave.
"""

from ringside.core.boxes import ChunkInfo, Header, Mark, ftyp
from ringside.core.feed import Message
from ringside.core.media import Chunk, Grid, Place, Timeline, Track
from ringside.core.studio import Studio
from ringside.flow.origin.publish import Publisher
from ringside.flow.origin.select import Candidate, Offer, Position, Switchboard, Take
from ringside.flow.origin.select.offer import faults


class Studios:
    """All of an event. `wait_s`: how long a chunk waits for a better studio's."""

    def __init__(self, publisher: Publisher, timeline: Timeline, wait_s: float) -> None:
        self._publisher = publisher
        self._timeline = timeline
        self.board = Switchboard(timeline, wait_s, self._position)

    def enter(self, studio: Studio, track: Track, grid: Grid, header: Header, session: int, now_ns: int) -> Candidate:
        """A studio begins to send a track. Raises Refused (409) where it cannot be what the track was so far."""
        self._publisher.check(track)
        return self.board.enter(studio, track, grid, header, session, now_ns)

    def take(self, candidate: Candidate, info: ChunkInfo, mark: Mark, data: bytes, now_ns: int) -> list[Message]:
        """A chunk of a candidate: what is published now, of this one or of others."""
        grid, name = candidate.grid, candidate.track.name
        choice = self.board.choices[name]
        leaves = info.ends_stream and choice.goes_on(candidate, now_ns)
        place = self._timeline.place(grid, grid.index(info.start_ticks))
        chunk = self._chunk(candidate, info, place, ftyp.without(data, ftyp.LAST) if leaves else data, leaves)
        wrong = faults(info, grid, mark, candidate.reached_ticks, now_ns)
        useful = choice.offer(candidate, Offer(chunk, now_ns, place.first_in_segment, wrong))
        if not useful and choice.on_air is candidate:  # of the others every chunk is, while all is well
            self._publisher.drop(name, "late")
        out = self._publish(name, now_ns)
        self._publisher.expect(name)
        if info.ends_stream:
            candidate.ended = True
            out += self._publish(name, now_ns)
            if not (leaves or candidate.studio.stopgap):
                out += self._publisher.end_track(name, now_ns)
        return out

    def _chunk(self, candidate: Candidate, info: ChunkInfo, place: Place, data: bytes, leaves: bool) -> Chunk:
        grid = candidate.grid
        after = self._timeline.number_of(grid, grid.index(info.start_ticks + info.duration_ticks))
        last = (info.ends_stream and not leaves) or after > place.number
        return Chunk(
            candidate.track.name, place.number, place.part, info.start_ticks, info.duration_ticks, info.independent,
            last, data,
        )  # fmt: skip

    @property
    def on_air(self) -> list[Track]:
        """The tracks that viewers have of the studios, of an event that goes on."""
        lanes = [] if self._publisher.ended or not self._publisher.on_air else self._publisher.lanes.values()
        return [lane.track for lane in lanes if lane.window.rules.foreseen and not lane.ended]

    def leave(self, candidate: Candidate) -> None:
        """Its request is over: the next tick waits for it no longer."""
        candidate.gone = True

    def tick(self, now_ns: int) -> list[Message]:
        """Many times a second: chunks that need not wait any longer."""
        return [message for name in self.board.choices for message in self._publish(name, now_ns)]

    def _publish(self, name: str, now_ns: int) -> list[Message]:
        out: list[Message] = []
        for take in self.board.due(name, now_ns):
            out += self._open(take, now_ns) + self._publisher.add(take.chunk, take.candidate.session, now_ns)
        return out

    def _open(self, take: Take, now_ns: int) -> list[Message]:
        """The track goes on with another header than before, or after its end."""
        candidate, lane = take.candidate, self._publisher.lanes.get(take.chunk.track)
        if not take.opens and lane is not None and not lane.ended:
            return []
        return self._publisher.open(candidate.track, candidate.grid, now_ns, chunk_ticks=take.chunk.duration_ticks)

    def _position(self, name: str) -> Position:
        lane = self._publisher.lanes.get(name)
        if lane is None or lane.window.number < 0:
            return Position()
        window = lane.window
        return Position(window.end_ticks, window.session, lane.track.init, window.lost and window.session < 0)
