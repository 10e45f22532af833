"""The session: who may publish, what comes back, and what ends a connection."""

import logging

import pytest
from rtmp_client import ASC, AVCC, KEY, NS, Publisher, kinds, new_session, publishing, said

from ringside.core.errors import Misconfigured
from ringside.core.rtmp import amf
from ringside.core.rtmp.message import Message, Type, command, user_control, window_acknowledgement_size
from ringside.flow.capture.coded.unit import Config, Unit
from ringside.flow.capture.rtmp.actions import WRAP_NS, Action, Close, Media, Send
from ringside.flow.capture.rtmp.door import Door
from ringside.flow.capture.rtmp.session import Phase


def close_of(actions: list[Action]) -> Close:
    (close,) = [action for action in actions if isinstance(action, Close)]
    return close


def test_a_publisher_with_the_key_gets_the_stage() -> None:
    publisher, server = Publisher(), new_session()
    actions = server.receive(publisher.publish(), 0)
    assert kinds(actions) == ["Published"]
    assert server.phase is Phase.PUBLISHING
    replies = said(publisher.heard(actions))
    assert [reply[0] for reply in replies] == ["_result", "_result", "_result", "_result", "onStatus"]
    assert [reply[1] for reply in replies] == [1.0, 2.0, 3.0, 4.0, 0.0]
    assert replies[3][3] == 1.0
    assert replies[4][3] == {"level": "status", "code": "NetStream.Publish.Start", "description": "publishing"}


def test_the_same_bytes_one_at_a_time_end_the_same() -> None:
    whole, server = Publisher().publish(), new_session()
    actions = [action for byte in whole for action in server.receive(bytes([byte]), 0)]
    assert kinds(actions) == ["Published"]


def test_the_handshake_answers_with_an_echo_of_c1() -> None:
    server = new_session()
    c1 = bytes(range(256)) * 6
    (action,) = server.receive(b"\x03" + c1, 0)
    assert isinstance(action, Send)
    assert len(action.data) == 3073
    assert action.data[0] == 3
    assert action.data[5:9] == bytes(4)  # no version: a client must not look for a digest
    assert action.data[1537:] == c1


def test_media_leaves_with_the_time_on_the_wire() -> None:
    server, publisher = publishing()
    actions = server.receive(publisher.headers(), 0)
    actions += server.receive(publisher.video(40, b"\x27\1\0\0\x0analu") + publisher.audio(41, b"\xaf\1raw"), 0)
    assert [action for action in actions if isinstance(action, Media)] == [
        Media(Config("video", "h264", AVCC), 0),
        Media(Config("audio", "aac", ASC), 0),
        Media(Unit("video", "h264", False, b"nalu", 10_000_000), 50_000_000),
        Media(Unit("audio", "aac", True, b"raw"), 41_000_000),
    ]


def test_media_time_wraps_at_32_bits_of_milliseconds() -> None:
    server, publisher = publishing()
    (media,) = server.receive(publisher.video(2**32 - 5, b"\x27\1\0\0\x0analu"), 0)
    assert isinstance(media, Media)
    assert media.pts_ns == 5_000_000
    (media,) = server.receive(publisher.video(2, b"\x27\1\xff\xff\xfcnalu"), 0)
    assert isinstance(media, Media)
    assert media.pts_ns == WRAP_NS - 2_000_000


@pytest.mark.parametrize(
    "key",
    ["nope1", "", KEY + "x", KEY[:-1], "k" * 255, "k" * 256, "k" * 65536, f"{KEY}\0", f"{KEY}\r\n", "../" + KEY,
     "%2e%2e/" + KEY, "a\\b", KEY + "?x=1", "<script>", None, 5.0],
)  # fmt: skip
def test_a_wrong_or_unclean_key_is_refused_and_never_repeated(key: amf.Value) -> None:
    publisher, server = Publisher(), new_session()
    actions = server.receive(publisher.publish(key), 0)
    assert kinds(actions) == ["Close"]
    close = close_of(actions)
    assert close.fault
    assert not isinstance(key, str) or len(key) < 3 or key not in close.reason
    assert server.phase is Phase.CLOSED
    if key == "k" * 65536:
        return  # not even read
    status = said(publisher.heard(actions))
    assert status[-1][3]["code"] == "NetStream.Publish.BadName"
    assert status[-1][3]["description"] == close.reason


@pytest.mark.parametrize("app", ["", "other", "live/../x", "live/x", "LIVE"])
def test_another_application_is_refused(app: str) -> None:
    publisher, server = Publisher(), new_session()
    actions = server.receive(publisher.hello() + publisher.connect(app), 0)
    assert kinds(actions) == ["Close"]
    (reply,) = said(publisher.heard(actions))
    assert reply[0] == "_error"
    assert reply[3]["code"] == "NetConnection.Connect.Rejected"


def test_a_slash_after_the_application_is_forgiven() -> None:
    assert kinds(new_session().receive(Publisher().publish(app="live/"), 0)) == ["Published"]


