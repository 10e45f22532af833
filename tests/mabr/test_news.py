"""News: turns told in few bytes read back as they were, with media named; what was not signed, or lies, is refused."""

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.feed import (
    Anew,
    Cache,
    Closed,
    Document,
    Expected,
    Message,
    Opened,
    Playlist,
    Ranged,
    Removed,
    Report,
    Streamed,
    Turn,
    encode,
)
from ringside.core.feed.difference import PIECE, BadDifference, difference, restored
from ringside.core.feed.entries import CHANGE, CHANGED, ENTRY, FRAME, MAX_INFLATED, MEDIA, REF, TURN
from ringside.core.feed.news import (
    MAX_BYTES,
    BadNews,
    Checkpoint,
    MediaRef,
    News,
    Reader,
    TooMuch,
    TurnOf,
    UnknownCheckpoint,
    Writer,
)
from ringside.core.mabr import Keys, Verifier

KEYS = Keys(bytes(32), b"p" * 32)
SIGN, GOOD = KEYS.signer(), Verifier(KEYS.public).good
EPOCH, START = 1_795_000_000_000_000_000, 7

paths = st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=12).map(lambda t: "/live/" + t)
ids = st.integers(1, 2**64 - 1)
bodies = st.binary(max_size=300)
refs = st.builds(
    MediaRef, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), ids, st.just(2**32), st.integers(1, 2**32 - 1),
    st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16), paths, ids,
)  # fmt: skip
messages = st.one_of(
    refs,
    st.builds(Opened, paths, ids, st.just("video/mp4")),
    st.builds(Closed, ids),
    st.builds(Ranged, paths, ids, ids, ids, st.just("video/mp4")),
    st.builds(Document, paths, bodies, st.just("application/dash+xml"), st.sampled_from(list(Cache))),
    st.builds(Playlist, paths, bodies, bodies, st.integers(0, 9), st.integers(-1, 9), st.just((1, 2)), st.just(2),
              st.just(0.2)),
    st.builds(Streamed, paths, paths, ids, ids, st.just("video/mp4")),
    st.builds(Expected, paths, st.integers(0, 255)),
    st.builds(Removed, paths),
)  # fmt: skip
turns = st.lists(messages, max_size=4).map(tuple)


