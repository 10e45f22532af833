"""The bench of synchrony: what it concludes from frames seen, a network that is cut, and screens really read."""

import shutil
import socket
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from bench.sync import SCENARIOS, chart, control, figures, main
from bench.sync.clocks import SKEWS_MS
from bench.sync.cost import ratios, refused
from bench.sync.event import event, file_text
from bench.sync.figures import FRAME_MS, Frame, Screen
from bench.sync.freeze import freeze
from bench.sync.latency import kept
from bench.sync.options import parse
from bench.sync.relay import relay
from bench.sync.room import room
from bench.sync.seats import group_figures, now_ms, page_url

from ringside.cli.event import parse as parse_event

CHROMIUM = shutil.which("chromium")
BEGAN = 1_800_000_000_000.0
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")


def without(frames: list[Frame], first: int, end: int) -> list[Frame]:
    """The same, where those frames were never displayed."""
    passed = end - first
    return frames[:first] + [frame._replace(presented=frame.presented - passed) for frame in frames[end:]]


def film(latency_ms: float, seconds: float = 10, after_s: float = 0, rate: float = 1.0) -> list[Frame]:
    """A player that shows every frame so long after it was taken."""
    numbers = range(int(after_s * 30), int((after_s + seconds) * 30))
    taken = [BEGAN + number * FRAME_MS for number in numbers]
    return [Frame(at + latency_ms, round(at), at / 1000, n, rate) for n, at in enumerate(taken)]


def rows(frames: list[Frame]) -> list[list[float | None]]:
    """As a page gives them."""
    return [[*frame, 0.1, 0] for frame in frames]


def test_latency_is_display_minus_capture_and_its_summary_says_how_many_there_were() -> None:
    summary = figures.summary(figures.latencies_ms(film(250)))
    assert summary["n"] == 300
    assert summary["p50"] == pytest.approx(250, abs=1)
    assert figures.summary([]) == {"n": 0}
    assert figures.summary(range(100)) == {"n": 100, "min": 0, "p50": 50, "p95": 95, "p99": 99, "max": 99}


def test_players_that_show_the_same_frame_at_the_same_instant_have_no_spread() -> None:
    spreads = figures.spread_ms([Screen(film(200)), Screen(film(200))], BEGAN + 1000, BEGAN + 9000)
    assert len(spreads) == 400
    assert {spread for _, spread in spreads} == {0}


def test_a_player_that_is_300_ms_behind_shows_in_the_spread() -> None:
    spreads = figures.spread_ms([Screen(film(200)), Screen(film(500))], BEGAN + 1000, BEGAN + 9000)
    assert all(abs(spread - 300) <= FRAME_MS + 1 for _, spread in spreads)


def test_a_screen_that_stands_still_falls_behind_the_others() -> None:
    stands = [frame for frame in film(200) if frame.shown_ms < BEGAN + 4000]
    spreads = dict(figures.spread_ms([Screen(film(200)), Screen(stands)], BEGAN + 1000, BEGAN + 9000))
    assert spreads[BEGAN + 3000] == 0
    assert spreads[BEGAN + 7000] == pytest.approx(3000, abs=50)


def test_nothing_is_said_of_the_spread_before_every_screen_shows_something() -> None:
    late = film(200, after_s=5)
    first = figures.spread_ms([Screen(film(200)), Screen(late)], BEGAN, BEGAN + 9000)[0][0]
    assert first >= BEGAN + 5200


def test_of_two_frames_with_one_strip_the_later_counts_and_what_was_not_read_is_counted() -> None:
    frames = film(200, 1)
    seen = rows(frames)
    seen[10][1] = frames[11].capture_ms  # the callback of frame 10 came when frame 11 was already there
    seen[20][1] = None
    seen[22][1], seen[22][6] = None, 1
    told = figures.told(seen[:25] + seen[27:])
    assert (told.twice, told.unread, told.late, told.missed, told.passed) == (1, 1, 1, 2, 0)
    assert len(told.frames) == 30 - 3 - 2
    assert max(figures.latencies_ms(told.frames)) < 202