def test_a_second_publisher_is_told_that_somebody_is_there() -> None:
    publisher, server = Publisher(), new_session()
    actions = server.receive(publisher.publish(), 0, busy=True)
    assert close_of(actions).reason == "somebody else is already publishing"
    assert said(publisher.heard(actions))[-1][3]["code"] == "NetStream.Publish.BadName"


def test_whether_somebody_is_there_is_not_told_without_the_key() -> None:
    actions = new_session().receive(Publisher().publish("wrong"), 0, busy=True)
    assert close_of(actions).reason == "the stream key is wrong"


def test_a_publisher_that_is_replaced_is_told_so() -> None:
    server, publisher = publishing()
    actions = server.dismiss("another publisher took over")
    assert kinds(actions) == ["Unpublished", "Close"]
    assert not close_of(actions).fault
    assert said(publisher.heard(actions))[0][3]["description"] == "another publisher took over"


@pytest.mark.parametrize("name", ["deleteStream", "closeStream"])
def test_a_publisher_that_stops_leaves_the_stage(name: str) -> None:
    server, publisher = publishing()
    actions = server.receive(publisher.say(command(name, 7, None, 1)), 0)
    assert kinds(actions) == ["Unpublished", "Close"]
    assert not close_of(actions).fault


def test_ffmpegs_goodbye_is_understood() -> None:
    server, publisher = publishing()
    assert kinds(server.receive(publisher.bye(), 0)) == ["Unpublished", "Close"]


def test_a_lost_connection_leaves_the_stage_and_a_second_loss_does_nothing() -> None:
    server, _ = publishing()
    assert kinds(server.lost()) == ["Unpublished", "Close"]
    assert server.lost() == []
    assert server.receive(b"more", 0) == []
    assert server.tick(10**12) == []


@pytest.mark.parametrize(
    ("stages", "seconds", "reason"),
    [
        (0, 5, "it did not complete the handshake for 5 s"),
        (1, 5, "it did not connect to an application for 5 s"),
        (2, 5, "it did not publish for 5 s"),
        (3, 10, "it sent no media for 10 s"),
    ],
)
def test_a_silent_connection_is_closed(stages: int, seconds: int, reason: str) -> None:
    publisher, server = Publisher(), new_session()
    for stage in [publisher.hello(), publisher.connect(), publisher.ask()][:stages]:
        server.receive(stage, 0)
    assert server.tick(seconds * NS - 1) == []
    assert close_of(server.tick(seconds * NS)).reason == reason


def test_pings_alone_do_not_keep_the_stage() -> None:
    server, publisher = publishing()
    for second in range(9):
        server.receive(publisher.say(user_control(6, b"\0\0\0\1")), second * NS)
    assert kinds(server.tick(10 * NS)) == ["Unpublished", "Close"]


def test_media_keeps_the_stage() -> None:
    server, publisher = publishing()
    server.receive(publisher.audio(0, b"\xaf\1raw"), 9 * NS)
    assert server.tick(18 * NS) == []


def test_a_handshake_a_byte_at_a_time_is_not_waited_for() -> None:
    server = new_session()
    for second in range(5):
        server.receive(b"\x03", second * NS)
    assert kinds(server.tick(5 * NS)) == ["Close"]


def test_a_ping_is_answered_with_its_own_time() -> None:
    server, publisher = publishing()
    (pong,) = publisher.heard(server.receive(publisher.say(user_control(6, b"\1\2\3\4")), 0))
    assert (pong.type, bytes(pong.body)) == (Type.USER_CONTROL, b"\0\7\1\2\3\4")


def test_what_arrives_is_acknowledged_once_per_window() -> None:
    server, publisher = publishing()
    server.receive(publisher.say(window_acknowledgement_size(5000)), 0)
    acks = []
    for n in range(20):
        acks += publisher.heard(server.receive(publisher.audio(n, b"\xaf\1" + bytes(998)), 0))
    assert [ack.type for ack in acks] == [Type.ACKNOWLEDGEMENT] * len(acks)
    assert 3 <= len(acks) <= 4


def test_a_window_of_zero_does_not_make_us_answer_every_byte() -> None:
    server, publisher = publishing()
    publisher.heard(server.receive(publisher.say(window_acknowledgement_size(0)), 0))
    assert len(publisher.heard(server.receive(publisher.audio(0, b"\xaf\1" + bytes(5000)), 0))) == 1


@pytest.mark.parametrize("name", ["play", "play2"])
def test_playing_is_refused_by_name(name: str) -> None:
    publisher, server = Publisher(), new_session()
    asked = publisher.hello() + publisher.connect() + publisher.say(command(name, 5, None, KEY))
    assert "plays none over RTMP" in close_of(server.receive(asked, 0)).reason