@given(st.lists(turns, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_turns_read_back_as_they_were_with_a_checkpoint_between(bodies: list[tuple[Message | MediaRef, ...]]) -> None:
    writer, reader = Writer(SIGN, START), Reader(GOOD)
    every = [TurnOf(number, body) for number, body in enumerate(bodies)]
    for number in range(len(every)):
        some = every[max(0, number - 2) : number + 1]
        assert reader.take(writer.news(EPOCH, some)) == News(EPOCH, tuple(some))
        checkpoint = writer.checkpoint()
        assert checkpoint is None or isinstance(reader.take(checkpoint), Checkpoint)


def playlist(track: str, number: int, part: int, window: int = 150) -> Playlist:
    """A media playlist of `window` segments, as the origin writes them."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:10", "#EXT-X-TARGETDURATION:2", f"#EXT-X-MEDIA-SEQUENCE:{number - window}"]
    for n in range(number - window, number + 1):
        parts = (10 if n < number else part + 1) if n > number - 4 else 0
        lines += [f'#EXT-X-PART:DURATION=0.2,URI="{n}.{p}.m4s"' for p in range(parts)]
        if n < number:
            lines += [f"#EXT-X-PROGRAM-DATE-TIME:2026-11-23T04:{n // 30 % 60:02d}:{n % 30 * 2:02d}.000Z", f"{n}.m4s"]
    body = "\n".join(lines).encode()
    path = f"/live/main/{track}/index.m3u8"
    return Playlist(path, body, body[-2600:], number, part, (number, part + 1), 2, 0.2)


def told(turn: int, number: int, part: int, window: int = 150) -> TurnOf:
    path = f"/live/main/v720/{number}.{part}.m4s"
    media = MediaRef(10, turn, 77, 30_000 * (part + 1), 30_000, 27, bytes(range(16)), path, 30_000 * part)
    ranged = Ranged(path, 77, 30_000 * part, 30_000, "video/mp4")
    expected = Expected(f"/live/main/v720/{number}.{part + 2}.m4s")
    return TurnOf(turn, (media, ranged, expected, playlist("v720", number, part, window)))


def after_checkpoints(window: int) -> tuple[Writer, Reader]:
    """A writer and a reader that have two checkpoints, the older of one part less than a second ago."""
    writer, reader = Writer(SIGN, START), Reader(GOOD)
    for turn in (1, 2):
        writer.news(EPOCH, [told(turn, 1000, 3 + turn, window)])
        checkpoint = writer.checkpoint()
        assert checkpoint is not None
        reader.take(checkpoint)
    return writer, reader


def test_news_of_three_turns_of_a_five_minute_window_fit_into_one_packet() -> None:
    writer, reader = after_checkpoints(150)
    some = [told(turn, 1000, 3 + turn) for turn in (3, 4, 5)]
    data = writer.news(EPOCH, some)
    assert len(data) < 1280
    assert reader.take(data) == News(EPOCH, tuple(some))


def test_a_playlist_of_hours_is_told_in_few_bytes_too_though_it_moves() -> None:
    writer, reader = after_checkpoints(5400)
    some = [told(3, 1001, 0, 5400)]
    data = writer.news(EPOCH, some)
    assert len(encode(some[0].messages[3])) > 300_000
    assert len(data) < 6_000
    assert reader.take(data) == News(EPOCH, tuple(some))


def test_news_refer_to_the_checkpoint_before_the_newest_for_that_has_had_time_to_come() -> None:
    writer, reader = after_checkpoints(150)
    late = writer.checkpoint()
    data = writer.news(EPOCH, [told(9, 1000, 9)])
    assert isinstance(reader.take(data), News)
    assert late is not None
    assert isinstance(reader.take(late), Checkpoint)


def test_news_of_a_checkpoint_that_never_came_say_so() -> None:
    writer, _ = after_checkpoints(150)
    with pytest.raises(UnknownCheckpoint, match="checkpoint 8 never came"):
        Reader(GOOD).take(writer.news(EPOCH, [told(3, 1000, 9)]))


def test_a_reader_keeps_four_checkpoints_and_an_old_one_again_changes_nothing() -> None:
    writer, reader = Writer(SIGN, START), Reader(GOOD)
    writer.know([playlist("v720", 1000, 1)])
    made = [writer.checkpoint() for _ in range(6)]
    first_news = Writer(SIGN, START)
    first_news.know([playlist("v720", 1000, 1)])
    first_news.checkpoint(), first_news.checkpoint()
    referring_to_the_first = first_news.news(EPOCH, [told(3, 1000, 2)])
    for data in made[:4]:
        reader.take(data or b"")
    assert isinstance(reader.take(referring_to_the_first), News)
    for data in (*made[4:], made[0], made[1]):
        reader.take(data or b"")
    with pytest.raises(UnknownCheckpoint):
        reader.take(referring_to_the_first)


def test_a_checkpoint_holds_what_there_is_and_not_what_was_removed() -> None:
    writer, reader = Writer(SIGN, START), Reader(GOOD)
    assert writer.checkpoint() is None
    header = Document("/live/main/v720/init-1.mp4", b"moov", "video/mp4", Cache.IMMUTABLE)
    writer.know([playlist("v720", 1000, 1), playlist("v360", 1000, 1), header])
    writer.news(EPOCH, [TurnOf(1, (Removed("/live/main/v360/index.m3u8"), playlist("v720", 1000, 2)))])
    data = writer.checkpoint()
    assert data is not None
    assert reader.take(data) == Checkpoint(START + 1, (playlist("v720", 1000, 2), header))
    writer.know([Anew()])
    assert writer.checkpoint() is None


def test_an_older_turn_told_again_does_not_make_the_checkpoint_older() -> None:
    writer, reader = Writer(SIGN, START), Reader(GOOD)
    writer.news(EPOCH, [told(1, 1000, 1), told(2, 1000, 2)])
    writer.checkpoint()
    writer.news(EPOCH, [told(1, 1000, 1)])
    data = writer.checkpoint()
    assert data is not None
    assert reader.take(data).messages == (playlist("v720", 1000, 2),)  # type: ignore[union-attr]


def test_what_a_turn_says_belongs_to_its_epoch() -> None:
    writer, reader = Writer(SIGN, START), Reader(GOOD)
    for epoch, part in ((EPOCH, 1), (EPOCH + 1, 2), (EPOCH, 1)):
        some = (told(1, 1000, part),)
        assert reader.take(writer.news(epoch, some)) == News(epoch, some)


def test_a_turn_that_was_read_is_found_in_later_news_beside_new_ones() -> None:
    writer, reader = after_checkpoints(150)
    every = [told(turn, 1000, turn % 10) for turn in range(3, 80)]
    for at in range(len(every) - 2):
        assert reader.take(writer.news(EPOCH, every[at : at + 3])) == News(EPOCH, tuple(every[at : at + 3]))


def test_turns_that_no_news_can_carry_are_refused_before_they_are_sent() -> None:
    writer = Writer(SIGN, START)
    noise = b"".join(bytes([n * n * 31 % 251]) + n.to_bytes(4, "big") for n in range(120_000))
    with pytest.raises(TooMuch, match="bytes"):
        writer.news(EPOCH, [TurnOf(1, (Document("/a", noise, "", Cache.NONE),))])
    with pytest.raises(TooMuch, match="65 turns"):
        writer.news(EPOCH, [TurnOf(n, ()) for n in range(65)])
    with pytest.raises(TooMuch):
        writer.news(EPOCH, [TurnOf(1000 + n, (Document("/a", bytes(1 << 20), "", Cache.NONE),)) for n in range(4)])
    writer.know([Document("/a", noise, "", Cache.NONE)])
    with pytest.raises(TooMuch):
        writer.checkpoint()


def test_what_was_not_signed_by_the_sender_is_refused_before_it_is_unpacked() -> None:
    unpacked: list[bytes] = []
    forger = Writer(Keys(bytes(32), b"f" * 32).signer(), START)
    data = forger.news(EPOCH, [told(1, 1000, 1)])
    with pytest.raises(BadNews, match="the sender has not signed it"):
        Reader(GOOD).take(data)
    with pytest.raises(BadNews, match="the sender has not signed it"):
        Reader(lambda data, signature: bool(unpacked)).take(data)


def test_every_byte_of_news_is_signed() -> None:
    data = Writer(SIGN, START).news(EPOCH, [told(1, 1000, 1)])
    for at in range(0, len(data), 7):
        broken = bytearray(data)
        broken[at] ^= 1
        with pytest.raises(BadNews):
            Reader(GOOD).take(bytes(broken))


def signed(body: bytes, kind: bytes = b"RSN1", base: int = 0) -> bytes:
    """News of a sender that lies: signed, whatever it is."""
    data = kind + struct.pack(">Q", EPOCH) + (struct.pack(">Q", base) if kind == b"RSN1" else b"") + body
    return data + SIGN(data)


def entry(kind: int, body: bytes) -> bytes:
    return TURN.pack(1, 1) + ENTRY.pack(kind, len(body)) + body


LIES = {
    "nothing": b"",
    "too short": bytes(70),
    "too long": signed(bytes(MAX_BYTES)),
    "neither": signed(zlib.compress(b""), b"RSX1"),
    "not compressed": signed(b"turns"),
    "cut off": signed(zlib.compress(bytes(1000))[:-6]),
    "something behind": signed(zlib.compress(b"") + b"x"),
    "a bomb": signed(zlib.compress(bytes(MAX_INFLATED + 1), 9)),
    "a bomb of a checkpoint": signed(zlib.compress(bytes(MAX_INFLATED + 1), 9), b"RSC1"),
    "half a turn": signed(zlib.compress(TURN.pack(1, 1)[:-1])),
    "an entry that is not there": signed(zlib.compress(TURN.pack(1, 1))),
    "an entry said to be huge": signed(zlib.compress(TURN.pack(1, 1) + ENTRY.pack(FRAME, 2**32 - 1))),
    "a kind of entry that is none": signed(zlib.compress(entry(9, b""))),
    "a frame that is none": signed(zlib.compress(entry(FRAME, b"\0\0\0\1\xc8x"))),
    "half a frame": signed(zlib.compress(entry(FRAME, encode(Closed(1))[:-1]))),
    "a report": signed(zlib.compress(entry(FRAME, encode(Report({}))))),
    "a turn as message": signed(zlib.compress(entry(FRAME, encode(Turn(1, 1))))),
    "two frames in an entry": signed(zlib.compress(entry(FRAME, encode(Closed(1)) * 2))),
    "media cut off": signed(zlib.compress(entry(MEDIA, b"x"))),
    "media of nothing": signed(zlib.compress(entry(MEDIA, bytes(REF.size)))),
    "media of no name": signed(
        zlib.compress(entry(MEDIA, REF.pack(1, 1, 1, 9, 9, 1, 0, bytes(16)) + b"\xff"))
    ),
    "a difference to nothing": signed(zlib.compress(entry(CHANGE, CHANGED.pack(0, 10)))),
    "a difference said to be huge": signed(zlib.compress(entry(CHANGE, CHANGED.pack(0, 2**32 - 1)))),
    "a difference cut off": signed(zlib.compress(entry(CHANGE, b"\0"))),
    "more turns than can be": signed(zlib.compress(TURN.pack(1, 0) * 65)),
    "a checkpoint of noise": signed(zlib.compress(b"\0\0\0\1\xc8x"), b"RSC1"),
    "half a checkpoint": signed(zlib.compress(encode(Closed(1))[:-1]), b"RSC1"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_lies_are_bad_news_and_nothing_worse(lie: str) -> None:
    with pytest.raises(BadNews):
        Reader(GOOD).take(LIES[lie])


@given(st.binary(max_size=400), st.sampled_from([b"RSN1", b"RSC1"]))
@settings(max_examples=200, deadline=None)
def test_noise_that_was_signed_is_bad_news_or_read(noise: bytes, kind: bytes) -> None:
    reader = Reader(lambda data, signature: True)
    for body in (noise, zlib.compress(noise)):
        try:
            reader.take(kind + bytes(8) + (bytes(8) if kind == b"RSN1" else b"") + body + bytes(64))
        except BadNews:
            pass


@given(st.binary(max_size=400), st.binary(max_size=400), st.integers(0, 3 * PIECE))
@settings(max_examples=80, deadline=None)
def test_a_difference_restores_what_it_was_made_of(new: bytes, old: bytes, more: int) -> None:
    new, old = new + bytes(more), old + bytes(more // 2)
    assert restored(difference(new, old), old, len(new)) == new


@given(st.binary(max_size=200), st.integers(0, 2 * PIECE))
@settings(max_examples=150, deadline=None)
def test_a_difference_that_is_none_is_refused_and_restores_never_more_than_was_said(noise: bytes, size: int) -> None:
    try:
        assert len(restored(noise, b"old" * 500, size)) == size
    except BadDifference:
        pass


def test_a_bomb_in_a_difference_is_not_unpacked() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=b"old")
    bomb = packer.compress(bytes(1 << 24)) + packer.flush()
    with pytest.raises(BadDifference):
        restored(struct.pack(">H", len(bomb)) + bomb, b"old", PIECE)


def test_messages_are_told_in_their_order() -> None:
    some: tuple[Message, ...] = (Opened("/a", 1, "video/mp4"), Closed(1), Removed("/a"), Opened("/a", 2, "video/mp4"))
    assert Reader(GOOD).take(Writer(SIGN, START).news(EPOCH, [TurnOf(1, some)])) == News(EPOCH, (TurnOf(1, some),))
