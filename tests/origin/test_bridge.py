"""Bridges between two real encoders: what comes out decodes, to the last bit as the second encoder meant it."""

import itertools
import subprocess
from pathlib import Path

import pytest
from two_studios import GRID, START, TIMELINE, decoded, made

from ringside.core.boxes import BoxError, parse_chunk, parse_init
from ringside.core.boxes.bridge import bridge
from ringside.core.boxes.ftyp import SEGMENT
from ringside.core.media import Grid
from ringside.flow.mux.fragment import Sample, write_chunk
from ringside.flow.mux.header import audio_track

TICKS = GRID.frame_ticks
FIRST = TIMELINE.first_frame(GRID, START)


def spliced(cut: int, frames_per_chunk: int = 0) -> tuple[bytes, bytes, int]:
    """(init and chunks, the bridge in them, its samples): the first studio up to frame `cut`, then the second."""
    one, two = made(0, 0, 4, frames_per_chunk), made(1, 7, 4, frames_per_chunk)
    assert one.track.init == two.track.init
    at = (FIRST + cut) * TICKS
    before = [c for c in one.chunks if c.start_ticks + c.duration_ticks <= at]
    needed = next(i for i, c in enumerate(two.chunks) if c.start_ticks + c.duration_ticks > at)
    begins = max(i for i, c in enumerate(two.chunks[: needed + 1]) if c.independent)
    joint = bridge([c.data for c in two.chunks[begins : needed + 1]], two.header, at)
    after = two.chunks[needed + 1 :]
    pieces = [one.track.init, *(c.data for c in before), joint, *(c.data for c in after)]
    return b"".join(pieces), joint, parse_chunk(joint, two.header).sample_count


@pytest.mark.parametrize(("cut", "frames_per_chunk"), [(12, 0), (42, 0), (54, 0), (78, 0), (13, 1), (59, 1), (31, 1)])
def test_every_picture_after_a_bridge_is_what_the_second_encoder_meant_to_the_last_bit(
    cut: int, frames_per_chunk: int
) -> None:
    stream, _, _ = spliced(cut, frames_per_chunk)
    alone = made(1, 7, 4, frames_per_chunk)
    meant = {
        index: luma for _, _, index, luma in decoded(b"".join([alone.track.init, *(c.data for c in alone.chunks)]))
    }
    pictures = decoded(stream)
    seen = [
        (studio, index, luma)
        for (pts, studio, index, luma), (after, *_) in itertools.pairwise(pictures)
        if after - pts > 1
    ]
    seen.append(pictures[-1][1:])
    assert [(studio, index) for studio, index, _ in seen] == [(int(i >= cut), i) for i in range(120)]
    assert all(luma == meant[index] for studio, index, luma in seen if studio == 1)
    assert len(pictures) == 120 + sum(after[0] - before[0] == 1 for before, after in itertools.pairwise(pictures))


def test_pictures_whose_time_is_over_take_a_tick_each_from_the_first_that_is_seen() -> None:
    _, joint, _ = spliced(54)
    header = made(1, 7).header
    info = parse_chunk(joint, header)
    primed = 54 - 30
    assert (info.start_ticks, info.duration_ticks) == ((FIRST + 54) * TICKS, 6 * TICKS)
    assert info.durations == (*[1] * primed, TICKS - primed, *[TICKS] * 5)
    assert info.independent
    assert sum(flag == info.flags[0] for flag in info.flags) == 1
    assert SEGMENT not in info.brands
    unix_ns, ticks = info.prft or (0, 0)
    assert ticks == info.start_ticks
    assert abs(unix_ns - GRID.start_ns(FIRST + 54)) <= 1


def test_ffmpeg_decodes_a_stream_with_a_bridge_in_it_without_a_word(tmp_path: Path) -> None:
    stream, _, samples = spliced(54)
    (tmp_path / "spliced.mp4").write_bytes(stream)
    command = ["ffmpeg", "-v", "warning", "-xerror", "-err_detect", "explode", "-i", str(tmp_path / "spliced.mp4")]
    done = subprocess.run(
        [*command, "-fps_mode", "passthrough", "-f", "framemd5", "-"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    frames = [line for line in done.stdout.splitlines() if not line.startswith(b"#")]
    assert len(frames) == 120 + samples - 6


def test_what_a_decoder_would_choke_on_is_no_bridge() -> None:
    two = made(1)
    data = [chunk.data for chunk in two.chunks]
    at = two.chunks[3].start_ticks
    with pytest.raises(BoxError, match="independent"):
        bridge(data[1:4], two.header, at)
    with pytest.raises(BoxError, match="hole"):
        bridge([data[0], data[2], data[3]], two.header, at)
    with pytest.raises(BoxError, match="ends behind"):
        bridge(data[:3], two.header, at)
    assert parse_chunk(bridge(data[:4], two.header, at), two.header).start_ticks == at


def test_without_the_bridge_the_second_encoders_pictures_are_wrong() -> None:
    one, two = made(0), made(1, 7)
    at = (FIRST + 54) * TICKS
    before = [c.data for c in one.chunks if c.start_ticks + c.duration_ticks <= at]
    after = [c.data for c in two.chunks if c.start_ticks >= at]
    naive = decoded(b"".join([one.track.init, *before, *after]))
    alone = {i: luma for _, _, i, luma in decoded(b"".join([two.track.init, *(c.data for c in two.chunks)]))}
    assert any(luma != alone[i] for (_, _, _, luma), i in zip(naive[54:59], range(54, 59), strict=True))


def test_sound_needs_no_bridge_what_is_over_is_left_out() -> None:
    grid = Grid.audio()
    track = audio_track("a", b"\x11\x90", grid, 2, 128_000, 160_000)
    first = TIMELINE.first_frame(grid, START)
    data = write_chunk(grid, first, [Sample(True, bytes([n] * (30 + n))) for n in range(10)], True)
    header = parse_init(track.init)
    rest = bridge([data], header, (first + 4) * 1024)
    info = parse_chunk(rest, header)
    assert (info.start_ticks, info.durations) == ((first + 4) * 1024, (1024,) * 6)
    assert rest.endswith(b"".join(bytes([n] * (30 + n)) for n in range(4, 10)))
