"""Files of every kind, played on simulated time: what comes out is compared with what was put in."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import EPOCH_S, Clip, make
from recorder import Recorder, first_beep, read_strip, wait_for

from ringside.core.clock import Simulated
from ringside.core.media import Grid
from ringside.flow.capture import Config
from ringside.flow.capture.file import LEAD_NS, probe
from ringside.flow.capture.open import open_source
from ringside.flow.capture.programme import Programme
from ringside.flow.capture.sink import Sink
from ringside.flow.capture.source import NotPlayable, SourceInfo

MS = 1_000_000
S = 1_000_000_000
START = 1_799_999_000 * S + 12_345_678
AUDIO = Grid.audio()
BEGUN = START + LEAD_NS  # when the first picture is due


class Showing:
    """A file played for so long: for each frame what its strip said, and all the sound."""

    def __init__(self, path: Path, seconds: float, **config) -> None:
        clock = Simulated(START)
        settings = Config(url=str(path), **config)
        source = open_source(settings, settings, clock)
        self.info: SourceInfo = source.info
        self.video = Grid.video(source.info.fps)
        self.programme = Programme(settings, clock, self.video, AUDIO, self.info.width, self.info.height)
        self.seen: list[tuple[int, int | None]] = []
        blocks, block = [], AUDIO.index_at(START)
        self.sound_start = block * 1024
        recorder = _Both(self.programme.sinks[0])
        source.start(recorder)
        index = self.video.index_at(START) + 1
        wait_for(lambda: recorder.pictures or recorder.sounds)
        while (time_ns := self.video.start_ns(index)) < START + seconds * S:
            clock.advance_ns(time_ns - clock.now_ns())
            recorder.let_decode(time_ns + 400 * MS)
            stamp = read_strip(self.programme.picture(index))
            if time_ns >= BEGUN:
                self.seen.append((time_ns, stamp))
            while AUDIO.start_ns(block + 1) <= time_ns:
                blocks.append(self.programme.sound(block))
                block += 1
            index += 1
        source.stop()
        self.events = recorder.events
        self.sound = np.concatenate(blocks, axis=1)

    def since_start(self) -> list[int | None]:
        """Milliseconds into the clip that each frame showed."""
        return [None if stamp is None else stamp - EPOCH_S * 1000 for _, stamp in self.seen]

    def lag_ms(self) -> list[float]:
        """How far each frame's picture is behind the clip's own time, begun when it was due."""
        return [(time - BEGUN) / MS - (stamp - EPOCH_S * 1000) for time, stamp in self.seen if stamp is not None]


class _Both(Recorder):
    """Records when things are due, and hands them on."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self.sink = sink
        self.dry_ns = 0

    def opened(self, description, aspect=1):
        super().opened(description, aspect)
        self.sink.opened(description, aspect)

    def closed(self, reason):
        self.sink.closed(reason)
        super().closed(reason)

    def video(self, picture, pts_ns, arrival_ns):
        self.sink.video(picture, pts_ns, arrival_ns)
        self.pictures.append((pts_ns, arrival_ns, None))

    def audio(self, sound, pts_ns, arrival_ns):
        self.sink.audio(sound, pts_ns, arrival_ns)
        self.sounds.append((pts_ns, arrival_ns, None))

    def let_decode(self, until_ns: int) -> None:
        """Wait until the decoder is that far, or has nothing more to give."""
        if self.dry_ns != self.newest_ns() and not wait_for(lambda: self.newest_ns() >= until_ns, 0.3):
            self.dry_ns = self.newest_ns()
        if until_ns > self.newest_ns() + 500 * MS:
            wait_for(lambda: self.events[-1].startswith("closed"), 0.2)

    def newest_ns(self) -> int:
        return max(entry[0] for entry in self.pictures[-1:] + self.sounds[-1:])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clips") / "clip.mp4", Clip())


RATES = {
    "25": Clip(fps=Fraction(25)),
    "29.97": Clip(fps=Fraction(30_000, 1001)),
    "50": Clip(fps=Fraction(50)),
    "59.94": Clip(fps=Fraction(60_000, 1001)),
    "60": Clip(fps=Fraction(60)),
    "15": Clip(fps=Fraction(15)),
    "vfr": Clip(fps=Fraction(30), pattern=(1, 2, 1, 1, 3, 1, 4)),
    "mono": Clip(layout="mono", rate=44_100),
    "silent": Clip(audio=""),
    "odd": Clip(width=853, height=481, pix_fmt="yuv444p"),
    "10bit": Clip(codec="libx265", pix_fmt="yuv420p10le"),
    "wide pixels": Clip(width=240, height=192, aspect=Fraction(64, 45)),
}


