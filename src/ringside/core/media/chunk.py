"""Chunk: the atom between mux, origin and relay: one CMAF chunk, whole and addressable."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """One CMAF chunk (ISO/IEC 23000-19 §7.3.2.3): [styp] prft moof mdat.

    `number` is the segment it belongs to and `part` its part (both from 0 at the Unix epoch and the segment's
    start); `start_ticks` and `duration_ticks` are on the track's timescale.
    """

    track: str
    number: int
    part: int
    start_ticks: int
    duration_ticks: int
    independent: bool
    last: bool  # of its segment
    data: bytes
    encoded_ns: int = 0  # Unix time at which its last frame left the encoder

    def __repr__(self) -> str:
        marks = (" independent" if self.independent else "") + (" last" if self.last else "")
        return f"<Chunk {self.track}/{self.number}.{self.part}{marks} {len(self.data)} B>"
