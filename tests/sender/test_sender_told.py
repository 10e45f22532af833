"""What a sender tells beside the media, in memory: news, tables, the carousel, its session, and how it does."""

import gzip
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sender_things import CODING, EPOCH, KEYS, LANES, MP4, MS, NOW_NS, playlist

from ringside.core.alc import File, inflated, read_fdt
from ringside.core.errors import Misconfigured
from ringside.core.feed import (
    Cache,
    Document,
    Removed,
)
from ringside.core.feed.news import Checkpoint, News, Reader, TurnOf, Writer
from ringside.core.mabr import Verifier
from ringside.flow.relay.sender.bulletin import AGAIN_NS, CHECKPOINT_NS, NEVER_NS, SILENCE_NS, Bulletin
from ringside.flow.relay.sender.carousel import FIRST_TOI, ROUND_NS, Carousel
from ringside.flow.relay.sender.config import Config
from ringside.flow.relay.sender.counts import Counts, Progress
from ringside.flow.relay.sender.packets import Object
from ringside.flow.relay.sender.plan import Numbers
from ringside.flow.relay.sender.session import Session, tracks_of
from ringside.flow.relay.sender.table import Table

# news


class Desk:
    """A bulletin, and a reader of what it makes."""

    def __init__(self) -> None:
        self.bulletin = Bulletin(Writer(KEYS.signer(), 1), CODING, Numbers(0))
        self.reader = Reader(Verifier(KEYS.public).good)

    def read(self, thing: Object | None) -> News | Checkpoint:
        assert thing is not None
        return self.reader.take(thing.data)

    def turns(self, thing: Object | None) -> list[int]:
        said = self.read(thing)
        assert isinstance(said, News)
        return [turn.number for turn in said.turns]


def turn_of(number: int, body: bytes = b"#EXTM3U") -> TurnOf:
    return TurnOf(number, (playlist("v", body + b"%d" % number),))


def test_news_carry_the_two_turns_before() -> None:
    desk = Desk()
    told = [desk.turns(desk.bulletin.tell(EPOCH, turn_of(number), NOW_NS)) for number in range(4)]
    assert told == [[0], [0, 1], [0, 1, 2], [1, 2, 3]]


def test_a_gap_and_a_new_epoch_begin_the_news_anew() -> None:
    desk = Desk()
    told = [
        desk.turns(desk.bulletin.tell(epoch, turn_of(number), NOW_NS)) for epoch, number in ((7, 1), (7, 3), (8, 4))
    ]
    assert told == [[1], [3], [4]]


def test_news_are_told_again_after_a_burst_and_then_while_nothing_is_new() -> None:
    desk, now_ns, again = Desk(), NOW_NS, []
    bulletin = desk.bulletin
    while bulletin.due(now_ns, True) is not None:
        pass
    news = bulletin.tell(EPOCH, turn_of(1), now_ns)
    for _ in range(300):
        now_ns += MS
        if (told := bulletin.due(now_ns, True)) is not None and told.kind == "news":
            again.append((now_ns - NOW_NS, told))
    assert again[0][0] == SILENCE_NS
    assert again[0][1] is news
    assert any(at == AGAIN_NS for at, _ in again)
    assert max(b - a for (a, _), (b, _) in pairwise(again)) <= SILENCE_NS


def test_silence_is_not_covered_up_when_the_origin_is_lost() -> None:
    desk, now_ns = Desk(), NOW_NS
    desk.bulletin.tell(EPOCH, turn_of(1), now_ns)
    told = [desk.bulletin.due(now_ns + at * MS, False) for at in range(500)]
    assert [thing.kind for thing in told if thing is not None].count("news") == 1  # the repeat


def test_after_a_new_beginning_nothing_old_is_told() -> None:
    desk = Desk()
    desk.bulletin.tell(EPOCH, turn_of(1), NOW_NS)
    desk.bulletin.anew()
    told = [desk.bulletin.due(NOW_NS + at * MS, True) for at in range(500)]
    assert "news" not in [thing.kind for thing in told if thing is not None]


