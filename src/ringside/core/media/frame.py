"""Frame: the atom between capture, encode and mux."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded frame on its track's grid.

    `index` is its place on the grid since the Unix epoch; `data` is one access unit as the encoder gave it
    (Annex B for H.264, raw AAC without ADTS).
    """

    track: str
    index: int
    key: bool
    data: bytes
    encoded_ns: int = 0  # Unix time at which the encoder handed it over

    def __repr__(self) -> str:
        return f"<Frame {self.track} #{self.index}{' key' if self.key else ''} {len(self.data)} B>"