def test_what_a_seek_took_the_place_of_before_it_was_due_was_never_on_the_screen() -> None:
    seen = rows(without(film(200), 50, 110))
    seen[49][0] = float(seen[50][0] or 0) + 3  # due at the next refresh; what follows the seek is there at once
    told = figures.told(seen)
    assert told.passed == 1
    assert [by_ms > 0 for _, by_ms in figures.jumps(Screen(told.frames).frames)] == [True]


def test_a_frame_without_a_callback_was_on_the_screen_all_the_same() -> None:
    frames = film(200)
    seldom = [frame for number, frame in enumerate(frames) if number % 4]
    assert {
        spread for _, spread in figures.spread_ms([Screen(frames), Screen(seldom)], BEGAN + 1000, BEGAN + 9000)
    } <= {0, 1}
    lost = Screen(without(frames, 50, 52))
    assert max(spread for _, spread in figures.spread_ms([Screen(frames), lost], BEGAN, BEGAN + 9000)) > 60


def test_passing_over_many_frames_or_going_back_is_a_jump_and_losing_two_is_not() -> None:
    frames = film(200)
    assert figures.jumps(frames) == []
    assert figures.jumps(without(frames, 50, 52)) == []
    assert [by_ms for _, by_ms in figures.jumps(without(frames, 50, 110))] == [pytest.approx(2034, abs=2)]
    assert figures.jumps(frames[:50] + frames[110:]) == []  # displayed, only not read
    back = [*frames[:50], *(frame._replace(capture_ms=frame.capture_ms - 1000) for frame in frames[50:])]
    assert len(figures.jumps(back)) == 1


def test_a_stall_is_a_picture_that_stands_for_longer_than_movement_allows() -> None:
    frames = film(200)
    assert figures.stalls(without(frames, 50, 54)) == []
    assert len(figures.stalls(without(frames, 50, 58))) == 1
    assert figures.unseen(without(frames, 50, 58)) == 8
    assert figures.stalls(frames[:50] + frames[58:]) == []  # displayed, only not read
    assert figures.unseen(frames[:50] + frames[58:]) == 0


def test_a_picture_that_never_came_or_never_moved_again_is_a_stall() -> None:
    frames = film(200)
    assert figures.stalls(frames, BEGAN + 200, BEGAN + 10_200) == []
    assert figures.stalls(frames[:50], BEGAN + 200, BEGAN + 10_200)[0][1] == pytest.approx(8367, abs=5)
    assert len(figures.stalls([], BEGAN, BEGAN + 10_000)) == 1


def suffered(back_after_s: float, off_ms: float = 0) -> tuple[Screen, list[Screen]]:
    """One that stood for 2 s from second 4, and was 1 s behind until it was back, `off_ms` beside the rest."""
    good = [frame for frame in film(200, 20) if frame.shown_ms < BEGAN + 4000]
    back_ms = BEGAN + 6000 + back_after_s * 1000
    behind = [frame for frame in film(1200, 20) if BEGAN + 6000 <= frame.shown_ms < back_ms]
    again = [frame for frame in film(200 + off_ms, 20) if frame.shown_ms >= back_ms]
    return Screen(good + behind + again), [Screen(film(200, 20)), Screen(film(210, 20))]


def test_recovery_is_when_a_screen_is_with_the_rest_and_stays_there() -> None:
    one, rest = suffered(3.0)
    offsets = figures.offsets_ms(one, rest, BEGAN + 3000, BEGAN + 18_000)
    back = figures.back_ms(offsets, BEGAN + 6000)
    assert back == pytest.approx(3000, abs=60)


def test_a_player_that_comes_back_elsewhere_has_not_recovered() -> None:
    one, rest = suffered(3.0, off_ms=150)
    offsets = figures.offsets_ms(one, rest, BEGAN + 3000, BEGAN + 18_000)
    assert figures.back_ms(offsets, BEGAN + 6000) is None