def test_an_unknown_command_is_answered_and_changes_nothing() -> None:
    publisher, server = Publisher(), new_session()
    publisher.heard(server.receive(publisher.hello() + publisher.connect(), 0))
    (reply,) = said(publisher.heard(server.receive(publisher.say(command("getStreamLength", 9, None)), 0)))
    assert reply[:2] == ["_error", 9.0]
    assert server.phase is Phase.CONNECTED


def test_a_command_in_an_amf3_wrapper_is_read() -> None:
    publisher, server = Publisher(), new_session()
    wrapped = Message(Type.COMMAND_AMF3, b"\0" + amf.encode("connect", 1, {"app": "live"}))
    server.receive(publisher.hello() + publisher.say(wrapped), 0)
    assert server.phase is Phase.CONNECTED


@pytest.mark.parametrize(
    "message",
    [
        command("publish", 5, None, KEY, "live"),
        command("createStream", 2, None),
        Message(Type.VIDEO, b"\x17\0\0\0\0"),
        Message(Type.COMMAND_AMF0, b""),
        Message(Type.COMMAND_AMF0, amf.encode(5)),
        Message(Type.COMMAND_AMF0, b"\x0a\0\0\0\1" * 16000),
        Message(Type.AGGREGATE, b""),
    ],
)
def test_what_comes_at_the_wrong_moment_or_makes_no_sense_closes_the_connection(message: Message) -> None:
    publisher, server = Publisher(), new_session()
    actions = server.receive(publisher.hello() + publisher.say(message), 0)
    assert kinds(actions) == ["Close"]
    assert close_of(actions).fault


def test_publishing_twice_on_one_connection_is_refused() -> None:
    server, publisher = publishing()
    assert close_of(server.receive(publisher.ask(), 0)).fault


def test_a_codec_that_is_not_taken_is_refused_by_name_on_both_sides() -> None:
    server, publisher = publishing()
    actions = server.receive(publisher.video(0, b"\x12\0\0"), 0)
    assert close_of(actions).reason == "Sorenson H.263 is not supported; send H.264"
    info = said(publisher.heard(actions))[0][3]
    assert info["level"] == "error"
    assert info["description"] == "Sorenson H.263 is not supported; send H.264"


def test_a_codec_that_this_machine_cannot_decode_is_refused_by_name() -> None:
    publisher, server = Publisher(), new_session(codecs=frozenset({"h264", "aac"}))
    connected = said(publisher.heard(server.receive(publisher.publish(), 0)))[0]
    assert connected[2]["videoFourCcInfoMap"] == {"avc1": 1.0}
    actions = server.receive(publisher.video(0, b"\x90hvc1conf"), 0)
    assert close_of(actions).reason == "H.265 (HEVC) cannot be decoded on this machine; send H.264 and AAC"


def test_a_media_message_cut_short_spoils_only_itself() -> None:
    server, publisher = publishing()
    actions = server.receive(publisher.video(0, b"\x17\1") + publisher.audio(0, b"\xaf\1raw"), 0)
    assert kinds(actions) == ["Spoiled", "Media"]


@pytest.mark.parametrize(
    ("first", "words"),
    [(b"GET / HTTP/1.1\r\n", "not RTMP"), (b"\x16\x03\x01", "RTMPS"), (b"\x06", "RTMPE"), (b"\0", "not RTMP")],
)
def test_another_protocol_is_named_at_its_first_byte(first: bytes, words: str) -> None:
    assert words in close_of(new_session().receive(first, 0)).reason


def test_a_stranger_costs_little() -> None:
    publisher, server = Publisher(), new_session()
    server.receive(publisher.hello(), 0)
    announced = publisher.say(Message(Type.COMMAND_AMF0, bytes(20_000)))[:200]
    assert "announced" in close_of(server.receive(announced, 0)).reason

    publisher, server = Publisher(), new_session()
    server.receive(publisher.hello() + publisher.connect(), 0)
    chatter = publisher.say(*[command("x", 0, "y" * 1000)] * 40)
    actions = [action for at in range(0, len(chatter), 4096) for action in server.receive(chatter[at : at + 4096], 0)]
    assert "without publishing" in close_of(actions).reason


@pytest.mark.parametrize(
    ("app", "key"), [("live", ""), ("", "k"), ("live", "a b"), ("li/ve", "k"), ("live", "k" * 129)]
)
def test_a_name_that_could_never_be_matched_is_the_operators_mistake(app: str, key: str) -> None:
    with pytest.raises(Misconfigured, match=r"rtmp (app|key): it "):
        Door(app, key)


def test_the_key_is_never_in_what_a_session_says_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        server, _ = publishing()
    assert KEY not in repr(server) + caplog.text


def test_a_publisher_that_does_not_wait_for_answers_is_heard_to_the_end() -> None:
    publisher, server = Publisher(), new_session()
    pictures = b"".join(publisher.video(n, b"\x27\1\0\0\0" + bytes(5000)) for n in range(20))
    hurried = Publisher()
    opening = hurried.publish()
    actions = server.receive(opening + pictures, 0)
    assert kinds(actions) == ["Published"] + ["Media"] * 20
