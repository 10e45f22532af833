"""`ringside clip`: a stretch of a recorded event as one MP4, exact to the frame.

What enters: an event's name, where its archive is, and from when to when. What leaves: a file, and a sentence.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from ringside.cli import archives
from ringside.cli.console import say, sentences
from ringside.cli.when import instant, lasting, shown
from ringside.core.catalog import Roll
from ringside.core.errors import Misconfigured, RingsideError
from ringside.core.media import Track
from ringside.flow.mux.clip import Clip, Made
from ringside.flow.origin.replay import Recording

EXAMPLE = "Example:  ringside clip final --from 20:15:30 --to 20:16 -o goal.mp4"
MARGIN_S = Fraction(1)  # of sound beyond the pictures' segments, and for boundaries that were rounded


def clip(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's name.")],
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="T",
            help="20:15:30 (UTC), 2026-11-23T20:15:30Z, 90 or +1:30 (from the beginning), -30 (from the end).",
        ),
    ],
    end: Annotated[str, typer.Option("--to", metavar="T", help="The same; the frame at this instant is not in it.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The MP4 to write.")],
    archive: archives.Where = None,
    session: archives.Session = None,
    track: Annotated[
        str | None, typer.Option("--track", metavar="NAME", help="Of the pictures, e.g. v720. (default: the best)")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Write over a file that is there.")] = False,
) -> None:
    """Cut a stretch out of a recorded event: an MP4 that plays anywhere, exact to the frame, nothing encoded anew.

    The file also has the frames back to the key frame before, which are not shown; whoever looks into it can see them.
    """
    with sentences():
        if out.exists() and not force:
            raise Misconfigured(f"--out: {out} is there already; --force writes over it")
        made = asyncio.run(_cut(event, start, end, out, archive, session, track))
        say(f"{out}: {lasting(made.duration_s)}, {made.frames} frames from {shown(made.start_s)}")
        if made.missing_s:
            say(f"  [yellow]{lasting(made.missing_s)} of it were not recorded: the picture stands still[/]")


async def _cut(
    event: str, start: str, end: str, out: Path, archive: str | None, session: str | None, track: str | None
) -> Made:
    recording = await archives.recording(archive, event, session)
    pictures, sound = chosen(recording, track)
    leading = pictures or sound
    assert leading is not None
    began_s, ended_s = _extent(recording, leading)
    start_s, end_s = instant(start, "--from", began_s, ended_s), instant(end, "--to", began_s, ended_s)
    if start_s >= end_s:
        raise Misconfigured(f"--to: {end} is not after --from {start}")
    if start_s >= ended_s or end_s <= began_s:
        raise Misconfigured(f"--from: {event} was recorded from {shown(began_s)} to {shown(ended_s)}")
    partial = out.with_name(f".{out.name}.part")
    try:
        made = await _write(Clip(str(partial), start_s, end_s), recording, [leading, sound], start_s, end_s)
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
