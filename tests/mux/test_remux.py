"""A programme sent elsewhere: every published frame comes out of FLV and of MPEG-TS as it went in, in order."""

import io
import struct
from dataclasses import replace

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mux_encoders import Encoded
from remux_programme import published

from ringside.core.boxes import BoxError
from ringside.core.boxes.box import boxes
from ringside.core.boxes.header import parse_init
from ringside.core.boxes.samples import chunks, decoder_config, samples
from ringside.core.media import Kind
from ringside.core.rtmp import amf
from ringside.flow.capture.rtmp import flv as heard
from ringside.flow.mux import h264
from ringside.flow.mux.remux import Codecs, Flv, Packet, Programme, Tag
from ringside.flow.mux.remux.merge import Merge
from ringside.flow.mux.remux.ts import Ts


def packets(*tracks: Encoded, track: str = "", sound: str = "") -> list[Packet]:
    programme = Programme(track, sound)
    return [packet for told in published(*tracks) for packet in programme.take([told])]


def flv_file(tags: list[Tag]) -> bytes:
    """The tags as a file that FFmpeg reads (Adobe Video File Format 10, E.2 and E.3)."""
    out = bytearray(b"FLV\x01\x05" + struct.pack(">II", 9, 0))
    for tag in tags:
        kind = {"audio": 8, "video": 9, "script": 18}[tag.kind]
        body = tag.body.removeprefix(amf.encode("@setDataFrame"))
        time = struct.pack(">I", tag.time_ms)
        out += bytes([kind]) + len(body).to_bytes(3) + time[1:] + time[:1] + bytes(3) + body
        out += struct.pack(">I", 11 + len(body))
    return bytes(out)


def decoded(file: bytes, format: str) -> dict[str, list[float]]:
    """Times of all decoded frames by kind."""
    times: dict[str, list[float]] = {"video": [], "audio": []}
    with av.open(io.BytesIO(file), "r", format=format) as container:
        for packet in container.demux():
            times[packet.stream.type] += [frame.time for frame in packet.decode() if frame.time is not None]
    return times


# samples


def test_a_chunks_samples_are_the_frames_that_were_put_in(video: Encoded, audio: Encoded) -> None:
    for encoded, make in ((video, h264.sample), (audio, bytes)):
        header = parse_init(encoded.track.init)
        found = [sample for _, _, data in published(encoded) for sample in samples(data, header)]
        assert [sample.data for sample in found] == [make(frame.data) for frame in encoded.frames]
        assert [sample.key for sample in found] == [frame.key for frame in encoded.frames]
        step = encoded.grid.frame_ticks
        assert [sample.decode_ticks for sample in found] == [frame.index * step for frame in encoded.frames]


def test_samples_are_found_where_the_run_says_they_are(video: Encoded) -> None:
    """A foreign encoder may put something else at the beginning of its mdat."""
    data, header = published(video)[0][2], parse_init(video.track.init)
    moof, mdat = (next(box for box in boxes(data) if box.type == type) for type in ("moof", "mdat"))
    at = data.index((mdat.body_start - moof.start).to_bytes(4, "big"), moof.start)
    moved = data[:at] + (mdat.body_start - moof.start + 5).to_bytes(4, "big") + data[at + 4 : mdat.start]
    moved += (mdat.size + 5).to_bytes(4, "big") + b"mdat" + b"FIVE!" + data[mdat.body_start :]
    assert samples(moved, header) == samples(data, header)


def test_a_segment_is_taken_apart_into_its_chunks(video: Encoded) -> None:
    several = [told[2] for told in published(video)[:3]]
    assert chunks(b"".join(several)) == several


def test_a_header_without_a_decoder_configuration_is_refused() -> None:
    with pytest.raises(BoxError):
        decoder_config(b"\0\0\0\x08ftyp")


# the programme


def test_all_frames_leave_in_decoding_order_from_the_first_key_frame_after_half_a_second(
    video: Encoded, audio: Encoded
) -> None:
    out = packets(video, audio)
    times = [packet.decode_ns for packet in out]
    assert times == sorted(times)
    pictures = [packet for packet in out if packet.kind == "video"]
    first = next(n for n, frame in enumerate(video.frames) if frame.key and n >= 15)
    assert [packet.data for packet in pictures] == [h264.sample(frame.data) for frame in video.frames[first:]]
    sounds = [packet.data for packet in out if packet.kind == "audio"]
    data = [frame.data for frame in audio.frames]
    start = data.index(sounds[0])
    assert sounds == data[start : start + len(sounds)]
    assert len(sounds) > 0.6 * len(data)


def small(video: Encoded) -> Encoded:
    """Another track of the ladder, which looks larger only by its name."""
    from mux_encoders import encode_video

    encoded = encode_video(size=(160, 90))
    return replace(encoded, track=replace(encoded.track, name="v999"))