@pytest.mark.parametrize("name", RATES)
def test_every_kind_of_clip_plays_in_step(name: str, tmp_path: Path) -> None:
    wanted = RATES[name]
    try:
        path = make(tmp_path / "clip.mkv", wanted)
    except (av.FFmpegError, ValueError) as error:
        pytest.skip(f"cannot make it here: {error}")
    shown = Showing(path, wanted.seconds - 0.2)
    frame_ms = float(1000 / min(shown.info.fps, wanted.fps)) * max(wanted.pattern)
    stamps = shown.since_start()
    assert None not in stamps
    assert (np.diff(stamps) >= 0).all()
    assert max(shown.lag_ms()) <= frame_ms + 25
    assert min(shown.lag_ms()) >= -25
    if wanted.audio:
        second = (BEGUN + S) * 48_000 // S - shown.sound_start
        beep = first_beep(shown.sound[:, second - 4000 : second + 4000])
        assert beep is not None
        assert abs(beep - 4000) < 0.030 * 48_000
    else:
        assert not shown.sound.any()
    assert shown.programme.status()["discontinuities"] == 0


def test_it_ends_behind_the_slate_and_says_so(clip: Path) -> None:
    shown = Showing(clip, 3)
    stamps = shown.since_start()
    assert shown.events[-1] == f"closed {clip} ended"
    first_slate = stamps.index(None)
    assert 2.0 < (shown.seen[first_slate][0] - BEGUN) / S < 2.35
    assert set(stamps[first_slate:]) == {None}
    assert shown.programme.status()["detail"] == f"{clip} ended"


def test_a_loop_has_no_seam(clip: Path) -> None:
    shown = Showing(clip, 7, loop=True)
    stamps = shown.since_start()
    assert None not in stamps
    falls = [n for n, step in enumerate(np.diff(stamps)) if step < 0]
    assert len(falls) == 3
    assert set(np.diff([shown.seen[n][0] // MS for n in falls])) <= set(range(1990, 2075))
    steps = [step for step in np.diff(stamps) if step >= 0]
    assert max(steps) <= 67
    beeps = np.flatnonzero(np.abs(shown.sound[0]) > 0.05)
    starts = [beeps[0], *beeps[1:][np.diff(beeps) > 10_000]]
    assert len(starts) >= 6
    assert np.abs(np.diff(starts) / 48_000 - 1).max() < 0.06
    assert shown.programme.status()["discontinuities"] == 0
    assert shown.events == [shown.events[0]]


def test_sound_alone_plays_behind_a_card(tmp_path: Path) -> None:
    path = make(tmp_path / "sound.m4a", Clip(codec="", seconds=4))
    assert probe(str(path)).has_video is False
    shown = Showing(path, 3)
    assert shown.programme.status()["state"] == "live"
    assert first_beep(shown.sound[:, 90_000:]) is not None


def test_probing_tells_size_rate_and_what_is_in_it(tmp_path: Path) -> None:
    wide = probe(str(make(tmp_path / "a.mkv", RATES["wide pixels"])))
    assert (wide.width, wide.height, wide.has_audio, wide.has_video) == (342, 192, True, True)
    ntsc = probe(str(make(tmp_path / "b.mkv", Clip(fps=Fraction(30_000, 1001), audio="", seconds=1))))
    assert (ntsc.fps, ntsc.has_audio) == (Fraction(30_000, 1001), False)
    assert ntsc.description == "320x180 h264 29.97 fps"
    odd = probe(str(make(tmp_path / "c.mkv", RATES["odd"])))
    assert (odd.width % 2, odd.height % 2) == (0, 0)


def test_what_cannot_be_played_is_refused_by_name(tmp_path: Path, clip: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("this is not media")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:2000])
    for path, reason in [
        (text, "is not media"), (empty, "is not media"), (cut, "is not media"), (tmp_path, "is a folder"),
        (tmp_path / "absent.mp4", "there is no such file"),
    ]:  # fmt: skip
        with pytest.raises(NotPlayable, match=reason) as refusal:
            probe(str(path))
        assert path.name in str(refusal.value)
        assert str(refusal.value).count("\n") == 0


def test_nested_protocols_are_not_followed(tmp_path: Path, clip: Path) -> None:
    for url in (f"concat:{clip}", f"file:{clip}", f"subfile,,start,0,end,0,,:{clip}", "pipe:0"):
        with pytest.raises(NotPlayable, match="no such file"):
            probe(url)
    playlist = tmp_path / "sly.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(NotPlayable):
        probe(str(playlist))


def test_a_truncated_film_plays_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.ts", Clip(), "mpegts")
    data = bytearray(whole.read_bytes()[:-40_000])
    for at in range(60_000, len(data), 30_000):
        data[at : at + 100] = b"\xff" * 100
    broken = tmp_path / "broken.ts"
    broken.write_bytes(data)
    shown = Showing(broken, 1.5)
    assert len([stamp for stamp in shown.since_start() if stamp is not None]) > 15