def test_news_in_a_long_silence_refer_to_checkpoints_that_are_remembered() -> None:
    desk, now_ns = Desk(), NOW_NS
    desk.read(desk.bulletin.tell(EPOCH, turn_of(1, b"#EXTM3U\n" * 300), now_ns))
    kinds = []
    for _ in range(1000):
        now_ns += 10 * MS
        if (thing := desk.bulletin.due(now_ns, True)) is not None:
            desk.read(thing)
            kinds.append(thing.kind)
    assert kinds.count("checkpoint") == 2 * (10 * 10**9 // CHECKPOINT_NS)
    assert kinds.count("news") > 100


def test_a_turn_that_no_news_can_carry_is_left_out_and_counted() -> None:
    desk = Desk()
    body = bytes(range(256)) * 40_000
    huge = TurnOf(2, (Document("/live/main/big", body, "x", Cache.SHORT),))
    desk.read(desk.bulletin.tell(EPOCH, turn_of(1), NOW_NS))
    assert desk.bulletin.tell(EPOCH, huge, NOW_NS) is None
    assert desk.bulletin.counts["left_out"] == 1
    assert desk.turns(desk.bulletin.tell(EPOCH, turn_of(3), NOW_NS)) == [3]


def test_a_bulletin_says_when_to_ask_again() -> None:
    desk = Desk()
    assert desk.bulletin.next_ns(True) == 0
    desk.bulletin.due(NOW_NS, True)
    assert desk.bulletin.next_ns(True) == NOW_NS + CHECKPOINT_NS
    desk.bulletin.tell(EPOCH, turn_of(1), NOW_NS)
    assert desk.bulletin.next_ns(True) == NOW_NS + SILENCE_NS
    assert desk.bulletin.next_ns(False) == NOW_NS + AGAIN_NS < NEVER_NS


# tables and the carousel


def test_a_table_names_what_stays_and_the_newest_six() -> None:
    table = Table(10, 1280)
    table.keep(File("http://o/init.mp4", 2**31 + 5, 700, MP4))
    for number in range(9):
        table.add(File(f"http://o/{number}.m4s", number + 1, 100, MP4))
    first, second = table.object(NOW_NS), table.object(NOW_NS)
    assert (first.toi, first.instance, second.instance) == (0, 1, 2)
    assert first.packets == 1
    names = [file.location for file in read_fdt(inflated(first.data, 15, 65536))]
    assert names == ["http://o/init.mp4", *(f"http://o/{number}.m4s" for number in range(3, 9))]


def carousel() -> Carousel:
    made = Carousel("http://o", CODING, Numbers(0))
    made.take(Document("/live/main/v/init.mp4", b"init", MP4, Cache.IMMUTABLE))
    made.take(Document("/live/main/index.mpd", b"<MPD/>", "application/dash+xml", Cache.SHORT))
    made.take(Document("/live/other/index.mpd", b"<MPD/>", "application/dash+xml", Cache.SHORT))
    made.take(playlist("v", b"#EXTM3U"))
    return made


def test_a_carousel_sends_each_file_once_a_round_with_its_table() -> None:
    turning, now_ns, sent = carousel(), NOW_NS, []
    assert turning.due(now_ns) == []
    turning.settle("main", LANES)
    while now_ns < NOW_NS + 2 * ROUND_NS:
        if things := turning.due(now_ns):
            assert [thing.kind for thing in things] == ["table", "carousel"]
            assert things[0].tsi == things[1].tsi
            sent.append(things[1])
        now_ns += 10 * MS
    assert len(sent) in (6, 7)
    assert len({(thing.tsi, thing.toi) for thing in sent}) == 3
    assert all(thing.toi > FIRST_TOI for thing in sent)
    bodies = {thing.data if thing.data == b"init" else gzip.decompress(thing.data) for thing in sent}
    assert bodies == {b"init", b"<MPD/>", b"#EXTM3U"}


def test_a_file_that_changed_gets_another_number_and_one_that_went_is_sent_no_more() -> None:
    turning = carousel()
    turning.settle("main", LANES)
    before = {thing.toi for at in range(20) for thing in turning.due(NOW_NS + at * ROUND_NS)}
    turning.take(playlist("v", b"#EXTM3U more"))
    turning.take(Removed("/live/main/v/init.mp4"))
    after = [things[1] for at in range(20, 40) if (things := turning.due(NOW_NS + at * ROUND_NS))]
    assert b"init" not in {thing.data for thing in after}
    assert {gzip.decompress(thing.data) for thing in after[4:]} == {b"<MPD/>", b"#EXTM3U more"}
    assert len({thing.toi for thing in after} - before) == 1


def test_a_carousel_has_bounds() -> None:
    turning = Carousel("http://o", CODING, Numbers(0))
    turning.settle("main", LANES)
    for number in range(2000):
        turning.take(Document(f"/live/main/{number}", b"x", "x", Cache.SHORT))
    turning.put("/live/main/big", "x", b"x" * (1 << 20), 1, False)
    assert turning.left_out == 2000 - 64 + 1
    assert "64 files" in repr(turning)


# the session


def config(**values: object) -> Config:
    return Config.model_validate({"origin": "http://o:1", "group": "239.1.1.1", "port": 5000, **values})


MPD = b'<MPD><Representation id="v" bandwidth="900"><X/></Representation><Representation bandwidth="30" id="a"/></MPD>'


def test_tracks_and_rates_are_the_mpds() -> None:
    assert tracks_of(MPD) == {"v": 900, "a": 30}
    assert tracks_of(b'<Representation id="a b" /><Representation codecs="x" />') == {}


def test_a_session_sends_the_main_event_and_numbers_its_tracks_for_good() -> None:
    session = Session(config(), KEYS)
    assert not session.settle()
    session.see("/live/aside/index.mpd", MPD)
    session.see("/live/main/index.mpd", MPD)
    session.see("/live/main/index.m3u8", b"")
    assert session.settle()
    assert not session.settle()
    assert (session.event, session.lanes, session.most_bps) == ("main", LANES, 930)
    session.see("/live/main/index.mpd", MPD.replace(b'"v"', b'"new"'))
    assert session.settle()
    assert session.lanes == {**LANES, "/live/main/new": 12}
    description = session.description(NOW_NS)
    assert description.repair == ("http://o:1",)
    assert description.until == NOW_NS // 10**9 + 86_400
    assert session.public(NOW_NS).key == bytes(32)


def test_a_track_that_is_not_there_is_an_error_only_at_the_beginning() -> None:
    session = Session(config(tracks=("a", "x")), KEYS)
    session.see("/live/main/index.mpd", MPD)
    with pytest.raises(Misconfigured, match="--track: the event main has no track x; it has a, v"):
        session.settle()


# what it says


def test_progress_says_how_it_goes_and_what_goes_wrong() -> None:
    counts = Counts(turns=5)
    for kind, size in (("media", 1000), ("fec", 120), ("news", 50)):
        counts.sent(kind, size)
    line = Progress("live", 2e6, 5_000_000, 0, counts).line()
    assert line == "2.0 of 5.0 Mbit/s, 5 turns, FEC 12.0 %, news and tables 5.0 %"
    counts.cut, counts.unsent = 3, 1
    line = Progress("lost", 2e6, 5_000_000, 9000, counts).line()
    assert line.endswith("9 kB waiting, 3 turns cut, 1 packets not sent; the origin is lost")
    assert len(Progress("live", 0, 1, 0, counts).summary()) == 4


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
def test_no_mpd_is_too_strange(data: bytes) -> None:
    assert isinstance(tracks_of(b"<Representation " + data + b">" + data), dict)
