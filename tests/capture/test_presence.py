"""Presence: when an input is there, and when it is lost."""

from ringside.flow.capture.inputs.presence import Evidence, Presence

MS = 1_000_000
S = 1_000_000_000


def run(presence: Presence, start_ms: int, end_ms: int, evidence, step_ms: int = 33) -> list[str]:
    return [presence.look(at * MS, evidence(at * MS)) for at in range(start_ms, end_ms, step_ms)]


def playing(now: int) -> Evidence:
    return Evidence(picture_ns=now - 5 * MS)


def since(last_ms: int):
    return lambda now: Evidence(picture_ns=last_ms * MS, silent_ns=now - last_ms * MS)


def test_a_file_begins_with_its_first_picture() -> None:
    presence = Presence(at_once=True)
    assert set(run(presence, 0, 2000, lambda now: Evidence(silent_ns=now))) == {"nothing"}
    assert presence.state == "waiting"
    assert set(run(presence, 2000, 3000, playing)) == {"picture"}
    assert presence.state == "here"


def test_a_source_begins_once_its_pictures_are_steady_and_its_place_is_settled() -> None:
    presence = Presence()
    assert set(run(presence, 0, 500, lambda now: Evidence(picture_ns=now, settling=True), step_ms=20)) == {"nothing"}
    assert run(presence, 500, 1000, playing, step_ms=20).index("picture") * 20 == 280
    assert presence.state == "here"


def test_the_slate_is_up_within_half_a_second_of_the_last_picture() -> None:
    presence = Presence()
    run(presence, 0, 1000, playing)
    shots = run(presence, 1000, 2000, since(1000), step_ms=20)
    assert shots.index("nothing") * 20 in range(400, 460)
    assert "picture" not in shots[shots.index("nothing") :]


def test_a_source_that_says_it_closed_is_replaced_sooner() -> None:
    presence = Presence()
    run(presence, 0, 1000, playing)
    shots = run(
        presence, 1000, 1300, lambda now: Evidence(picture_ns=1 * S, closed=True, silent_ns=now - S), step_ms=20
    )
    assert shots.index("nothing") * 20 == 120


def test_what_a_closed_source_left_is_shown_to_its_end() -> None:
    presence = Presence()
    run(presence, 0, 1000, playing)
    shots = run(presence, 1000, 1500, lambda now: Evidence(picture_ns=now, more=True, closed=True))
    assert set(shots) == {"picture"}


def test_it_returns_after_three_tenths_of_steady_pictures() -> None:
    presence = Presence()
    run(presence, 0, 1000, playing)
    run(presence, 1000, 2000, since(1000))
    shots = run(presence, 2000, 3000, playing, step_ms=20)
    assert shots.index("picture") * 20 == 300


def test_a_flickering_source_does_not_flicker_on_the_air() -> None:
    presence = Presence()
    run(presence, 0, 1000, playing)
    run(presence, 1000, 2000, since(1000))
    shown = set[str]()
    for start in range(2000, 6000, 400):
        shown |= set(run(presence, start, start + 200, playing, step_ms=20))
        shown |= set(run(presence, start + 200, start + 400, since(start - 500), step_ms=20))
    assert (shown, presence.state) == ({"nothing"}, "lost")


def test_how_soon_a_silent_source_is_lost_is_the_event_file_s_to_say() -> None:
    presence = Presence(loss_ns=2 * S)
    run(presence, 0, 1000, playing)
    shots = run(presence, 1000, 4000, since(1000), step_ms=20)
    assert shots.index("nothing") * 20 == 2020


def test_a_still_picture_is_held_while_its_sound_goes_on() -> None:
    presence = Presence()
    run(presence, 0, 1000, playing)
    shots = run(presence, 1000, 9000, lambda now: Evidence(picture_ns=1 * S, silent_ns=10 * MS), step_ms=100)
    assert shots.index("nothing") * 100 == 5100


def test_sound_without_a_picture_gets_a_card_after_a_second() -> None:
    presence = Presence()
    shots = run(presence, 0, 2000, lambda now: Evidence(sound_ns=0, silent_ns=10 * MS), step_ms=100)
    assert shots.index("card") * 100 == 1300
    assert presence.state == "here"


def test_sound_alone_does_not_end_the_slate_of_a_source_with_a_picture() -> None:
    presence = Presence()
    run(presence, 0, 1000, playing)
    run(presence, 1000, 7000, lambda now: Evidence(picture_ns=1 * S, silent_ns=now - S))
    shots = run(presence, 7000, 9000, lambda now: Evidence(picture_ns=1 * S, silent_ns=10 * MS))
    assert set(shots) == {"nothing"}
