"""Chooser: when the slate comes, and when it goes."""

from ringside.flow.capture.choose import Chooser, Evidence

MS = 1_000_000
S = 1_000_000_000


def run(chooser: Chooser, start_ms: int, end_ms: int, evidence, step_ms: int = 33) -> list[str]:
    return [chooser.choose(at * MS, evidence(at * MS)) for at in range(start_ms, end_ms, step_ms)]


def playing(now: int) -> Evidence:
    return Evidence(picture_ns=now - 5 * MS)


def since(last_ms: int):
    return lambda now: Evidence(picture_ns=last_ms * MS, silent_ns=now - last_ms * MS)


def test_a_file_begins_with_its_first_picture() -> None:
    chooser = Chooser(at_once=True)
    assert set(run(chooser, 0, 2000, lambda now: Evidence(silent_ns=now))) == {"slate"}
    assert chooser.state == "waiting"
    assert set(run(chooser, 2000, 3000, playing)) == {"source"}
    assert (chooser.state, chooser.since_ns, chooser.switches) == ("live", 2 * S, 0)


def test_a_source_begins_once_its_pictures_are_steady_and_its_place_is_settled() -> None:
    chooser = Chooser()
    assert set(run(chooser, 0, 500, lambda now: Evidence(picture_ns=now, settling=True), step_ms=20)) == {"slate"}
    assert run(chooser, 500, 1000, playing, step_ms=20).index("source") * 20 == 280
    assert (chooser.state, chooser.switches) == ("live", 0)


def test_the_slate_is_up_within_half_a_second_of_the_last_picture() -> None:
    chooser = Chooser()
    run(chooser, 0, 1000, playing)
    shots = run(chooser, 1000, 2000, since(1000), step_ms=20)
    assert shots.index("slate") * 20 in range(400, 460)
    assert "source" not in shots[shots.index("slate") :]


def test_a_source_that_says_it_closed_is_replaced_sooner() -> None:
    chooser = Chooser()
    run(chooser, 0, 1000, playing)
    shots = run(chooser, 1000, 1300, lambda now: Evidence(picture_ns=1 * S, closed=True, silent_ns=now - S), step_ms=20)
    assert shots.index("slate") * 20 == 120


def test_what_a_closed_source_left_is_shown_to_its_end() -> None:
    chooser = Chooser()
    run(chooser, 0, 1000, playing)
    shots = run(chooser, 1000, 1500, lambda now: Evidence(picture_ns=now, more=True, closed=True))
    assert set(shots) == {"source"}


def test_it_returns_after_three_tenths_of_steady_pictures() -> None:
    chooser = Chooser()
    run(chooser, 0, 1000, playing)
    run(chooser, 1000, 2000, since(1000))
    shots = run(chooser, 2000, 3000, playing, step_ms=20)
    assert shots.index("source") * 20 == 300
    assert chooser.switches == 2


def test_a_flickering_source_does_not_flicker_on_the_air() -> None:
    chooser = Chooser()
    run(chooser, 0, 1000, playing)
    run(chooser, 1000, 2000, since(1000))
    for start in range(2000, 6000, 400):
        run(chooser, start, start + 200, playing, step_ms=20)
        run(chooser, start + 200, start + 400, since(start - 500), step_ms=20)
    assert chooser.switches == 1


def test_a_still_picture_is_held_while_its_sound_goes_on() -> None:
    chooser = Chooser()
    run(chooser, 0, 1000, playing)
    shots = run(chooser, 1000, 9000, lambda now: Evidence(picture_ns=1 * S, silent_ns=10 * MS), step_ms=100)
    assert shots.index("slate") * 100 == 5100


def test_sound_without_a_picture_gets_a_card_after_a_second() -> None:
    chooser = Chooser()
    shots = run(chooser, 0, 2000, lambda now: Evidence(sound_ns=0, silent_ns=10 * MS), step_ms=100)
    assert shots.index("card") * 100 == 1300
    assert chooser.state == "live"


def test_sound_alone_does_not_end_the_slate_of_a_source_with_a_picture() -> None:
    chooser = Chooser()
    run(chooser, 0, 1000, playing)
    run(chooser, 1000, 7000, lambda now: Evidence(picture_ns=1 * S, silent_ns=now - S))
    shots = run(chooser, 7000, 9000, lambda now: Evidence(picture_ns=1 * S, silent_ns=10 * MS))
    assert set(shots) == {"slate"}
