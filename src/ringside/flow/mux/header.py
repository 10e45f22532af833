"""A track's CMAF header, made from what the encoder says of itself (ISO/IEC 23000-19 §7.3.2.1).

Extradata and the track's shape enter, a Track with its init leaves. The picture's own VUI is left alone; pasp and colr
repeat it where it speaks. Two encoders with equal settings make equal bytes, and so equal names.
"""

from fractions import Fraction

from ringside.core.boxes import BoxError, audio, btrt, ftyp, visual
from ringside.core.boxes.moov import Movie
from ringside.core.boxes.sps import Sps
from ringside.core.boxes.trun import NON_SYNC, SYNC
from ringside.core.media import Grid, Track
from ringside.flow.mux import h264

BRANDS = ("iso6", "cmfc")


def video_track(
    name: str,
    extradata: bytes,
    grid: Grid,
    width: int,
    height: int,
    fps: Fraction,
    average_bps: int,
    bandwidth_bps: int,
) -> Track:
    """An H.264 track; `extradata` is Annex B with its SPS and PPS. BoxError when they are missing or disagree."""
    units = h264.nal_units(extradata)
    sps = [unit for unit in units if unit[0] & 0x1F == h264.SPS]
    pps = [unit for unit in units if unit[0] & 0x1F == h264.PPS]
    if not sps or not pps:
        raise BoxError(f"{name}: the encoder's extradata lacks its SPS or PPS")
    facts = Sps.from_nal(sps[0])
    if (facts.width, facts.height) != (width, height):
        raise BoxError(f"{name}: the encoder makes {facts.width}x{facts.height} where {width}x{height} was asked for")
    shape = [visual.write_pasp(*facts.aspect)] if facts.aspect else []
    colour = [visual.write_colr(*facts.colour)] if facts.colour else []
    rates = btrt.write(bandwidth_bps, average_bps)
    entry = visual.write_avc1(width, height, visual.write_avcc(sps, pps), *colour, *shape, rates)
    movie = Movie(grid.timescale, entry, grid.frame_ticks, NON_SYNC, width, height)
    return Track(
        name, "video", f"avc1.{facts.codec}", grid.timescale, _init(movie), bandwidth_bps, average_bps,
        width=width, height=height, fps=fps,
    )  # fmt: skip


def audio_track(
    name: str,
    asc: bytes,
    grid: Grid,
    channels: int,
    average_bps: int,
    bandwidth_bps: int,
    language: str = "und",
) -> Track:
    """An AAC track; `asc` is its AudioSpecificConfig, `grid` its frames at the sample rate."""
    config = audio.AudioConfig.from_bytes(asc)
    rate = config.sample_rate
    esds = audio.write_esds(asc, bandwidth_bps, average_bps)
    entry = audio.write_mp4a(channels, rate, esds, btrt.write(bandwidth_bps, average_bps))
    movie = Movie(grid.timescale, entry, grid.frame_ticks, SYNC, language=language)
    return Track(
        name, "audio", config.codec, grid.timescale, _init(movie), bandwidth_bps, average_bps,
        sample_rate=rate, channels=channels, language=language,
    )  # fmt: skip


def _init(movie: Movie) -> bytes:
    return ftyp.write("ftyp", *BRANDS) + movie.to_bytes()
