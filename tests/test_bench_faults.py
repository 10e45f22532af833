"""The fault bench judges rightly: what a playlist told, what was published, bounds and controls."""

import json
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bench.faults import ROWS, harm, judge, main, ts
from bench.faults.camera import Camera
from bench.faults.film import EPOCH_S, SECONDS, Film, film
from bench.faults.ledger import Account, Ledger
from bench.faults.options import Options, parse
from bench.faults.pictures import Picture, apart_s, away_s, holes, seconds
from bench.faults.rows.srt_loss import passed_over
from bench.faults.screens import stood_ms, without_strip_ms
from bench.faults.stage import event_text
from bench.faults.verdict import Bound, Fired, Row, Trial, judged, worst

from ringside.cli.event import parse as parse_event

T0 = 1_800_000_000.0
FRAME_S = 1 / 30


def playlist(first: int, segments: int, parts: int = 0, gap: int | None = None, date_s: float = 0.0) -> str:
    """A live playlist: whole segments from `first` on, then `parts` of the next; `gap`: a segment without media."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-TARGETDURATION:2", "#EXT-X-PART-INF:PART-TARGET=0.2",
             f"#EXT-X-MEDIA-SEQUENCE:{first}"]  # fmt: skip
    for number in range(first, first + segments):
        second = int(date_s) + 2 * (number - first)
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:2026-11-23T10:{second // 60:02}:{second % 60:02}.000Z")
        lines += ["#EXT-X-GAP"] if number == gap else []
        lines += ["#EXTINF:2.0,", f"{number}.m4s"]
    lines += [f'#EXT-X-PART:DURATION=0.2,URI="{first + segments}.{part}.m4s"' for part in range(parts)]
    return "\n".join(lines) + "\n"


def test_a_bound_is_kept_within_its_limit_and_never_by_what_never_came() -> None:
    assert Bound("stalls", 0, 0).kept
    assert not Bound("stalls", 1, 0).kept
    assert not Bound("back after", None, 3, "s").kept
    assert Bound("refused", 5, 1, least=True).kept
    assert not Bound("refused", 0, 1, least=True).kept
    shown = Bound("back after", 1.234, 3, "s")
    assert (shown.promised, shown.shown) == ("≤ 3 s", "1.23 s")
    assert Bound("stalls", 0, 0).shown == "none"
    assert Bound("back after", None, 3, "s").shown == "never"


def test_the_worst_of_times_of_which_one_never_came_never_came() -> None:
    assert worst([1.0, 3.0, 2.0]) == 3.0
    assert worst([1.0, None]) is None
    assert worst([]) is None


def row(kept: bool = True, fired: bool = True, refuted: bool = True) -> tuple[Row, Trial, Trial]:
    def trial(good: bool, so: bool = True) -> Trial:
        return Trial([Fired("killed", "gone", so)], [Bound("stalls", 0 if good else 4, 0)])

    unused = lambda options: Trial()  # noqa: E731
    return Row("a fault", "no stall", unused, "no second one", unused), trial(kept, fired), trial(not refuted)


def test_a_row_fails_by_a_bound_by_a_fault_that_did_not_fire_and_by_a_control_that_kept_everything() -> None:
    assert not judged(*row())["failed"]
    assert judged(*row(kept=False))["failed"]
    assert judged(*row(fired=False))["failed"]
    assert judged(*row(refuted=False))["failed"]
    assert judged(row()[0], Trial([], [Bound("stalls", 0, 0)]), None)["failed"], "nothing was injected"


def test_the_table_says_what_was_seen_and_what_the_control_broke(tmp_path: Path) -> None:
    page = tmp_path / "resilience.md"
    page.write_text(f"before\n{judge.BEGIN}\nold\n{judge.END}\nafter\n")
    facts = {"at": "2026-11-23 09:30 UTC", "commit": "abc1234", "cores": 2, "cpu": "Any", "seed": 7}
    judge.write({"one": {"measured": facts, "result": judged(*row())}}, page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "| a fault | no stall | stalls: none | yes | no second one: stalls: 4 |" in text
    assert "seed 7" in text


def test_what_is_printed_says_when_a_control_proves_nothing() -> None:
    shown = judge.Judge(row()[0]).shown(judged(*row(refuted=False)))
    assert any("proves nothing" in each for each in shown if isinstance(each, str))


def test_the_ledger_knows_when_each_part_was_first_told() -> None:
    account = Account()
    for at, parts in ((0.0, 1), (0.2, 2), (0.25, 2), (1.4, 3)):
        account.take(playlist(100, 3, parts), T0 + at)
    assert account.media_s() == [T0, T0 + 0.2, T0 + 1.4]
    assert account.silence_s(T0, T0 + 2)[0] == pytest.approx(1.2)
    assert account.back_s(T0 + 0.3, T0 + 1.6) == pytest.approx(1.1)
    assert account.back_s(T0 + 0.3, T0 + 1.3) is None
    assert account.breaches == []


def test_media_that_never_ceased_is_back_at_once_and_what_comes_much_later_is_another_matter() -> None:
    account = Account()
    for index in range(60):
        account.take(playlist(100 + index // 10, 3, index % 10 + 1), T0 + 0.2 * index + (1.0 if index > 40 else 0))
    assert account.back_s(T0 + 2, T0 + 13) == 0.0
    assert account.silence_s(T0 + 2, T0 + 13)[0] == pytest.approx(1.2)


def test_the_ledger_tells_gaps_holes_and_what_went_back() -> None:
    account = Account()
    account.take(playlist(100, 4, gap=102), T0)
    assert account.gaps() == 1
    assert account.first_gap_s(T0 - 1) == pytest.approx(1.0)
    account.take(playlist(108, 2), T0 + 1)
    assert account.missing() == [104, 105, 106, 107]
    account.take(playlist(100, 3), T0 + 2)
    assert any("and then the newest was" in breach for breach in account.breaches)
    account.take(playlist(110, 2).replace("110.m4s", "9.m4s"), T0 + 3)
    assert any("segment 110 is called 9.m4s" in breach for breach in account.breaches)
    account.take("nonsense", T0 + 4)
    assert any("no playlist" in breach for breach in account.breaches)


def test_a_date_that_goes_back_is_a_breach() -> None:
    account = Account()
    account.take(playlist(100, 3).replace("10:00:04", "10:00:01"), T0)
    assert account.breaches == ["segment 102: its date is not after that of the one before"]


class Playlists(BaseHTTPRequestHandler):
    """Answers with a playlist."""

    def do_GET(self) -> None:
        body = playlist(100, 3, 1).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Playlists)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()


def test_the_ledger_asks_a_server_and_notes_that_nobody_answers() -> None:
    with server() as made:
        url = f"http://127.0.0.1:{made.server_port}/live/main/v/index.m3u8"
        with Ledger(url) as ledger:
            wait_until(lambda: bool(ledger.account.parts))
            assert ledger.account.unanswered == []
    with Ledger(url) as ledger:
        wait_until(lambda: bool(ledger.account.unanswered))
    assert ledger.account.parts == {}


def wait_until(condition: Callable[[], bool], limit_s: float = 10) -> None:
    done = threading.Event()
    for _ in range(int(limit_s / 0.02)):
        if condition():
            return
        done.wait(0.02)
    pytest.fail("it did not come about")


def shown(count: int, epoch_s: int = EPOCH_S, after_s: float = 0.0) -> list[Picture]:
    return [
        Picture(T0 + after_s + n * FRAME_S, round(1000 * (epoch_s + (after_s + n * FRAME_S) % SECONDS)), 100.0)
        for n in range(count)
    ]


def test_pictures_tell_whose_they_are_what_is_missing_and_how_long_a_camera_was_away() -> None:
    whole = shown(90)
    assert all(each.of(EPOCH_S) for each in whole)
    assert not any(each.of(EPOCH_S + 86_400) for each in whole)
    assert (holes(whole), passed_over(whole)) == (0, 0)
    torn = whole[:30] + whole[33:]
    assert (holes(torn), passed_over(torn)) == (3, 3)
    slate = [each._replace(strip_ms=None) if 30 <= n < 45 else each for n, each in enumerate(whole)]
    assert holes(slate) == 0
    assert passed_over(slate) >= 15
    assert away_s(slate, EPOCH_S) == pytest.approx(16 * FRAME_S)
    assert away_s(whole[:1], EPOCH_S) is None


def test_sound_is_held_against_the_picture_of_its_second() -> None:
    flashes = seconds(shown(95, after_s=0.5))
    assert flashes == pytest.approx([T0 + 1, T0 + 2, T0 + 3], abs=FRAME_S)
    assert apart_s(flashes, [each + 0.12 for each in flashes]) == pytest.approx(0.12)
    assert apart_s(flashes, []) is None


def test_a_slate_is_a_picture_and_standing_still_is_none() -> None:
    rows = [[1000 * T0 + n * 1000 * FRAME_S, None if 20 <= n < 40 else 1.0, 0.0, n, 1.0, 0.1, 0] for n in range(60)]
    from_ms, until_ms = 1000 * T0, 1000 * T0 + 2000
    assert stood_ms(rows, from_ms, until_ms) == []
    assert without_strip_ms(rows, from_ms, until_ms) == pytest.approx(20 * 1000 * FRAME_S, abs=1)
    stands = rows[:10] + [[row[0] + 900, *row[1:]] for row in rows[10:]]
    assert stood_ms(stands, from_ms, until_ms) == [pytest.approx(900 + 1000 * FRAME_S, abs=1)]
    unread = rows[:10] + rows[40:]  # presented, without a callback
    assert stood_ms(unread, from_ms, until_ms) == []
    assert stood_ms([], from_ms, until_ms) == [pytest.approx(2000, abs=50)]


@pytest.fixture(scope="module")
def card() -> Film:
    return film("card", EPOCH_S)  # as a camera asks for it: it is made once


def times(packets: list[bytes]) -> list[int]:
    return [ts.read(packet, at + 9) for packet in packets if (at := ts.pes(packet)) is not None]


def test_a_films_times_are_moved_and_wrap_at_33_bits(card: Film) -> None:
    packets = [packet for _, packet in card.packets]
    moved = [ts.moved(packet, 90_000 * 3600) for packet in packets]
    assert [b - a for a, b in zip(times(packets), times(moved), strict=True)] == [90_000 * 3600] * len(times(packets))
    assert [ts.moved(packet, -90_000 * 3600) for packet in moved] == packets
    wrapped = times([ts.moved(packet, ts.WRAP - 90_000 * 3) for packet in packets])
    assert max(wrapped) > ts.WRAP - 90_000 * 3
    assert min(wrapped) < 90_000 * 7
    sound = [ts.moved(packet, 0, 4500) for packet in packets]
    steps = [b - a for a, b in zip(times(packets), times(sound), strict=True)]
    assert set(steps) == {0, 4500}


def test_packets_are_due_in_order_and_a_film_is_as_long_as_its_seconds(card: Film) -> None:
    due = [at for at, _ in card.packets]
    assert due == sorted(due)
    assert card.ticks == SECONDS * 90_000
    assert 0.95 * card.ticks < due[-1] < 1.01 * card.ticks


def falls_silent(ear: socket.socket) -> bool:
    ear.settimeout(0.3)
    try:
        for _ in range(10_000):
            ear.recv(2048)
    except TimeoutError:
        return True
    return False


def test_a_camera_sends_falls_silent_and_jumps(card: Film) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(5)
        with Camera(ear.getsockname()[1]) as camera:
            first = ear.recv(2048)
            assert len(first) % ts.SIZE == 0
            assert first[0] == 0x47
            before_s = camera.clock_s
            camera.jump(3600)
            assert camera.clock_s - before_s == pytest.approx(3600)
            camera.silent()
            assert falls_silent(ear)
            camera.speak()
            ear.settimeout(5)
            assert ear.recv(2048)


def test_a_killed_process_is_gone_and_a_frozen_one_stands() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as victim:
        with harm.frozen(victim.pid) as letters:
            wait_until(lambda: harm.state(victim.pid) == "T")
        assert harm.stopped("it", letters, 1).so
        assert harm.kill("it", victim.pid).so
        assert harm.state(victim.pid) in ("", "Z")


def test_every_row_says_its_fault_its_bound_and_what_its_control_takes_away() -> None:
    for name in ROWS:
        found = judge.scenario(name).row
        assert found.fault, name
        assert found.promised, name
        assert found.without, name


def test_an_unknown_row_is_named() -> None:
    with pytest.raises(SystemExit, match="there is no row called nonsense"):
        main(["nonsense"])


def test_words_are_options_and_a_quick_run_has_few_viewers_and_no_browser() -> None:
    options = parse(["studio-killed", "--viewers", "500", "--seed", "7", "--no-controls"], ROWS)
    assert (options.names, options.viewers, options.seed, options.controls) == (["studio-killed"], 500, 7, False)
    assert (options.people(), options.people(200), options.browsers) == (500, 200, 2)
    quick = Options(quick=True)
    assert (quick.people(), quick.browsers) == (30, 0)


def test_the_event_of_all_rows_is_one_that_this_version_reads() -> None:
    backup = '[[source.backup]]\nname = "second"\nurl = "udp://127.0.0.1:5000"'
    event = parse_event(tomllib.loads(event_text(2.0, backup)))
    assert event.encode.ladder[0].height == 360
    assert len(event.source.backup) == 1


def test_results_can_be_kept() -> None:
    assert json.loads(json.dumps(judged(*row())))["kept"]
