"""Switch: to the group when it has proven itself, away from it at once when it fails."""

import pytest

from ringside.flow.relay.gateway.actions import Action, CloseFeed, OpenFeed
from ringside.flow.relay.gateway.switch import FIRST_HOLD_NS, LONGEST_HOLD_NS, PROVEN_NS, State, Switch

MS, S = 1_000_000, 1_000_000_000
STEP_NS = 10 * MS


class Group:
    """A switch whose group tells a turn every 50 ms, unless told otherwise; the feed tells them too."""

    def __init__(self) -> None:
        self.now_ns, self.number, self.known = 0, 100, 100
        self.switch = Switch(0)
        self.silent = self.leaves_out = False
        self.share = 1.0
        self.actions: list[Action] = self.switch.fed(0)

    def run(self, seconds: float) -> "Group":
        for _ in range(int(seconds * S) // STEP_NS):
            self.now_ns += STEP_NS
            if self.now_ns % (50 * MS) == 0:
                self.number += 1
                self.known += self.switch.state is not State.GROUP or not (self.silent or self.leaves_out)
                if not self.silent and not self.leaves_out:
                    self.switch.flow.told(self.number, self.now_ns)
                    self.switch.flow.measured(int(100 * self.share), 100)
                if not self.silent:
                    self.switch.heard(self.now_ns)
            newest = self.known if self.silent or self.switch.state is not State.GROUP else self.number
            self.actions += self.switch.look(self.known, self.known, newest, self.now_ns)
        return self


def test_the_feed_is_closed_when_the_group_has_told_every_turn_for_a_second() -> None:
    group = Group().run(1.0)
    assert (group.switch.state, group.actions) == (State.UNICAST, [])
    group.run(0.1)
    assert (group.switch.state, group.actions, group.switch.switches) == (State.GROUP, [CloseFeed()], 1)


def test_nothing_is_proven_before_the_feed_has_told_all() -> None:
    switch = Switch(0)
    switch.flow.told(1, 0)
    switch.heard(2 * S)
    assert switch.look(-1, -1, 1, 2 * S) == []
    assert switch.state is State.START


def test_a_group_of_which_half_is_lost_is_not_lived_by() -> None:
    group = Group()
    group.share = 0.5
    assert group.run(5).switch.state is State.UNICAST
    group = Group()
    group.share = 0.8
    assert group.run(5).switch.state is State.GROUP


def test_turns_that_the_feed_has_not_told_must_all_be_among_those_of_the_group() -> None:
    switch = Switch(0)
    switch.fed(0)
    for number in range(10, 60):
        switch.flow.told(number, number * 50 * MS)
        switch.heard(number * 50 * MS)
        assert switch.look(8, 8, number, number * 50 * MS) == [], "turn 9 was told by nobody"
    assert switch.look(9, 59, 59, 3 * S - 50 * MS) == [CloseFeed()]


def test_silence_opens_the_feed_within_a_third_of_a_second() -> None:
    group = Group().run(2)
    group.silent = True
    group.run(0.2)
    assert group.switch.state is State.GROUP
    group.run(0.1)
    assert group.switch.state is State.BRIDGE
    assert group.actions[-1] == OpenFeed("the group is silent for 250 ms")
    assert group.switch.switches == 2


def test_a_turn_left_out_opens_the_feed() -> None:
    group = Group().run(2)
    group.leaves_out = True
    group.run(0.25)
    assert group.switch.state is State.BRIDGE
    assert group.actions[-1] == OpenFeed("the group left out a turn")


def test_each_failure_makes_the_next_proof_longer_up_to_half_a_minute() -> None:
    group, held_s = Group(), []
    for _ in range(7):
        begun_ns = group.now_ns
        while group.switch.state is not State.GROUP:
            group.run(0.05)
        held_s.append(round((group.now_ns - begun_ns) / S))
        group.switch.lost("a test", group.now_ns)
        group.switch.fed(group.now_ns)
    assert held_s == [1, 2, 4, 8, 16, 30, 30]
    assert group.switch._hold_ns == LONGEST_HOLD_NS


def test_a_group_that_lasted_is_trusted_as_at_first() -> None:
    group = Group().run(2)
    group.switch.lost("a test", group.now_ns)
    group.switch.fed(group.now_ns)
    group.run(3 + PROVEN_NS / S)
    assert group.switch.state is State.GROUP
    group.switch.lost("a test", group.now_ns)
    assert group.switch._hold_ns == 2 * FIRST_HOLD_NS


def test_a_process_that_slept_does_not_take_its_sleep_for_silence() -> None:
    group = Group().run(2)
    group.now_ns += 2 * S
    assert group.switch.look(group.known, group.known, group.known, group.now_ns) == []
    assert group.switch.state is State.GROUP
    group.silent = True
    assert group.run(0.4).switch.state is State.BRIDGE


@pytest.mark.parametrize("gap", [1, 5])
def test_a_gap_in_what_the_group_tells_begins_its_proof_anew(gap: int) -> None:
    group = Group().run(0.9)
    group.number += gap
    group.known += gap
    group.run(0.9)
    assert group.switch.state is State.UNICAST
    assert group.run(0.5).switch.state is State.GROUP


def test_turns_out_of_order_are_no_gap() -> None:
    switch = Switch(0)
    assert [switch.flow.told(number, 0) for number in (5, 7, 6, 7, 5, 8)] == [True, True, True, False, False, True]
    switch.flow.look(S)
    assert (switch.flow.first, switch.flow.last) == (5, 8)


def test_a_feed_that_ends_before_the_group_is_proven_leaves_a_bridge_and_comes_back() -> None:
    switch = Switch(0)
    switch.fed(0)
    switch.ended(S)
    assert (switch.state, switch.switches) == (State.BRIDGE, 0)
    switch.fed(2 * S)
    assert (switch.state, switch.since_ns) == (State.UNICAST, 2 * S)
