"""Whatever is written reads back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.core.boxes import BoxError, audio, btrt, ftyp, moof, parse_init, prft
from ringside.core.boxes.box import boxes
from ringside.core.boxes.moov import Movie, pack, unpack
from ringside.core.boxes.trun import MAX_SAMPLES, Trun

U32 = st.integers(0, 2**32 - 1)
I32 = st.integers(-(2**31), 2**31 - 1)
BRAND = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=4, max_size=4)
YEAR_NS = 31_556_952 * 10**9


@st.composite
def truns(draw: st.DrawFn) -> Trun:
    count = draw(st.integers(1, 20))

    def column(value: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[int, ...] | None]:
        return st.none() | st.lists(value, min_size=count, max_size=count).map(tuple)

    columns = [draw(column(value)) for value in (U32, U32, U32, I32)]
    return Trun(count, draw(st.none() | I32), draw(st.none() | U32), *columns)


@given(truns())
def test_trun(trun: Trun) -> None:
    (found,) = boxes(trun.to_bytes())
    assert Trun.from_box(found) == trun


@given(st.builds(moof.Tfhd, U32, *[st.none() | U32] * 3))
def test_tfhd(tfhd: moof.Tfhd) -> None:
    (found,) = boxes(tfhd.to_bytes())
    assert moof.Tfhd.from_box(found) == tfhd


@given(st.integers(0, 2**64 - 1))
def test_tfdt(ticks: int) -> None:
    (found,) = boxes(moof.write_tfdt(ticks))
    assert moof.decode_ticks(found) == ticks


@given(st.integers(0, 2**64 - 1), st.integers(0, 130 * YEAR_NS))
def test_prft_keeps_every_nanosecond_from_1970_until_2100(ticks: int, unix_ns: int) -> None:
    written = prft.Prft(1, unix_ns, ticks)
    (found,) = boxes(written.to_bytes())
    assert prft.Prft.from_box(found) == written


@pytest.mark.parametrize(
    ("unix_s", "ntp"),
    [(0, 2_208_988_800 << 32), (1_795_000_000, 4_003_988_800 << 32), (2_085_978_496, 0), (2_085_978_497, 1 << 32)],
)
def test_ntp_time_goes_on_into_the_era_of_2036(unix_s: int, ntp: int) -> None:
    assert prft.ntp_from_unix_ns(unix_s * 10**9) == ntp
    assert prft.unix_ns_from_ntp(ntp) == unix_s * 10**9


@given(st.lists(BRAND, min_size=1, max_size=5, unique=True))
def test_brands(names: list[str]) -> None:
    (found,) = boxes(ftyp.write("styp", *names))
    assert ftyp.brands(found) == tuple(names)


@given(st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=3, max_size=3))
def test_language(language: str) -> None:
    assert unpack(pack(language)) == language


@pytest.mark.parametrize("language", ["", "en", "EN-", "english", "日本語"])
def test_what_is_no_language_code_is_undetermined(language: str) -> None:
    assert unpack(pack(language)) == "und"


@pytest.mark.parametrize(
    ("asc", "codec", "rate", "channels"),
    [
        ("1190", "mp4a.40.2", 48_000, 2),
        ("1210", "mp4a.40.2", 44_100, 2),
        ("1188", "mp4a.40.2", 48_000, 1),
        ("11b0", "mp4a.40.2", 48_000, 6),
        ("2b098800", "mp4a.40.5", 48_000, 1),  # HE-AAC: 24 kHz, doubled by SBR
        ("eb098800", "mp4a.40.29", 48_000, 2),  # HE-AACv2: mono, widened by parametric stereo
        ("f94640", "mp4a.40.42", 48_000, 2),  # xHE-AAC: an escaped object type
    ],
)
def test_an_audio_header(asc: str, codec: str, rate: int, channels: int) -> None:
    esds = audio.write_esds(bytes.fromhex(asc), 160_000, 128_000)
    movie = Movie(48_000, audio.write_mp4a(2, 44_100, esds), 1024, 0, language="deu")
    header = parse_init(ftyp.write("ftyp", "iso6", "cmfc") + movie.to_bytes())
    assert (header.kind, header.codec, header.sample_rate, header.channels) == ("audio", codec, rate, channels)
    assert (header.bandwidth_bps, header.average_bps, header.language) == (160_000, 128_000, "deu")
    assert (header.timescale, header.track_id, header.default_duration) == (48_000, 1, 1024)


def test_btrt_wins_over_esds() -> None:
    esds = audio.write_esds(bytes.fromhex("1190"), 1, 2)
    movie = Movie(48_000, audio.write_mp4a(2, 48_000, esds, btrt.write(3, 4)), 1024, 0)
    header = parse_init(movie.to_bytes())
    assert (header.bandwidth_bps, header.average_bps) == (3, 4)


def test_a_trun_cannot_claim_more_samples_than_memory_should_hold() -> None:
    (found,) = boxes(Trun(MAX_SAMPLES + 1).to_bytes())
    with pytest.raises(BoxError, match="trun claims 65537 samples"):
        Trun.from_box(found)


def test_an_absolute_data_offset_is_refused() -> None:
    (found,) = boxes(bytes.fromhex("00000018746668640000000100000001") + bytes(8))
    with pytest.raises(BoxError, match="needs default-base-is-moof"):
        moof.Tfhd.from_box(found)