def test_passing_by_is_not_coming_back() -> None:
    one, rest = suffered(3.0)
    passing = [frame for frame in film(200, 20) if BEGAN + 6500 <= frame.shown_ms < BEGAN + 7000]
    without = [frame for frame in one.frames if not BEGAN + 6500 <= frame.shown_ms < BEGAN + 7000]
    offsets = figures.offsets_ms(Screen(without + passing), rest, BEGAN + 3000, BEGAN + 18_000)
    back = figures.back_ms(offsets, BEGAN + 6000)
    assert back == pytest.approx(3000, abs=60)


def test_a_player_arrives_when_it_keeps_the_new_latency() -> None:
    there = [f for f in film(1000, 20) if f.shown_ms < BEGAN + 9000] + film(3000, 20, after_s=6)
    assert figures.arrival_ms(there, BEGAN + 5000, 3000) == pytest.approx(4000, abs=60)
    assert figures.arrival_ms(film(1000, 20), BEGAN + 5000, 3000) is None


def test_rates_say_the_most_and_how_often_it_was_one() -> None:
    frames = film(200, 5) + film(200, 5, after_s=5, rate=1.02)
    rates = figures.rates(frames)
    assert (rates["most"], rates["at_one"], rates["largest_step"]) == (0.02, 0.5, 0.02)
    assert rates["changes_per_min"] == pytest.approx(6, abs=0.1)


def case(**values: Any) -> dict[str, Any]:
    return {"strayed": [], "goal_ms": 180.0, "latency_ms": {"p95": 150.0, "n": 1}, "stalls": 0, **values}


def test_a_case_is_kept_by_latency_without_a_stall_on_the_path_that_was_asked_for() -> None:
    assert kept(case()) == "yes"
    assert kept(case(stalls=1)) == "no"
    assert kept(case(latency_ms={"p95": 181.0})) == "no"
    assert kept(case(latency_ms={"n": 0})) == "no"
    assert kept(case(strayed=["push 1 played ll-hls"])) == "another path played"


def cost_row(**values: Any) -> dict[str, Any]:
    row = {"case": "push", "crowd_cores": 0.4, "edge_cores": 0.2, "joined": 10, "viewers": 10, "on_time": 1.0}
    return {**row, "us_a_viewer_s": 100.0, "refused": "", **values}


def test_a_cost_is_refused_when_the_crowd_was_the_bottleneck_or_did_not_get_its_media() -> None:
    assert refused(cost_row(), saturated=False) == ""
    assert refused(cost_row(), saturated=True)
    assert refused(cost_row(crowd_cores=0.95), saturated=False) == "the crowd was the bottleneck"
    assert refused(cost_row(on_time=0.5), saturated=False)
    assert refused(cost_row(joined=9), saturated=False)
    rows = [cost_row(case="LL-HLS", us_a_viewer_s=200.0), cost_row(), cost_row(case="other", refused="why")]
    assert ratios(rows) == {"push": 0.5}
    assert ratios([cost_row(refused="why"), cost_row()]) == {}


MEASURED = {"at": "2026-11-22 23:00 UTC", "commit": "abc1234", "cores": 2, "cpu": "Any <CPU>"}


