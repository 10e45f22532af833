"""Which of several origins media is taken from: by how late it comes, and by nothing else."""

from ringside.flow.relay.fill.choice import HOLD_NS, Choice

MS = 1_000_000
LATE_NS = 150 * MS
NOW = 1_790_000_000_000_000_000


class Night:
    """Two origins or more that tell the same track, 200 ms a part."""

    def __init__(self, origins: int = 2) -> None:
        self.choice = Choice(origins, LATE_NS)
        self.now_ns = NOW
        for origin in range(origins):
            self.choice.fed(origin, {}, NOW)
        self.look()

    def look(self) -> str:
        """Let it decide, and move; why it did."""
        move = self.choice.look(self.now_ns)
        if move is None:
            return ""
        self.choice.moved(move.to, self.now_ns)
        return move.why or "begins"

    def tell(self, part: int, *origins: int, track: str = "v") -> None:
        for origin in origins:
            self.choice.told(origin, track, divmod(part, 10), self.now_ns)

    def passes(self, ms: int) -> str:
        self.now_ns += ms * MS
        return self.look()


def test_the_first_that_is_fed_is_on_the_air_and_stays_there() -> None:
    night = Night()
    assert night.choice.leader == 0
    for part in range(50):
        night.tell(part, 1)  # the other is a little ahead, always
        assert night.passes(40) == ""
        night.tell(part, 0)
        assert night.passes(160) == ""
    assert (night.choice.leader, night.choice.switches) == (0, 0)
    assert night.choice.lateness_ns(0, night.now_ns) == 40 * MS


def test_it_moves_within_one_part_of_when_media_was_due() -> None:
    night = Night()
    night.tell(0, 0, 1)
    night.passes(200)
    night.tell(1, 1)
    assert night.passes(149) == ""
    assert night.passes(1) == "its media is 150 ms late"
    assert (night.choice.leader, night.choice.switches) == (1, 1)


def test_nobody_is_late_for_what_nobody_has() -> None:
    night = Night()
    night.tell(0, 0, 1)
    assert night.passes(60_000) == ""
    assert night.choice.lateness_ns(0, night.now_ns) == 0


def test_there_is_no_way_back_by_rank() -> None:
    night = Night()
    night.tell(0, 0, 1)
    night.tell(1, 1)
    night.passes(200)
    for part in range(2, 100):
        night.tell(part, 0, 1)
        assert night.passes(200) == ""
    assert night.choice.leader == 1


def test_an_origin_that_is_late_itself_is_no_way_out() -> None:
    night = Night(3)
    night.tell(0, 0, 1, 2)
    night.tell(1, 2)
    night.choice.hears(2, False)  # it told, and was gone
    assert night.passes(1000) == ""
    night.tell(1, 1)
    assert night.passes(0) == "its media is 1000 ms late"
    assert night.choice.leader == 1


def test_a_feed_that_is_gone_is_left_at_once() -> None:
    night = Night()
    night.tell(0, 0, 1)
    night.choice.hears(0, False)
    assert night.passes(0) == "its feed is gone"


def test_two_bad_origins_are_no_reason_to_go_back_and_forth() -> None:
    night = Night()
    night.tell(0, 0, 1)
    moves = 0
    for part in range(1, 41):
        night.tell(part, part % 2)
        moves += bool(night.passes(160))
        night.tell(part, 1 - part % 2)
        night.look()
    assert 1 <= moves <= 40 * 160 * MS / HOLD_NS + 1


def test_one_that_was_started_again_and_has_nothing_is_no_way_out() -> None:
    night = Night()
    night.tell(0, 0, 1)
    night.choice.fed(1, {}, night.now_ns)
    night.choice.hears(0, False)
    assert night.passes(1000) == ""
    assert night.choice.leader == 0


def test_where_the_one_on_the_air_lacks_a_track_the_one_that_has_it_is_taken() -> None:
    night = Night()
    night.tell(0, 0, 1)
    night.tell(0, 1, track="a")
    assert night.passes(150) == "it lacks a track"
    night.tell(0, 0, track="b")
    assert night.passes(1000) == ""  # each lacks one: that is no reason


def test_what_is_remembered_of_an_origin_that_stays_away_is_bounded() -> None:
    night = Night()
    night.choice.hears(1, False)
    for part in range(10_000):
        night.tell(part, 0)
        night.passes(200)
    assert night.choice.lateness_ns(1, night.now_ns) == 10_000 * 200 * MS
    night.choice.fed(1, {"v": divmod(9_999, 10)}, night.now_ns)
    assert night.choice.lateness_ns(1, night.now_ns) == 0
