"""`ringside clip`: a stretch of a recorded event as one MP4, exact to the frame.

What enters: an event's name, where its archive is, and from when to when. What leaves: a file, and a sentence.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import typer

from ringside.cli import archives
from ringside.cli.console import say
from ringside.cli.when import instant, lasting, shown
from ringside.core.catalog import Roll
from ringside.core.errors import Misconfigured, RingsideError
from ringside.core.media import Track
from ringside.flow.mux.clip import Clip, Made
from ringside.flow.origin.replay import Recording

MARGIN_S = Fraction(1)  # of sound beyond the pictures' segments, and for boundaries that were rounded


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be cut: the options as they were given."""

    event: str
    start: str
    end: str
    out: Path
    archive: str | None = None
    session: str | None = None
    track: str | None = None
    force: bool = False


def run(wish: Wish) -> Made:
    """Write the file, and say what it has become. Raises RingsideError."""
    if wish.out.exists() and not wish.force:
        raise Misconfigured(f"--out: {wish.out} is there already; --force writes over it")
    made = asyncio.run(_cut(wish))
    typer.echo(f"{wish.out}: {lasting(made.duration_s)}, {made.frames} frames from {shown(made.start_s)}")
    if made.missing_s:
        say(f"  [yellow]{lasting(made.missing_s)} of it were not recorded: the picture stands still[/]")
    return made


async def _cut(wish: Wish) -> Made:
    recording = await archives.recording(wish.archive, wish.event, wish.session)
    try:
        pictures, sound = chosen(recording, wish.track)
        leading = pictures or sound
        assert leading is not None
        start_s, end_s = _stretch(wish, *_extent(recording, leading))
        return await _made(wish.out, recording, [leading, sound], start_s, end_s)
    finally:
        recording.close()


def _stretch(wish: Wish, began_s: Fraction, ended_s: Fraction) -> tuple[Fraction, Fraction]:
    """From when to when, Unix seconds, of what was recorded. Raises Misconfigured."""
    start_s = instant(wish.start, "--from", began_s, ended_s)
    end_s = instant(wish.end, "--to", began_s, ended_s)
    if start_s >= end_s:
        raise Misconfigured(f"--to: {wish.end} is not after --from {wish.start}")
    if start_s >= ended_s or end_s <= began_s:
        raise Misconfigured(f"--from: {wish.event} was recorded from {shown(began_s)} to {shown(ended_s)}")
    return start_s, end_s


async def _made(
    out: Path, recording: Recording, tracks: list[Track | None], start_s: Fraction, end_s: Fraction
) -> Made:
    """The file is there when it is whole, or not at all."""
    partial = out.with_name(f".{out.name}.part")
    try:
        made = await _write(Clip(str(partial), start_s, end_s, shown=str(out)), recording, tracks, start_s, end_s)
        partial.replace(out)
    except OSError as error:
        raise RingsideError(f"{out} cannot be written: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return made


def chosen(recording: Recording, name: str | None) -> tuple[Track | None, Track | None]:
    """The pictures and the sound of a clip; the best of each. Raises Misconfigured for a track that is not there."""
    tracks = recording.tracks()
    if name is not None and name not in tracks:
        raise Misconfigured(f"--track: there is no {name}; there are {', '.join(sorted(tracks))}")
    best = {
        kind: max((t for t in tracks.values() if t.kind == kind), key=lambda t: t.bandwidth_bps, default=None)
        for kind in ("video", "audio")
    }
    if name is not None and tracks[name].kind == "audio":
        return None, tracks[name]
    pictures = tracks[name] if name is not None else best["video"]
    if pictures is None and best["audio"] is None:
        raise RingsideError("nothing of this event is recorded")
    return pictures, best["audio"]


def _extent(recording: Recording, track: Track) -> tuple[Fraction, Fraction]:
    """From when to when a track was recorded, Unix seconds."""
    roll = recording.roll(track.name)
    if not len(roll):
        raise RingsideError(f"nothing of {track.name} is recorded")
    first, last = roll[roll.first], roll[roll.after - 1]
    scale = track.timescale
    return Fraction(first.start_ticks, scale), Fraction(last.start_ticks + last.duration_ticks, scale)


async def _write(
    clip: Clip, recording: Recording, tracks: list[Track | None], start_s: Fraction, end_s: Fraction
) -> Made:
    """Bring the segments of the stretch, one after the other: pictures, then the sound beside them."""
    lines = {track.name: track for track in tracks if track is not None}
    opened = False
    for number in range(*_numbers(recording, lines, start_s, end_s)):
        pieces = [piece async for piece in _pieces(recording, lines, number)]
        if not opened and len(pieces) == len(lines):
            clip.open(pieces)
            opened = True
        if opened:
            for track, data in pieces:
                await asyncio.to_thread(clip.add, track, data)
    return await asyncio.to_thread(clip.close)


async def _pieces(recording: Recording, lines: dict[str, Track], number: int) -> AsyncIterator[tuple[Track, bytes]]:
    """What there is of segment `number`, with the headers of then."""
    for name in lines:
        roll = recording.roll(name)
        if number in roll and not roll[number].gap:
            versions = {version.init_name: version for version in recording.versions(name)}
            yield versions[roll[number].init_name], await recording.read(name, number)


def _numbers(recording: Recording, lines: dict[str, Track], start_s: Fraction, end_s: Fraction) -> tuple[int, int]:
    """The segments that have any of the stretch in them, of any of the tracks: first, and the one after the last."""
    spans = [_span(recording.roll(name), track.timescale, start_s, end_s) for name, track in lines.items()]
    return min(first for first, _ in spans), max(after for _, after in spans)


def _span(roll: Roll, timescale: int, start_s: Fraction, end_s: Fraction) -> tuple[int, int]:
    inside = [
        segment.number
        for segment in roll.segments()
        if (segment.start_ticks + segment.duration_ticks) > (start_s - MARGIN_S) * timescale
        and segment.start_ticks < (end_s + MARGIN_S) * timescale
    ]
    return (inside[0], inside[-1] + 1) if inside else (roll.after, roll.after)
