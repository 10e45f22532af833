"""Who a studio is: the header that says it, and the order in which studios are wanted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringside.core.studio import NOBODY, STOPGAP_ORDER, NotAStudio, Studio, name_from


@given(st.integers(0, STOPGAP_ORDER), st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z"), st.integers(0, 2**52 - 1))
def test_what_a_header_says_is_read_back(order: int, name: str, run: int) -> None:
    studio = Studio(order, name, run)
    assert Studio.from_header(studio.to_header()) == studio


@pytest.mark.parametrize(
    "value",
    ["", ";order=1", "a b", "a; order=-1", "a; order=1001", "a; order=x", "a; order=", "a; run=xyz",
     "a; run=" + "f" * 14, "a" * 65, "../x", "a\r\nb", "a; order=\u0661"],
)  # fmt: skip
def test_what_is_no_studio_is_refused_in_a_sentence(value: str) -> None:
    with pytest.raises(NotAStudio, match=r"^Ringside-Studio: .{10,}"):
        Studio.from_header(value)


def test_what_later_versions_add_is_passed_over() -> None:
    assert Studio.from_header("a; order=2; colour=red ;run=ff") == Studio(2, "a", 255)


def test_the_lowest_order_is_wanted_first_then_the_first_name_and_the_slate_last() -> None:
    slate, *others = Studio(STOPGAP_ORDER, "0"), Studio(1, "c"), Studio(1, "a"), Studio(0, "b")
    assert sorted([slate, *others]) == [Studio(0, "b"), Studio(1, "a"), Studio(1, "c"), slate]
    assert [studio.stopgap for studio in (slate, *others)] == [True, False, False, False]


def test_a_run_has_one_number_for_ever_and_who_does_not_say_it_has_none() -> None:
    assert Studio(0, "a", 7).session == Studio(3, "b", 7).session > 2**52
    assert Studio(0, "a", 2**52 - 1).session < 2**53
    assert (Studio(0, "a").session, NOBODY.session) == (0, 0)


@pytest.mark.parametrize(
    ("machine", "name"),
    [("studio-1.example", "studio-1.example"), ("Zoë's Mac", "Zo-s-Mac"), ("", "studio"), ("---", "studio")],
)
def test_a_studio_is_named_after_its_machine(machine: str, name: str) -> None:
    assert name_from(machine) == name
