"""When the slate is asked for, and when it has had its time."""

from fractions import Fraction

from origin_kit import S
from studio_night import BEGIN_NS, TRACK, Night, end_ns
from two_studios import made

from ringside.core.studio import STOPGAP_ORDER
from ringside.flow.origin.select import Stopgap
from ringside.flow.origin.select.stopgap import told


class Watched(Night):
    """A night whose stopgap is looked after, as the ingest server does."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stopgap = Stopgap(1.0, BEGIN_NS - 10 * S)
        self.asked: list[tuple[float, bool]] = []

    def _tell(self, messages: list) -> None:  # type: ignore[type-arg]
        super()._tell(messages)
        if self.stopgap.look(self.board, bool(self.intake.studios.on_air), self.now_ns):
            self.asked.append((round((self.now_ns - BEGIN_NS) / S, 1), self.stopgap.wanted))


def test_the_slate_is_asked_for_once_when_nothing_has_come_for_a_second() -> None:
    night = Watched()
    night.send("london", 0, until_s=3.0)
    night.play(6)
    assert night.asked == [(4.1, True)]


def test_it_is_asked_for_once_while_the_only_studio_is_frozen_however_long_that_was_on_the_air() -> None:
    night = Watched()
    night.send("london", 0, delay=lambda chunk: 60 * S if end_ns(chunk) > BEGIN_NS + 6 * S else 0)
    night.play(12)
    assert night.asked == [(7.1, True)]


def test_it_is_never_asked_for_while_one_of_two_studios_sends() -> None:
    night = Watched()
    night.send("london", 0, until_s=3.0)
    night.send("paris", 1, which=1)
    night.play(7)
    assert night.asked == []


def test_it_is_not_asked_for_after_an_event_that_has_ended() -> None:
    night = Watched()
    night.send("london", 0, until_s=3.0, said_last=True)
    night.play(7)
    assert night.publisher.ended
    assert night.asked == []


def test_the_slate_gives_way_to_a_studio_that_was_good_for_two_seconds_and_goes_when_that_is_steady() -> None:
    night = Watched()
    night.send("slate", STOPGAP_ORDER, which=1)
    night.send("london", 5, which=0, late_frames=36)
    night.play(7.9)
    assert [studio for studio, _ in night.seen()].index(0) == 36 + 60
    assert night.asked == [(0.2, True), (7.4, False)]  # an origin that was started again finds it running


def test_a_slates_last_chunk_does_not_end_the_event() -> None:
    night = Night()
    night.send("slate", STOPGAP_ORDER, which=1, until_s=3.0, said_last=True)
    night.play(4)
    assert not night.publisher.ended


def test_the_slate_is_told_of_the_tracks_that_it_can_make() -> None:
    track = made(0).track
    (row,) = told([track])
    assert row == {
        "name": TRACK, "kind": "video", "width": 160, "height": 96, "fps": "30", "average_bps": 300_000,
    }  # fmt: skip
    assert Fraction(str(row["fps"])) == 30
