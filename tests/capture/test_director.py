"""Which input is on the air, and what is wrong with one: the rules, on simulated time."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ringside.flow.capture.config import Watch
from ringside.flow.capture.inputs.director import Director
from ringside.flow.capture.inputs.health import ABSENT, Condition, Health
from ringside.flow.capture.inputs.look import Sight

S = 1_000_000_000
NAMES = ("main", "van", "film")
BACK_S = 3.0


def well(since_s: float = 0) -> Condition:
    return Condition(True, (), round(since_s * S))


def bad(*faults: str, since_s: float = 0) -> Condition:
    return Condition(True, faults, round(since_s * S))  # type: ignore[arg-type]


class Control:
    """A director and its clock."""

    def __init__(self) -> None:
        self.director = Director(NAMES, round(BACK_S * S))

    def at(self, now_s: float, *conditions: Condition) -> str:
        self.director.choose(round(now_s * S), conditions)
        return self.director.showing


def test_the_first_that_is_there_is_on_the_air() -> None:
    control = Control()
    assert [control.at(now_s, ABSENT, well(), well()) for now_s in (0, 0.4, 0.5)] == ["slate", "slate", "van"]
    assert control.director.switches == 0


def test_an_event_begins_with_its_first_input_if_that_is_there_soon() -> None:
    control = Control()
    assert control.at(0, ABSENT, well(), well()) == "slate"
    assert control.at(0.1, well(), well(), well()) == "main"
    assert control.director.switches == 0


def test_nothing_there_is_the_slate() -> None:
    control = Control()
    assert control.at(0, ABSENT, ABSENT, ABSENT) == "slate"
    assert control.director.switches == 0


def test_who_was_never_on_the_air_need_not_prove_itself() -> None:
    control = Control()
    control.at(0, ABSENT, ABSENT, ABSENT)
    assert control.at(1, ABSENT, ABSENT, well()) == "film"
    assert control.at(1, ABSENT, well(1), well()) == "van"
    assert control.at(1.1, well(1.1), well(1), well()) == "main"


@pytest.mark.parametrize("worse", [ABSENT, bad("black"), bad("frozen"), bad("silent"), bad("black", "frozen")])
def test_a_fault_is_left_at_once(worse: Condition) -> None:
    control = Control()
    control.at(0, well(), well(), well())
    assert control.at(1, worse, well(), well()) == "van"
    assert (control.director.switches, control.director.since_ns) == (1, S)


def test_who_returns_is_taken_when_it_has_been_well_for_long_enough() -> None:
    control = Control()
    control.at(0, well(), well(), well())
    control.at(1, ABSENT, well(), well())
    assert [control.at(now_s, well(2), well(), well()) for now_s in (2, 4.9, 5)] == ["van", "van", "main"]


def test_one_that_flickers_stays_off_the_air() -> None:
    control = Control()
    control.at(0, well(), well(), well())
    for now_s in range(1, 60, 2):
        assert control.at(now_s, bad("black", since_s=now_s), well(), well()) == "van"
        assert control.at(now_s + 1, well(now_s + 1), well(), well()) == "van"
    assert control.director.switches == 1


def test_from_the_slate_whoever_comes_is_taken_at_once() -> None:
    control = Control()
    control.at(0, well(), ABSENT, ABSENT)
    assert control.at(1, ABSENT, ABSENT, ABSENT) == "slate"
    assert control.at(2, well(2), ABSENT, ABSENT) == "main"


def test_a_defective_picture_is_better_than_the_slate_and_worse_than_a_silent_one() -> None:
    assert Control().at(0, bad("black"), ABSENT, ABSENT) == "main"
    control = Control()
    control.at(0, ABSENT, ABSENT, ABSENT)
    assert control.at(1, bad("frozen"), bad("silent"), ABSENT) == "van"


def test_a_picture_that_stands_still_is_better_than_a_black_one() -> None:
    control = Control()
    control.at(0, well(), well(), well())
    assert control.at(1, bad("black", "frozen"), bad("frozen"), ABSENT) == "van"


def test_of_two_that_are_equally_bad_the_preferred_stays() -> None:
    control = Control()
    control.at(0, well(), well(), well())
    assert control.at(1, bad("black"), bad("black", "silent"), ABSENT) == "main"


def test_silence_is_left_only_for_one_that_has_both() -> None:
    control = Control()
    control.at(0, well(), bad("black"), bad("silent"))
    assert control.at(11, bad("silent"), bad("black"), bad("silent")) == "main"
    assert control.at(12, bad("silent"), bad("black"), well()) == "film"


def test_the_operator_is_obeyed_even_where_the_rules_say_otherwise() -> None:
    control = Control()
    control.at(0, well(), well(), well())
    assert control.director.force("film")
    assert control.at(1, well(), well(), bad("black", "frozen", "silent")) == "film"
    assert control.director.force("slate")
    assert control.at(2, well(), well(), well()) == "slate"
    assert control.director.force(None)
    assert control.at(2.1, well(), well(), well()) == "main"


def test_when_the_operator_s_input_is_gone_the_rules_hold_until_it_is_back() -> None:
    control = Control()
    control.at(0, well(), well(), well())
    control.director.force("film")
    assert control.at(1, well(), well(), ABSENT) == "main"
    assert control.at(2, well(), well(), well(2)) == "film"


def test_an_input_that_there_is_not_cannot_be_ordered() -> None:
    control = Control()
    control.director.force("van")
    assert not control.director.force("nobody")
    assert control.director.forced == "van"


def test_who_left_the_air_by_order_need_not_prove_itself() -> None:
    control = Control()
    control.at(0, well(), well(), well())
    control.director.force("van")
    control.at(1, well(), well(), well())
    control.director.force(None)
    assert control.at(1.1, well(), well(), well()) == "main"


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_the_worst_is_never_on_the_air_while_there_is_better(seed: int) -> None:
    rng, control = random.Random(seed), Control()
    states: list[Condition] = [ABSENT, bad("black"), bad("frozen"), bad("silent"), well()]
    conditions = [ABSENT] * len(NAMES)
    before, left_s = "slate", dict.fromkeys(NAMES, -99.0)
    for step in range(400):
        now_s = 10 + step / 10
        if rng.random() < 0.2:
            conditions[rng.randrange(len(NAMES))] = replace(rng.choice(states), since_ns=round(now_s * S))
        showing = control.at(now_s, *conditions)
        best = min(one.rank for one in conditions)
        if showing == "slate":
            assert best == 4 or step == 0 or now_s < 10.5, f"seed {seed}"
            before = showing
            continue
        shown = NAMES.index(showing)
        assert conditions[shown].rank == best, f"seed {seed}"
        if before not in (showing, "slate"):
            left = NAMES.index(before)
            better = conditions[left].rank > conditions[shown].rank
            proven = round(now_s * S) - conditions[shown].since_ns >= BACK_S * S or left_s[showing] < 0
            assert better or (shown < left and proven), f"seed {seed}"
            if better:
                left_s[before] = now_s
        before = showing


def judged(
    times_s: Sequence[float], sight: Sight | None, loud_s: float | None = None, **watch: float
) -> list[list[str]]:
    health = Health(Watch(**watch))  # type: ignore[arg-type]
    loud_ns = None if loud_s is None else round(loud_s * S)
    return [list(health.judge(round(at * S), "here", True, sight, loud_ns).faults) for at in times_s]


def test_what_lasts_longer_than_its_threshold_is_a_fault() -> None:
    assert judged((1.1, 1.2), Sight(0, 2 * S)) == [[], ["black"]]
    assert judged((1.4, 1.5), Sight(None, 0)) == [[], ["frozen"]]
    assert judged((9.9, 10.0), Sight(None, 20 * S), loud_s=0) == [[], ["silent"]]
    assert judged((60,), Sight(0, 0), loud_s=0) == [["black", "frozen", "silent"]]


def test_a_threshold_of_zero_watches_nothing() -> None:
    assert judged((999,), Sight(0, 0), loud_s=0, black_s=0, freeze_s=0, silence_s=0) == [[]]


def test_one_that_never_had_sound_is_not_silent() -> None:
    assert judged((999,), Sight(None, 999 * S)) == [[]]


def test_a_condition_tells_since_when_it_is_exactly_so() -> None:
    health = Health(Watch())
    sight = Sight(None, 0)
    since = [health.judge(round(at * S), "here", True, sight, None).since_ns / S for at in (0, 1, 1.5, 9)]
    assert since == [0, 0, 1.5, 1.5]
    gone = health.judge(10 * S, "lost", False, sight, None)
    assert (gone.faults, gone.rank, gone.since_ns) == (("lost",), 4, 10 * S)
    assert health.judge(11 * S, "waiting", False, None, None).faults == ()
