"""Offers: what a publisher may ask for is judged before a library reads it, and names no address that we would call."""

import pytest
from offers import AUDIO, SECRETS, VIDEO, offer

from ringside.flow.capture.whip.errors import Refused
from ringside.flow.capture.whip.offer import HINTS, MAX_SDP_BYTES, judge, with_hints

DATA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=sendonly\r\n" + SECRETS


def refusal(body: bytes) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        judge(body)
    return refused.value.status, str(refused.value)


def test_a_picture_and_a_sound_or_either_alone_are_taken_in_the_order_of_the_offer() -> None:
    assert judge(offer()).kinds == ("audio", "video")
    assert judge(offer(audio="")).kinds == ("video",)
    assert judge(offer(video="")).kinds == ("audio",)


def test_no_address_of_an_offer_is_ever_called() -> None:
    taken = judge(offer()).sdp
    assert "candidate" not in taken
    assert "169.254" not in taken
    assert taken.count("m=") == 2


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"v=1\r\n", b"\xff\xfe\x00", b"v=0\r\n", b"v=0\r\n" + b"a=x\r\n" * 3000]
)
def test_what_is_no_sdp_is_a_bad_request(body: bytes) -> None:
    assert refusal(body)[0] == 400


def test_an_offer_beyond_the_bound_is_too_large() -> None:
    assert refusal(b"v=0\r\n" + b"x" * MAX_SDP_BYTES) == (413, "the offer is larger than 128 kB")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (offer(more=DATA), "audio, video, application"),
        (offer(audio=AUDIO + SECRETS + AUDIO), "audio, audio, video"),
        (offer(video=VIDEO.replace("sendonly", "recvonly")), "the video of the offer is recvonly"),
        (offer(audio=AUDIO.replace("sendonly", "inactive")), "the audio of the offer is inactive"),
        (offer(video=VIDEO.replace("H264", "AV1")), "send H.264 or VP8"),
        (offer(audio=AUDIO.replace("opus", "L16")), "send Opus"),
    ],
)
def test_an_offer_of_what_is_not_taken_is_told_so(body: bytes, words: str) -> None:
    status, reason = refusal(body)
    assert status == 422
    assert words in reason


@pytest.mark.parametrize("name", ["ice-ufrag", "ice-pwd", "fingerprint"])
def test_an_offer_without_what_protects_it_is_a_bad_request(name: str) -> None:
    lines = [line for line in SECRETS.splitlines(keepends=True) if name not in line]
    assert refusal(offer(secrets="".join(lines))) == (400, f"the audio of the offer has no {name}")


def test_directions_and_secrets_may_be_the_whole_sessions() -> None:
    bare = offer(AUDIO.replace("a=sendonly\r\n", ""), VIDEO.replace("a=sendonly\r\n", ""), secrets="").decode()
    head, rest = bare.split("m=", 1)
    assert judge(f"{head}{SECRETS}a=sendonly\r\nm={rest}".encode()).kinds == ("audio", "video")
    assert refusal(f"{head}{SECRETS}a=recvonly\r\nm={rest}".encode())[0] == 422


def test_a_browser_is_told_at_what_rate_to_begin_in_each_codec_with_or_without_parameters() -> None:
    answer = (
        "v=0\r\nm=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\nm=video 9 X 96 97 98\r\n"
        "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
        "a=rtpmap:98 VP8/90000\r\na=sendonly\r\n"
    )
    lines = with_hints(answer).splitlines()
    assert f"a=fmtp:96 packetization-mode=1;{HINTS}" in lines
    assert lines[lines.index("a=rtpmap:98 VP8/90000") + 1] == f"a=fmtp:98 {HINTS}"
    assert "a=fmtp:97 apt=96" in lines
    assert "a=fmtp:111 useinbandfec=1" in lines
