"""The parts of a sender, in memory: what is sent, in which order, how it is coded, and never faster than the bucket."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sender_things import CODING, EPOCH, LANES, MP4, MS, NOW_NS

from ringside.core.alc import MOST_BYTES, NO_CODE, RAPTORQ, REED_SOLOMON, Gather
from ringside.core.feed import (
    Appended,
    BrokenFeed,
    Closed,
    Message,
    Opened,
    Ranged,
    Removed,
    Turn,
)
from ringside.core.feed.news import DIGEST_BYTES, MediaRef, TurnOf
from ringside.flow.relay.sender.backlog import Backlog
from ringside.flow.relay.sender.pace import IP_UDP_BYTES, Bucket, depth_for, rate_for
from ringside.flow.relay.sender.packets import Coding, Object, packets
from ringside.flow.relay.sender.plan import HEADERS_BYTES, Job, Numbers, Plan


def gathered(thing: Object, lost: int = 0) -> bytes | None:
    """The object from its packets without the first few."""
    gather = Gather(thing.info)
    for packet, _ in list(packets(thing))[lost:]:
        if (data := gather.put(packet.sbn, packet.esi, packet.symbol)) is not None:
            return data
    return None


def plan(coding: Coding = CODING) -> Plan:
    made = Plan(coding, Numbers(0))
    made.lanes = LANES
    return made


# the bucket


@given(st.lists(st.tuples(st.integers(64, 1472), st.integers(0, 20 * MS)), max_size=200), st.integers(10**5, 10**9))
def test_no_span_of_time_lets_more_through_than_the_bucket_and_the_rate(sent: list[tuple[int, int]], rate: int) -> None:
    bucket, now_ns, left = Bucket(rate, 4000), 0, [(0, 0)]
    for size, pause_ns in sent:
        now_ns += pause_ns
        while wait_ns := bucket.ready(size, now_ns):
            now_ns += wait_ns
        left.append((now_ns, left[-1][1] + size + IP_UDP_BYTES))
    for index, (since_ns, before) in enumerate(left):
        for at_ns, through in left[index + 1 :]:
            assert through - before <= 4000 + (at_ns - since_ns + len(sent)) * rate / 8e9 + 1


def test_a_bucket_gives_all_of_its_rate_to_who_asks_in_time() -> None:
    bucket, now_ns, sent = Bucket(8_000_000, 16_384), 0, 0
    while now_ns < 10**9:
        if wait_ns := bucket.ready(1344, now_ns):
            now_ns += max(wait_ns, 5 * MS)
        else:
            sent += 1344 + IP_UDP_BYTES
    assert 1_000_000 <= sent <= 1_000_000 + 16_384


def test_a_default_rate_carries_key_frames_and_a_depth_outlasts_a_late_timer() -> None:
    assert rate_for(6_000_000, 12) == 19_800_000
    assert rate_for(1000, 12) == 2_000_000
    assert depth_for(2_000_000) == 16_384
    assert depth_for(200_000_000) == 125_000


# objects and packets


@pytest.mark.parametrize("fec", [RAPTORQ, REED_SOLOMON, NO_CODE])
@pytest.mark.parametrize("size", [1, 256, 1280, 1281, 9000, 66_000, 400_000])
def test_an_object_is_what_its_packets_say_and_as_many(fec: int, size: int) -> None:
    thing = Coding(fec, 12, 1280).object(10, 5, "media", b"x" * size)
    sent = list(packets(thing))
    assert len(sent) == thing.packets
    assert gathered(thing) == thing.data
    assert all(packet.toi == 5 and packet.tsi == 10 for packet, _ in sent)
    assert sum(mends for _, mends in sent) == len(sent) - thing.info.k
    if fec != NO_CODE:
        assert gathered(thing, lost=1) == thing.data


def test_what_fits_a_symbol_is_not_padded_and_goes_twice() -> None:
    sizes = [len(packet.symbol) for packet, _ in packets(CODING.object(11, 1, "media", b"x" * 256))]
    assert sizes == [256, 256]


@pytest.mark.parametrize(("k", "repair"), [(2, 1), (8, 1), (13, 2), (17, 2), (51, 6), (130, 16)])
def test_repair_is_the_share_to_the_nearest_symbol_but_one_at_least(k: int, repair: int) -> None:
    assert CODING.object(10, 1, "media", b"x" * (k * 1280)).repair == repair


def test_without_a_code_nothing_is_sent_for_repair() -> None:
    assert Coding(NO_CODE, 12, 1280).object(10, 1, "media", b"x" * 5000).packets == 4
    assert Coding(RAPTORQ, 0, 1280).object(10, 1, "media", b"x" * 5000).packets == 4


@pytest.mark.parametrize("fec", [RAPTORQ, NO_CODE])
@pytest.mark.parametrize("size", [700, 9000])
def test_each_half_of_a_checkpoint_is_enough(fec: int, size: int) -> None:
    whole = Coding(fec, 12, 1280).object(1, 1, "checkpoint", b"x" * size, 120)
    for half in (0, 1):
        assert gathered(replace(whole, half=half)) == whole.data
    assert sum(len(list(packets(replace(whole, half=half)))) for half in (0, 1)) == whole.packets


def test_with_small_symbols_an_object_is_no_larger_than_its_code_can_take() -> None:
    small = Coding(RAPTORQ, 12, 64)
    assert small.fits(bytes(8192 * 64))
    assert small.object(10, 1, "media", bytes(8192 * 64)).packets == 8192 + 256
    assert not small.fits(bytes(8192 * 64 + 1))


def test_numbers_rise_start_at_the_time_and_stay_below_the_carousels() -> None:
    numbers = Numbers(NOW_NS // 10**6)
    first = [numbers.next() for _ in range(3)]
    assert all(0 < number < 2**31 for number in first)
    assert all(b == a + 1 for a, b in pairwise(first))
    last = Numbers(2**31 - 2)
    assert [last.next(), last.next()] == [2**31 - 1, 1]
    assert last.next() == 2


# the plan


def test_media_is_named_by_the_part_that_it_is() -> None:
    opened = Opened("/live/main/v/9.m4s", 3, MP4)
    ranged = Ranged("/live/main/v/9.0.m4s", 3, 0, 5000, MP4)
    data = b"x" * 5000
    job = plan().take(Turn(EPOCH, 4), [opened, Appended(3, 5000, data), ranged])
    ref = job.turn.messages[1]
    assert isinstance(ref, MediaRef)
    assert (ref.path, ref.at, ref.n, ref.size, ref.tsi) == ("/live/main/v/9.0.m4s", 0, 5000, 5000, 10)
    assert len(ref.digest) == DIGEST_BYTES
    assert (job.pieces[0].path, job.pieces[0].thing.data, ref.packets) == ("/live/main/v/9.0.m4s", data, 5)
    assert job.turn.messages[0] == opened
    assert job.turn.messages[2] == ranged


def test_a_chunk_that_is_less_than_a_part_is_to_be_had_from_the_segment_that_grows() -> None:
    made = plan()
    made.exists(Opened("/live/main/v/9.m4s", 3, MP4))
    job = made.take(Turn(EPOCH, 4), [Appended(3, 9000, b"x" * 4000)])
    ref = job.turn.messages[0]
    assert isinstance(ref, MediaRef)
    assert (ref.path, ref.at) == ("/live/main/v/9.m4s", 5000)
    assert job.pieces[0].path == "/live/main/v/9.5000.chunk"


def test_the_last_chunk_of_a_part_is_named_within_it() -> None:
    made = plan()
    made.exists(Opened("/live/main/v/9.m4s", 3, MP4))
    part = Ranged("/live/main/v/9.1.m4s", 3, 3000, 6000, MP4)
    job = made.take(Turn(EPOCH, 4), [Appended(3, 9000, b"x" * 4000), part])
    ref = job.turn.messages[0]
    assert isinstance(ref, MediaRef)
    assert (ref.path, ref.at) == ("/live/main/v/9.1.m4s", 2000)
    assert job.pieces[0].path == "/live/main/v/9.5000.chunk"


def test_a_segment_that_comes_whole_has_its_own_name() -> None:
    messages = [Opened("/live/main/v/9.m4s", 3, MP4), Appended(3, 4000, b"x" * 4000), Closed(3)]
    assert plan().take(Turn(EPOCH, 4), messages).pieces[0].path == "/live/main/v/9.m4s"


def test_small_media_of_a_turn_goes_first() -> None:
    messages: list[Message] = [Opened("/live/main/v/9.m4s", 3, MP4), Opened("/live/main/a/9.m4s", 4, MP4)]
    job = plan().take(Turn(EPOCH, 4), [*messages, Appended(3, 4000, b"x" * 4000), Appended(4, 400, b"x" * 400)])
    assert [piece.thing.tsi for piece in job.pieces] == [11, 10]


def test_tracks_not_sent_and_what_is_too_large_are_left_to_unicast() -> None:
    huge = b"x" * (MOST_BYTES + 1)
    messages: list[Message] = [Opened("/live/main/v999/9.m4s", 3, MP4), Opened("/live/main/v/9.m4s", 4, MP4)]
    job = plan().take(Turn(EPOCH, 4), [*messages, Appended(3, 400, b"x" * 400), Appended(4, len(huge), huge)])
    assert job.pieces == ()
    assert [ref.tsi for ref in job.turn.messages if isinstance(ref, MediaRef)] == [0, 0]


def test_bytes_of_no_blob_and_blobs_without_end_are_refused() -> None:
    with pytest.raises(BrokenFeed, match="blob 3"):
        plan().take(Turn(EPOCH, 4), [Appended(3, 1, b"x")])
    made = plan()
    for blob in range(20_000):
        made.exists(Opened(f"/live/main/v/{blob}.m4s", blob, MP4))
    with pytest.raises(BrokenFeed, match="more than 20000 blobs"):
        made.exists(Opened("/live/main/v/next.m4s", 20_000, MP4))


def test_blobs_that_ended_are_forgotten() -> None:
    made = plan()
    for blob in range(30_000):
        path = f"/live/main/v/{blob}.m4s"
        end: Message = Closed(blob) if blob % 2 else Removed(path)
        made.take(Turn(EPOCH, blob), [Opened(path, blob, MP4), end])
    assert "0 blobs" in repr(made)


# what waits


def job(number: int, size: int) -> Job:
    messages: list[Message] = [Opened("/live/main/v/9.m4s", 3, MP4), Appended(3, size, b"x" * size)]
    return plan().take(Turn(EPOCH, number), messages)


def test_a_backlog_cuts_the_oldest_turns_whole_and_tells_them_all_the_same() -> None:
    waiting = Backlog(100_000)
    for number in range(6):
        waiting.put(job(number, 30_000))
    assert waiting.bytes <= 100_000
    out = [waiting.pop() for _ in range(6)]
    assert [each.turn.number for each in out if each is not None] == list(range(6))
    cut = [not each.pieces for each in out if each is not None]
    assert cut == sorted(cut, reverse=True)
    assert sum(cut) == waiting.cut > 0
    refs = [each.turn.messages[1] for each in out if each is not None]
    assert [isinstance(ref, MediaRef) and ref.tsi == 0 for ref in refs] == cut
    assert waiting.bytes == 0
    assert waiting.pop() is None


def test_one_turn_larger_than_the_backlog_is_sent() -> None:
    waiting = Backlog(1000)
    waiting.put(job(1, 30_000))
    assert (waiting.pop() or job(0, 1)).pieces
    assert waiting.cut == 0


def test_turns_without_media_are_bounded_too() -> None:
    waiting = Backlog(1000)
    for number in range(3000):
        waiting.put(Job(EPOCH, TurnOf(number, ()), ()))
    assert (len(waiting), waiting.dropped) == (2000, 1000)


def test_a_job_knows_what_it_takes_on_the_wire() -> None:
    each = job(1, 30_000)
    wire = sum(
        len(packet.symbol) + HEADERS_BYTES + IP_UDP_BYTES for piece in each.pieces for packet, _ in packets(piece.thing)
    )
    assert each.wire_bytes == wire
