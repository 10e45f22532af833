"""Sync: two streams whose RTP times begin anywhere lie beside each other as the sender's reports say."""

import random
from itertools import pairwise

import pytest

from ringside.flow.capture.whip.sync import Sync

S, MS = 1_000_000_000, 1_000_000
RATE = {"video": 90000, "audio": 48000}
WALL = 1_700_000_000 * S  # the sender's, which is years from ours


class Sender:
    """A picture each 40 ms and a sound each 20 ms; RTP times begin at random; `late` is each stream's way to us."""

    def __init__(self, seed: int, late_ms: dict[str, int], drift_ppm: float = 0.0) -> None:
        rng = random.Random(seed)
        self.zero = {kind: rng.randrange(2**32) for kind in RATE}
        self.late_ns = {kind: ms * MS for kind, ms in late_ms.items()}
        self.drift = {"video": 1.0, "audio": 1 + drift_ppm / 1e6}

    def rtp(self, kind: str, at_ns: int) -> int:
        return (self.zero[kind] + round(at_ns * self.drift[kind] * RATE[kind] / S)) % 2**32

    def place(self, sync: Sync, kind: str, at_ns: int) -> int:
        """Where what was captured at `at_ns` lies."""
        return sync.place(kind, self.rtp(kind, at_ns), RATE[kind], at_ns + self.late_ns[kind])

    def report(self, sync: Sync, kind: str, at_ns: int) -> None:
        sync.report(kind, WALL + at_ns, self.rtp(kind, at_ns))

    def apart_ns(self, sync: Sync, at_ns: int) -> int:
        return self.place(sync, "audio", at_ns) - self.place(sync, "video", at_ns)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("late", [{"video": 30, "audio": 120}, {"video": 250, "audio": 20}])
def test_sound_and_picture_of_one_instant_lie_together_once_both_are_reported(seed: int, late: dict[str, int]) -> None:
    sync, sender = Sync(), Sender(seed, late)
    assert abs(sender.apart_ns(sync, 0)) == abs(late["audio"] - late["video"]) * MS
    sender.report(sync, "video", 400 * MS)
    sender.report(sync, "audio", 1900 * MS)
    assert abs(sender.apart_ns(sync, 2 * S)) < 50_000


def test_reports_that_come_before_the_first_frame_are_not_forgotten() -> None:
    sync, sender = Sync(), Sender(1, {"video": 30, "audio": 120})
    sender.report(sync, "audio", 0)
    sender.report(sync, "video", 0)
    sender.apart_ns(sync, 0)  # the first picture completes what is known; the first sound was before it
    assert abs(sender.apart_ns(sync, 40 * MS)) < 50_000


def test_only_the_sound_moves_and_only_once() -> None:
    sync, sender = Sync(), Sender(2, {"video": 30, "audio": 120})
    before = sender.place(sync, "video", 0)
    sender.place(sync, "audio", 0)
    for at in range(1, 20):
        sender.report(sync, "video", at * S)
        sender.report(sync, "audio", at * S + 300 * MS)
        assert sender.place(sync, "video", at * S) - before == at * S
    assert sync.moved_ns == pytest.approx(-90 * MS, abs=50_000)


def test_a_drift_of_the_sound_cards_clock_is_followed_without_a_jump() -> None:
    sync, sender = Sync(), Sender(3, {"video": 30, "audio": 30}, drift_ppm=100)
    last = None
    for at in range(600):
        sender.report(sync, "video", at * S)
        sender.report(sync, "audio", at * S)
        placed = sender.place(sync, "audio", at * S)
        assert abs(placed - sender.place(sync, "video", at * S)) < 3 * MS
        assert last is None or abs(placed - last - S) < MS
        last = placed


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_rtp_times_wrap_unseen_and_pictures_out_of_order_are_no_wrap(kind: str) -> None:
    sync = Sync()
    rate = RATE[kind]
    first = 2**32 - rate // 2
    placed = [sync.place(kind, (first + rate * n // 25) % 2**32, rate, n * 40 * MS) for n in (0, 2, 1, 3, 30, 29, 60)]
    assert [round((at - placed[0]) / (40 * MS)) for at in placed] == [0, 2, 1, 3, 30, 29, 60]


def test_a_stream_whose_times_jump_begins_anew_where_it_arrives() -> None:
    sync, sender = Sync(), Sender(4, {"video": 0, "audio": 0})
    for kind in ("video", "audio"):
        sender.place(sync, kind, 0)
        sender.report(sync, kind, 0)
    sender.zero["video"] += 2**31
    assert abs(sender.place(sync, "video", S) - sender.place(sync, "audio", S)) < MS
    sender.late_ns["video"] = 70 * MS
    sender.report(sync, "video", 2 * S)
    assert abs(sender.apart_ns(sync, 2 * S)) < MS


def test_a_line_that_was_dead_for_two_seconds_and_gives_all_in_one_burst_moves_nothing() -> None:
    sync, sender = Sync(), Sender(5, {"video": 0, "audio": 0})
    placed = [sender.place(sync, "video", n * 40 * MS) for n in range(25)]
    rate = RATE["video"]
    burst = [sync.place("video", sender.rtp("video", n * 40 * MS), rate, 3 * S + n) for n in range(25, 75)]
    whole = placed + burst
    assert all(abs(b - a - 40 * MS) < 50_000 for a, b in pairwise(whole))


def test_a_report_of_quite_another_clock_is_left_alone() -> None:
    sync, sender = Sync(), Sender(6, {"video": 30, "audio": 60})
    sender.place(sync, "video", 0)
    sender.place(sync, "audio", 0)
    sender.report(sync, "video", 0)
    sync.report("audio", WALL + 3600 * S, sender.rtp("audio", 0))
    assert sender.apart_ns(sync, S) == pytest.approx(30 * MS, abs=50_000)
