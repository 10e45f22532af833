"""Which input an operator wants on the air: orders, their versions, and what studios are answered."""

import pytest

from ringside.core.studio import STOPGAP_ORDER
from ringside.flow.origin import Orders, Refused

S = 1_000_000_000
NOW = 1_800_000_000 * S
INPUTS = [
    {"name": "main", "state": "on_air", "faults": [], "drops": 3},
    {"name": "van", "state": "ready", "faults": ["black"], "detail": "x" * 5000},
]
LETTER = {"source": {"on_air": "main", "inputs": INPUTS}}


def heard(now_ns: int = NOW) -> Orders:
    orders = Orders()
    orders.heard(LETTER, now_ns)
    return orders


def test_while_nobody_has_ordered_anything_a_studio_is_answered_nothing() -> None:
    assert heard().heard(LETTER, NOW) == {}


def test_an_order_is_the_answer_to_every_letter_from_then_on() -> None:
    orders = heard()
    told = orders.order({"source": "van"}, NOW)
    answer = orders.heard(LETTER, NOW + S)
    assert answer == {"source": "van", "version": NOW // 1_000_000}
    assert told | answer == told
    assert told["inputs"][1] == {"name": "van", "state": "ready", "faults": ["black"]}


@pytest.mark.parametrize("auto", [None, "auto"])
def test_giving_the_choice_back_is_an_order_too(auto: str | None) -> None:
    orders = heard()
    orders.order({"source": "slate"}, NOW)
    assert orders.order({"source": auto}, NOW)["source"] is None
    assert orders.heard(LETTER, NOW)["version"] == NOW // 1_000_000 + 1


def test_the_same_order_again_is_none() -> None:
    orders = heard()
    first = orders.order({"source": "van"}, NOW)
    assert orders.order({"source": "van"}, NOW + S) == first


def test_a_version_grows_even_when_the_clock_goes_back() -> None:
    orders = heard()
    versions = [
        orders.order({"source": name}, NOW - at * S)["version"] for at, name in enumerate(("van", "main", None))
    ]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("name", ["nobody", 7, ["main"], {}, "MAIN", "x" * 5000, "<script>"])
def test_an_input_that_there_is_not_is_refused_with_those_that_there_are(name: object) -> None:
    with pytest.raises(Refused, match="there are main, van, slate and auto") as refusal:
        heard().order({"source": name}, NOW)
    assert refusal.value.status == 400
    assert len(str(refusal.value)) < 120


def test_an_order_of_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="an order of a source is"):
        heard().order({}, NOW)


def test_while_no_studio_writes_nothing_can_be_ordered() -> None:
    for orders in (Orders(), heard(NOW - 6 * S)):
        with pytest.raises(Refused, match="no studio tells") as refusal:
            orders.order({"source": "main"}, NOW)
        assert refusal.value.status == 409


def test_an_origin_that_is_started_again_goes_on_with_the_order() -> None:
    orders = heard()
    orders.order({"source": "van"}, NOW)
    assert Orders(orders.values()).heard(LETTER, NOW) == orders.values()


@pytest.mark.parametrize(
    "letter",
    [{}, {"source": 7}, {"source": {"inputs": "main"}}, {"source": {"inputs": [7, {}, {"name": 7}]}}],
)
def test_a_letter_that_tells_of_no_inputs_is_survived(letter: dict[str, object]) -> None:
    assert Orders().heard(letter, NOW) == {}


def test_what_a_letter_tells_is_kept_within_bounds() -> None:
    orders = Orders()
    flood = [{"name": f"{n}" * 500, "state": "y" * 500, "faults": ["z" * 500] * 500} for n in range(500)]
    orders.heard({"source": {"inputs": flood}}, NOW)
    assert len(str(orders.describe())) < 4096


def test_the_slate_that_stands_in_for_all_studios_has_no_inputs_to_choose_from() -> None:
    orders = heard()
    orders.order({"source": "van"}, NOW)
    stopgap = {"studio": {"name": "slate", "order": STOPGAP_ORDER}, "source": {"inputs": [{"name": "main"}]}}
    assert orders.heard(stopgap, NOW) == {}
    assert [row["name"] for row in orders.describe()["inputs"]] == ["main", "van"]


def letter(on_air: str, studio: str = "london", faults: tuple[str, ...] = ()) -> dict[str, object]:
    inputs = [
        {"name": "main", "state": "ready", "faults": list(faults)},
        {"name": "van", "state": "ready", "faults": []},
    ]
    return {"studio": {"name": studio, "order": 0}, "source": {"on_air": on_air, "inputs": inputs}}


def test_what_a_studio_has_put_on_the_air_is_news_once() -> None:
    orders = Orders()
    news = []
    for told in (letter("main"), letter("van", "paris"), letter("main"), letter("van", faults=("black", "frozen")),
                 letter("van", "paris"), letter("van")):  # fmt: skip
        orders.heard(told, NOW)
        news.append(orders.news)
    assert news == ["", "", "", "london: van is on the air in place of main (main black and frozen)", "", ""]


def test_of_strange_studios_no_more_than_a_few_are_remembered() -> None:
    orders = Orders()
    for n in range(1000):
        orders.heard(letter("main", f"studio-{n}"), NOW)
    assert len(orders._shown) <= 8