def test_the_largest_picture_is_taken_unless_one_is_named(video: Encoded) -> None:
    other = small(video)
    assert {packet.codecs.video.track for packet in packets(other, video) if packet.codecs.video} == {"v180"}
    assert {packet.codecs.video.track for packet in packets(other, video, track="v999") if packet.codecs.video} == {
        "v999"
    }


def test_a_track_that_is_not_there_is_named_and_nothing_else_is_sent_for_it(video: Encoded, audio: Encoded) -> None:
    programme = Programme("v720")
    assert not [packet for told in published(video, audio) for packet in programme.take([told])]
    assert programme.why == "there is no track v720; there are a, v180"


def test_sound_alone_is_sent_when_there_is_no_picture(audio: Encoded) -> None:
    out = packets(audio)
    assert len(out) > 0.8 * len(audio.frames)
    assert all(packet.opens for packet in out)


def test_bytes_that_are_no_chunk_are_counted_and_survived(video: Encoded) -> None:
    programme = Programme()
    out = []
    for n, (track, init, data) in enumerate(published(video)):
        out += programme.take([(track, init, data[: len(data) // 2] if n == 12 else data)])
    assert programme.unreadable == 1
    assert len(out) > 30


def test_behind_a_hole_the_picture_goes_on_with_a_key_frame(video: Encoded) -> None:
    programme = Programme()
    told = published(video)
    out = [packet for n, each in enumerate(told) if n != 11 for packet in programme.take([each])]
    sent = [h264.sample(frame.data) for frame in video.frames]
    at = [sent.index(packet.data) for packet in out]
    assert at == [*range(at[0], 66), *range(90, 120)]  # chunk 11 is frames 66 to 71; key frames are 30, 60, 90
    assert programme.skipped == 90 - 72


def test_what_was_missed_is_made_good_by_all_that_is_left_of_the_past(video: Encoded, audio: Encoded) -> None:
    """As after an origin was killed: it tells anew what there is, in no order, and then goes on."""
    told = published(video, audio)
    programme, whole = Programme(), packets(video, audio)
    out = [packet for each in told[:18] for packet in programme.take([each])]
    out += programme.take(sorted(told[:26], key=lambda each: (each[0], -len(each[2]))))  # 18 to 25 were missed
    out += [packet for each in told[26:] for packet in programme.take([each])]
    assert [(packet.kind, packet.decode_ns) for packet in out] == [(packet.kind, packet.decode_ns) for packet in whole]
    assert [packet.data for packet in out] == [packet.data for packet in whole]
    assert programme.skipped == 0


def test_when_sound_stops_the_picture_goes_on_half_a_second_later(video: Encoded, audio: Encoded) -> None:
    half = replace(audio, frames=audio.frames[: len(audio.frames) // 2])
    out = [packet for packet in packets(video, half) if packet.kind == "video"]
    assert len(out) >= len(packets(video)) - 15 - 6


@given(turns=st.lists(st.tuples(st.booleans(), st.integers(1, 6)), min_size=1, max_size=60))
def test_merging_loses_and_disorders_nothing_whatever_the_turns(turns: list[tuple[bool, int]]) -> None:
    merge, clocks, put, out = Merge(("video", "audio"), hold_ns=500), {"video": 0, "audio": 0}, 0, []
    for is_video, many in turns:
        kind: Kind = "video" if is_video else "audio"
        other = clocks["audio" if is_video else "video"]
        if clocks[kind] > other + 250:
            continue  # no origin lets one run so far ahead
        batch = []
        for _ in range(many):
            clocks[kind] += 33 if is_video else 21
            batch.append(Packet(kind, clocks[kind], clocks[kind], True, b"", Codecs()))
        put += len(batch)
        out += merge.put(batch)
    times = [packet.decode_ns for packet in out]
    assert times == sorted(times)
    assert merge.late == 0
    assert put - len(out) <= (250 + 6 * 33) // 21 + 6  # what may still wait for the other kind


# FLV


def test_flv_decodes_to_every_frame_at_its_time(video: Encoded, audio: Encoded) -> None:
    writer, out = Flv(), packets(video, audio)
    times = decoded(flv_file([tag for packet in out for tag in writer.write(packet)]), "flv")
    pictures = [packet for packet in out if packet.kind == "video"]
    assert len(times["video"]) == len(pictures)
    begun_ns = out[0].decode_ns if out[0].opens else pictures[0].decode_ns
    for seen, packet in zip(times["video"], pictures, strict=True):
        assert abs(seen - (packet.shown_ns - begun_ns) / 1e9) < 0.0015
    assert len(times["audio"]) == sum(p.kind == "audio" and p.decode_ns >= begun_ns for p in out)


def test_flv_is_what_the_houses_own_server_understands(video: Encoded, audio: Encoded) -> None:
    writer = Flv()
    tags = [tag for packet in packets(video, audio) for tag in writer.write(packet)]
    assert [tag.kind for tag in tags[:3]] == ["script", "video", "audio"]
    values = amf.decode(tags[0].body)
    assert values[:2] == ["@setDataFrame", "onMetaData"]
    assert isinstance(values[2], dict)
    assert (values[2]["width"], values[2]["height"], values[2]["audiochannels"]) == (320, 180, 2)
    config = heard.video(tags[1].body)
    assert config is not None
    assert config.extradata == decoder_config(video.track.init)  # type: ignore[union-attr]
    first = heard.video(next(tag.body for tag in tags[2:] if tag.kind == "video"))
    assert first is not None
    assert first.key  # type: ignore[union-attr]


def test_flv_and_ts_say_how_much_later_than_decoded_a_picture_is_shown(video: Encoded) -> None:
    """As encoders elsewhere do, that show pictures in another order."""
    first = packets(video)[0]
    b_frame = replace(first, decode_ns=first.decode_ns + 40_000_000, shown_ns=first.shown_ns + 160_000_000, key=False)
    flv, ts = Flv(), Ts()
    tags = [tag for packet in (first, b_frame) for tag in flv.write(packet)]
    assert (tags[-1].time_ms, int.from_bytes(tags[-1].body[2:5], signed=True)) == (40, 120)
    data = b"".join(tag.body for packet in (first, b_frame) for tag in ts.write(packet))
    data += b"".join(tag.body for tag in ts.close())
    with av.open(io.BytesIO(data), "r", format="mpegts") as container:
        found = [packet for packet in container.demux() if packet.size]
        assert found[1].pts - found[1].dts == 120 * 90
        assert found[1].dts - found[0].dts == 40 * 90


def test_flv_begins_with_a_frame_that_opens_and_time_zero(video: Encoded, audio: Encoded) -> None:
    writer, out = Flv(), packets(video, audio)
    late = next(n for n, packet in enumerate(out) if n > 5 and not packet.opens)
    tags = [tag for packet in out[late:] for tag in writer.write(packet)]
    assert tags[0].time_ms == 0
    assert tags[1].body[:2] == b"\x17\x00"
    assert min(tag.time_ms for tag in tags) == 0


def test_flv_tells_a_new_decoder_configuration_before_its_first_frame(video: Encoded) -> None:
    other = small(video)
    renamed = replace(other, track=replace(other.track, name="v180"))
    half = len(video.frames) // 2
    joined = published(replace(video, frames=video.frames[:half])) + published(
        replace(renamed, frames=renamed.frames[half:])
    )
    programme, writer = Programme(), Flv()
    tags = [tag for told in joined for packet in programme.take([told]) for tag in writer.write(packet)]
    configs = [n for n, tag in enumerate(tags) if tag.body[:2] == b"\x17\x00"]
    assert len(configs) == 2
    assert tags[configs[1]].body[5:] == decoder_config(renamed.track.init)
    assert tags[configs[1] + 1].body[:2] == b"\x17\x01"  # the frame behind it is a key frame


# MPEG-TS


def test_ts_decodes_to_every_frame_at_its_time_in_whole_packets(video: Encoded, audio: Encoded) -> None:
    writer, out = Ts(), packets(video, audio)
    tags = [tag for packet in out for tag in writer.write(packet)] + writer.close()
    assert all(len(tag.body) % 188 == 0 and 0 < len(tag.body) <= 1316 and tag.body[0] == 0x47 for tag in tags)
    assert tags[0].body[1:3] in (b"\x40\x00", b"\x40\x11")  # tables first
    times = decoded(b"".join(tag.body for tag in tags), "mpegts")
    pictures = [packet for packet in out if packet.kind == "video"]
    assert len(times["video"]) == len(pictures)
    steps = [b - a for a, b in zip(times["video"], times["video"][1:], strict=False)]
    assert all(abs(step - 1 / 30) < 0.001 for step in steps)
    lead = (
        next(p for p in out if p.kind == "audio" and p.decode_ns >= pictures[0].decode_ns).shown_ns
        - pictures[0].shown_ns
    ) / 1e9
    assert abs(times["audio"][0] - times["video"][0] - lead) < 0.03


def test_ts_holds_no_picture_back_for_sound_that_is_missing(video: Encoded, audio: Encoded) -> None:
    half = replace(audio, frames=audio.frames[: len(audio.frames) // 2])
    writer, out = Ts(), packets(video, half)
    given = [packet for packet in out if packet.kind == "video"]
    tags = [tag for packet in out for tag in writer.write(packet)]
    times = decoded(b"".join(tag.body for tag in tags), "mpegts")
    assert len(times["video"]) >= len(given) - 5  # max_interleave_delta: 0.1 s