def test_the_chart_is_xml_with_a_bar_for_each_path_and_a_line_for_each_spread(tmp_path: Path) -> None:
    latency = {"n": 9, "min": 100.0, "p50": 140.0, "p95": 160.0, "p99": 170.0, "max": 190.0}
    played = {"push": {**case(latency_ms=latency), "case": "push & all"}, "moq": {"case": "MoQ", "not_played": "why"}}
    one = {"spread_by_second_ms": [0.0, 33.0], "strayed": [], "players": {"a": {}}, "target_ms": 300.0, "goal_ms": 34.0}
    measured = {
        name: {"measured": MEASURED, "result": result}
        for name, result in (("latency", played), ("spread", {"same": one}))
    }
    path = tmp_path / "images" / "sync.svg"
    chart.write(measured, path)
    root = ElementTree.fromstring(path.read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert len([each for each in root.iter(f"{space}rect") if each.get("class") == "o"]) == 1
    assert len(list(root.iter(f"{space}polyline"))) == 1
    assert "prefers-color-scheme:dark" in path.read_text()
    assert "abc1234" in "".join(root.itertext())


def test_nothing_is_drawn_of_nothing_and_nothing_of_a_path_that_was_not_played(tmp_path: Path) -> None:
    chart.write({}, tmp_path / "sync.svg")
    strayed = {"push": case(strayed=["push 1 played ll-hls"], case="push")}
    chart.write({"latency": {"measured": MEASURED, "result": strayed}}, tmp_path / "sync.svg")
    assert not (tmp_path / "sync.svg").exists()


def test_an_unknown_scenario_is_named() -> None:
    with pytest.raises(SystemExit, match="there is no scenario called nonsense"):
        main(["nonsense"])


def test_words_are_options_and_a_seed_is_drawn_when_none_is_given() -> None:
    options = parse(["latency", "--paths", "push,hls", "--seconds", "8", "--seed", "7"], SCENARIOS)
    assert (options.names, options.paths, options.seconds, options.seed) == (["latency"], ["push", "hls"], 8.0, 7)
    assert parse([], SCENARIOS).seed != parse([], SCENARIOS).seed


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says everything back, on a port of its own."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=say_back, args=(connection,), daemon=True).start()

    def say_back(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(4096):
                    connection.sendall(data)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def test_a_cut_network_passes_nothing_and_drops_what_it_had_when_it_is_over(echo: int) -> None:
    with relay(echo) as network, socket.create_connection(("127.0.0.1", network.port), 5) as before:
        before.sendall(b"heard")
        assert before.recv(16) == b"heard"
        network.cut()
        before.sendall(b"lost")
        before.settimeout(0.3)
        with pytest.raises(TimeoutError):
            before.recv(16)
        meanwhile = socket.create_connection(("127.0.0.1", network.port), 5)
        meanwhile.sendall(b"later")
        network.mend()
        before.settimeout(5)
        with pytest.raises(ConnectionError):
            before.recv(16)
        with meanwhile:
            assert meanwhile.recv(16) == b"later"
        assert network.dropped == 2


def test_the_event_file_is_one_that_this_version_reads() -> None:
    text = file_text(500_000, target_s=1.0, frames_per_chunk=1, no_such_field=3)
    assert "no_such_field" not in text
    assert parse_event(tomllib.loads(text)).encode.ladder[0].height == 360


@pytest.mark.browser
@needs_chromium
def test_strips_are_read_as_they_were_drawn_and_noise_is_not_read() -> None:
    with room() as there:
        strips, noise = control.canvas(there, True, 1.5), control.canvas(there, False, 1.0)
    assert strips["read"] == strips["as_drawn"] > 10
    assert noise["frames"] > 5
    assert noise["read"] == 0


@pytest.mark.browser
@needs_chromium
def test_screens_of_a_real_event_are_read_a_wrong_device_clock_is_believed_and_a_frozen_browser_falls_behind() -> None:
    """One player in a browser of its own, one whose page believes in another time; both on one event."""
    skew_ms = SKEWS_MS["−3 h"]
    with event("test", age_s=3) as running, room(seed=1) as there:
        wrong = there.open(page_url(running, "hls", None), "wrong clock", skew_ms=skew_ms)
        alone = there.open(page_url(running, "hls", None, 1), "alone", browser="alone")
        there.wait_playing(2)
        from_ms, until_ms = there.watch(3)
        off_ms = wrong.page.evaluate("Date.now()") - now_ms()
        there_before = set(there.pids("alone"))
        began_ms, ended_ms = freeze(there, alone)
        there.watch(1)
        found = group_figures(there.players, from_ms, until_ms)
        during = figures.spread_ms([seen.screen for seen in there.players], began_ms, ended_ms)
    assert abs(off_ms - skew_ms) < 5_000
    assert len(there_before) > 2
    for one in found["players"].values():
        assert one["path"] == ["ll-hls"]
        assert one["frames"] > 20
        assert 200 < one["latency_ms"]["p50"] < 20_000
        assert one["instrument"]["unread"] == 0
    assert max(spread for _, spread in during) > 1_000
