"""The shedding decision, played with simulated machines and simulated time."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise

import pytest

from ringside.core.clock import Simulated
from ringside.core.media import NS_PER_S, Frame, Grid, Timeline
from ringside.flow.encode import Config
from ringside.flow.encode.effort import BY_NAME
from ringside.flow.encode.gauge import Gauge
from ringside.flow.encode.ladder import default_ladder
from ringside.flow.encode.shed import PATIENCE_MAX_NS, PATIENCE_NS, Level, Load, State, decide, levels
from ringside.flow.encode.shedding import Shedder
from ringside.flow.encode.video import VideoEncoder
from ringside.flow.encode.worker import RungWorker

FPS = Fraction(30)
LADDER = default_ladder(1280, 720)
PLAN = levels(BY_NAME["veryfast"], LADDER, FPS)
CALM = Load(lag_frames=0.2, busy=0.2, busy_cores=0.3)
HOT = Load(lag_frames=4.5, busy=1.3, busy_cores=2.0, skipped=7)
CORES = 2


def play(loads: Iterable[Load], state: State | None = None) -> tuple[State, list[tuple[float, int, str]]]:
    """Half a second per load: the state at the end, and the steps as (seconds, level, sentence)."""
    state = state or State()
    steps = []
    for tick, load in enumerate(loads):
        state, step = decide(PLAN, state, load, CORES, tick * NS_PER_S // 2)
        if step:
            steps.append((tick / 2, state.level, step.sentence))
    return state, steps


def test_the_plan_lowers_efforts_first_then_drops_rungs_from_the_top_and_keeps_the_last() -> None:
    assert [(level.effort.name, [r.track for r in level.rungs]) for level in PLAN] == [
        ("veryfast", ["v720", "v480", "v360"]),
        ("superfast", ["v720", "v480", "v360"]),
        ("ultrafast", ["v720", "v480", "v360"]),
        ("ultrafast", ["v480", "v360"]),
        ("ultrafast", ["v360"]),
    ]
    costs = [level.cost_cores for level in PLAN]
    assert costs == sorted(costs, reverse=True)
    assert costs[2] - costs[3] > costs[3], "the top rung costs more than all below it"


def test_a_calm_machine_changes_nothing() -> None:
    state, steps = play([CALM] * 500)
    assert (state.level, steps) == (0, [])


@pytest.mark.parametrize("spikes", [[HOT], [HOT] * 3, [HOT, CALM] * 50, [HOT, HOT, HOT, CALM] * 20])
def test_a_passing_spike_changes_nothing(spikes: list[Load]) -> None:
    assert play([*spikes, *[CALM] * 4])[1] == []


def test_lasting_overload_steps_down_one_level_at_a_time_to_the_last_and_stays_there() -> None:
    state, steps = play([HOT] * 200)
    assert [(at, level) for at, level, _ in steps] == [(2.0, 1), (7.0, 2), (12.0, 3), (17.0, 4)]
    assert state.level == len(PLAN) - 1


def test_each_step_is_said_in_a_sentence() -> None:
    sentences = [sentence for _, _, sentence in play([HOT] * 200)[1]]
    assert sentences[0] == (
        "encoding cannot keep up (frames 4.5 frame times late, busiest rung 130% busy, 7 skipped): "
        "effort veryfast becomes superfast"
    )
    assert sentences[2].endswith(": v720 is dropped")


@pytest.mark.parametrize(
    ("load", "hot"),
    [
        (Load(3.5, 0.5), True),
        (Load(0.1, 0.97), True),
        (Load(0.1, 0.7, skipped=1), True),
        (Load(0.1, 0.4, skipped=3), False),
        (Load(2.5, 0.9), False),
    ],
)
def test_any_one_sign_of_overload_is_enough(load: Load, hot: bool) -> None:
    assert load.hot == hot
    assert bool(play([load] * 10)[1]) == hot


def machine(speed: float) -> Callable[[Level], Load]:
    """What a machine of `speed` (cores' worth of encoding that one worker gets done) shows at a level."""

    def at(level: Level) -> Load:
        busy = level.busiest_cores / speed
        late = busy > 1
        return Load(4.5 if late else 0.3, busy, level.cost_cores / speed, 5 if late else 0)

    return at


def run(show: Callable[[float, Level], Load], seconds: int) -> list[tuple[float, int]]:
    """The level over time on a machine whose load depends on the level."""
    state, steps = State(), []
    for tick in range(2 * seconds):
        state, step = decide(PLAN, state, show(tick / 2, PLAN[state.level]), CORES, tick * NS_PER_S // 2)
        if step:
            steps.append((tick / 2, state.level))
    return steps


@pytest.mark.parametrize(("speed", "settles"), [(0.40, 0), (0.30, 1), (0.20, 2), (0.10, 3), (0.05, 4)])
def test_every_machine_settles_on_what_it_can_carry(speed: float, settles: int) -> None:
    at = machine(speed)
    steps = run(lambda _, level: at(level), 600)
    assert (steps[-1][1] if steps else 0) == settles
    assert [level for _, level in steps] == list(range(1, settles + 1)), "no swinging up and down"


def test_when_the_load_passes_everything_comes_back_slowly() -> None:
    steps = run(lambda at_s, level: machine(0.1 if at_s < 60 else 2.0)(level), 300)
    assert [level for _, level in steps] == [1, 2, 3, 2, 1, 0]
    ups = [at for at, _ in steps[3:]]
    assert ups[0] >= 60
    assert all(later - earlier >= PATIENCE_NS / NS_PER_S for earlier, later in pairwise(ups))


def test_a_rise_that_must_be_taken_back_doubles_the_patience_up_to_a_limit() -> None:
    """A machine that looks idle at level 1 and fails at level 0, as when a neighbour answers to our load."""
    steps = run(lambda _, level: HOT if level is PLAN[0] else CALM, 3000)
    assert {level for _, level in steps} == {0, 1}
    rises = [at for at, level in steps if level == 0]
    waits = [b - a for a, b in pairwise(rises)]
    assert all(later >= earlier for earlier, later in pairwise(waits))
    assert waits[0] > PATIENCE_NS / NS_PER_S
    assert waits[-1] >= PATIENCE_MAX_NS / NS_PER_S
    assert len(rises) < 15


def test_nothing_rises_that_would_not_fit() -> None:
    state = State(level=3)
    _, steps = play([Load(0.2, 0.5, 0.6)] * 400, state)
    assert steps == [], "v720 costs more than twice v480: 0.5 becomes more than there is"


def workers(clock: Simulated) -> dict[str, RungWorker]:
    """Real workers, not started: their gauges are fed by the test."""
    grid = Grid.video(FPS)
    return {
        rung.track: RungWorker(
            VideoEncoder(rung, FPS, BY_NAME["ultrafast"], Config(), clock),
            grid, Timeline(), 1.0, Gauge(grid, 0), lambda _: None, lambda _: None,
        )
        for rung in LADDER
    }  # fmt: skip


def test_a_decision_takes_effect_at_the_next_segment_start_only() -> None:
    grid, timeline, clock = Grid.video(FPS), Timeline(), Simulated()
    index = timeline.first_frame(grid, 897_500_000) + 10
    clock.advance_ns(grid.start_ns(index))
    rungs = workers(clock)
    shedder = Shedder(BY_NAME["superfast"], LADDER, FPS, CORES, clock)
    changes = []
    for k in range(index, index + 900):
        opens = timeline.place(grid, k).first_in_segment
        before = shedder.now
        level = shedder.look(rungs.values(), k, opens)
        if level is not before:
            changes.append((k - index, opens, level.effort.name, len(level.rungs)))
        for rung in level.rungs:
            rungs[rung.track].gauge.encoded(Frame(rung.track, k - 6, False, b"x", clock.now_ns()), 40.0)
        clock.advance_ns(NS_PER_S // 30)
    assert [(effort, n) for _, _, effort, n in changes] == [("ultrafast", 3), ("ultrafast", 2), ("ultrafast", 1)]
    assert all(opens for _, opens, _, _ in changes)
    assert changes[-1][0] < 600
    assert shedder.shed() == ["v720 is not made", "v480 is not made", "effort ultrafast instead of superfast"]


def test_a_gauge_tells_what_it_was_shown() -> None:
    grid = Grid.video(FPS)
    gauge = Gauge(grid, delay_ns=20_000_000)
    first = grid.index_at(1_795_000_000 * NS_PER_S)
    for k in range(first, first + 90):
        gauge.encoded(Frame("v", k, False, bytes(1000), grid.start_ns(k) + 30_000_000), 8.0)
    status = gauge.status(grid.start_ns(first + 89) + 30_000_000)
    assert status["fps"] == 30
    assert status["bitrate_bps"] == 240_000
    assert status["encode_ms"]["p95"] == 8.0
    assert status["latency_ms"]["p50"] == pytest.approx(30, abs=0.01)
    assert status["lag_ms"] == pytest.approx(10, abs=0.01)
    assert gauge.busy(grid.start_ns(first + 89) + 30_000_000) == pytest.approx(0.24, abs=0.001)
    assert Gauge(grid, 0).status(0)["bitrate_bps"] == 0
