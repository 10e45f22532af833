"""Published chunks of an event, as an origin's feed tells them: a part each, picture and sound in turn."""

from collections.abc import Iterator

from tests.mux.mux_encoders import Encoded

from ringside.flow.mux import h264
from ringside.flow.mux.fragment import Sample, write_chunk

PART_S = 0.2


def chunks(encoded: Encoded) -> Iterator[tuple[float, str, bytes, bytes]]:
    """(when its last frame is over, track, header, chunk)"""
    grid, frames = encoded.grid, encoded.frames
    many = max(1, round(PART_S / float(grid.frame_s)))
    make = h264.sample if grid.kind == "video" else bytes
    for at in range(0, len(frames), many):
        part = frames[at : at + many]
        samples = [Sample(frame.key, make(frame.data)) for frame in part]
        data = write_chunk(grid, part[0].index, samples, opens_segment=part[0].key)
        yield float((part[-1].index + 1) * grid.frame_s), encoded.track.name, encoded.track.init, data


def published(*tracks: Encoded) -> list[tuple[str, bytes, bytes]]:
    """The chunks of all tracks in the order in which they are published."""
    told = sorted((chunk for track in tracks for chunk in chunks(track)), key=lambda chunk: chunk[0])
    return [rest for _, *rest in told]  # type: ignore[misc]
