"""The report: right in its words, safe with foreign text, whole in one file, and legible on a wall and a telephone."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from crowd_night import Night, plan_of
from hypothesis import given
from hypothesis import strategies as st

from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.report import facts, render
from ringside.prove.crowd.report.again import command
from ringside.prove.crowd.report.charts import POINTS, nice_top, thin
from ringside.prove.crowd.report.markup import tag
from ringside.prove.crowd.report.page import bins
from ringside.prove.crowd.tally.histogram import Histogram
from ringside.prove.crowd.tally.tally import Tally
from ringside.prove.crowd.verdict import verdict

WHEN = "22 November 2026, 20:15 UTC"


def page_of(plan: Plan, night: Night) -> str:
    document = verdict(night.total.tally, plan, night.total.generators, commit="abc1234")
    return render(document, plan, night.total.tally, night.moments, WHEN)


class Reader(HTMLParser):
    """The text of a page, its elements, and a check that every element is closed in its turn."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open, f"left open: {self._open}"
        self.text = " ".join(self.words).replace("\xa0", " ")

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))
        if name not in self.VOID:
            self._open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self._open.pop() == name

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)


def test_the_headline_is_the_answer() -> None:
    plan = plan_of(3000)
    page = Reader(page_of(plan, Night(plan)))
    assert re.search(r"All 3,000 viewers had a picture within [\d.]+ s, and nobody stalled\.", page.text)
    assert re.search(r"2\.0\d s behind live and within 50\d ms of one another", page.text)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"failing": 3}, "297 of 300 viewers had a picture"),
        ({"failing": 300}, "None of 300 viewers got a picture."),
        ({"stalls_at": (4,)}, "and 10 stalled."),
    ],
)
def test_the_headline_hides_no_trouble(trouble: dict[str, object], said: str) -> None:
    plan = plan_of()
    assert said in Reader(page_of(plan, Night(plan, **trouble))).text  # type: ignore[arg-type]


def test_moods_follow_the_figures() -> None:
    plan = plan_of()

    def mood(night: Night) -> str:
        return facts.mood(verdict(night.total.tally, plan, night.total.generators, commit="x"))

    assert mood(Night(plan)) == "good"
    assert mood(Night(plan, stalls_at=(4,))) == "fair"
    assert mood(Night(plan, failing=300)) == "bad"
    assert mood(Night(plan, cpu=0.99)) == "void"


def test_a_saturated_run_says_so_before_anything_else() -> None:
    plan = plan_of()
    text = Reader(page_of(plan, Night(plan, cpu=0.97))).text
    assert text.index("Void: the generator was the bottleneck") < text.index("viewers had a picture")
    assert "97% of a core" in text
    assert "Void" not in Reader(page_of(plan, Night(plan))).text


def test_it_needs_no_script_and_no_other_file() -> None:
    plan = plan_of()
    page = page_of(plan, Night(plan, stalls_at=(4, 5)))
    elements = Reader(page).elements
    assert not {name for name, _ in elements} & {"script", "link", "img", "iframe", "object", "embed", "image", "use"}
    assert not [a for _, attributes in elements for a in attributes if a in {"src", "href", "srcset"} or a[:2] == "on"]
    assert "url(" not in page
    assert "@import" not in page


@given(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_foreign_text_stays_text(text: str) -> None:
    reader = Reader(f"<html>{tag('p', text, title=text)}</html>")
    assert [name for name, _ in reader.elements] == ["html", "p"]
    assert "".join(reader.words) == text


def test_a_stream_with_a_hostile_name_cannot_write_the_page() -> None:
    bad = "<script>alert(1)</script>"
    plan = plan_of(url="http://127.0.0.1/\"'><script>alert(1)</script>/x.m3u8")
    night = Night(plan)
    tally = night.total.tally
    tally.failed(bad)
    tally.problem(f'"{bad}')
    tally.statuses[bad] = 3
    tally.latency_from(bad)
    page = page_of(plan, night)
    assert bad not in page
    assert "script" not in {name for name, _ in Reader(page).elements}
    assert bad in Reader(page).text


def test_the_command_plays_the_same_crowd_and_holds_no_token() -> None:
    plan = plan_of(
        100,
        60,
        arrive="ramp",
        over_s=20,
        networks={"fibre": 0.7, "hotel": 0.3},
        churn_per_minute=0.1,
        storm_at_s=30,
        headers=["Authorization: Bearer secret"],
        query="token=secret",
        low_latency=False,
    )
    line = command(plan)
    for part in ("--viewers 100", "--arrive ramp", "--over 20", "fibre=0.7,hotel=0.3", "--churn 0.1", "--storm-at 30"):
        assert part in line
    assert "--plain" in line
    assert "--seed 4711" in line
    assert "secret" not in page_of(plan, Night(plan))


def test_a_night_with_nothing_in_it_is_still_a_page() -> None:
    plan = plan_of()
    document = verdict(Tally(), plan, [], commit="abc")
    page = Reader(render(document, plan, Tally(), [], WHEN))
    assert "Nobody came." in page.text
    assert "None" not in page.text
    assert "nothing to show" in page.text


def test_nothing_drawn_leaves_its_frame() -> None:
    plan = plan_of()
    page = page_of(plan, Night(plan, stalls_at=(2, 3), cpu=1.3, lag_ms=300))
    numbers = [float(y) for d in re.findall(r' d="([^"]+)"', page) for y in re.findall(r",(-?[\d.]+)", d)]
    assert numbers
    assert all(-0.01 <= y <= 100.01 for y in numbers)
    assert "nan" not in page.replace("nance", "")
    assert "inf" not in re.sub(r"[a-z]*inf[a-z]+", "", page)


def test_four_hours_make_a_page_of_moderate_size() -> None:
    plan = plan_of(100, 4 * 3600)
    night = Night(plan_of(100, 40))
    total, moments = night.total, night.moments
    for second in range(4 * 3600):
        total.tally.rows[second] = list(total.tally.rows[second % 40])
    assert len(render(verdict(total.tally, plan, total.generators), plan, total.tally, moments * 360, WHEN)) < 400_000


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=3000))
def test_thinning_keeps_the_peak(values: list[float]) -> None:
    thinned = thin([(float(i), value) for i, value in enumerate(values)])
    assert len(thinned) <= POINTS
    assert max(value for _, value in thinned if value is not None) == max(values)


@given(st.floats(1e-6, 1e9))
def test_an_axis_ends_on_a_round_step_above_the_greatest(value: float) -> None:
    step, top = nice_top(value)
    assert top >= value * (1 - 1e-6)
    assert top / step == pytest.approx(round(top / step))
    assert 1 <= round(top / step) <= 4


@given(st.lists(st.floats(0.001, 30), min_size=1, max_size=300))
def test_bars_hold_every_value(values: list[float]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    assert sum(count for _, _, count in bins(histogram)) == pytest.approx(len(values))


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 360])
def test_a_browser_shows_it_without_a_word_cut_off(tmp_path: Path, width: int) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("chromium is missing")
    from playwright.sync_api import sync_playwright

    plan = plan_of(3000, 60, storm_at_s=30)
    path = tmp_path / "report.html"
    path.write_text(page_of(plan, Night(plan, stalls_at=(30, 31, 32), cpu=0.97)))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = browser.new_page(viewport={"width": width, "height": 800})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        beyond = page.evaluate(
            "[...document.querySelectorAll('main *')].filter(e => e.getClientRects().length && "
            "(e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5))"
            ".map(e => e.tagName + ' ' + e.textContent)"
        )
        assert beyond == []
        assert page.evaluate("document.querySelectorAll('figure svg').length") == 10
        assert page.evaluate(
            "[...document.querySelectorAll('figure svg')].every(s => s.getBoundingClientRect().height > 100)"
        )
        assert asked == [path.as_uri()]
        browser.close()


def test_a_second_that_had_hardly_begun_when_it_ended_is_not_drawn_as_an_exit() -> None:
    plan = plan_of(300, 20)
    night = Night(plan)
    whole = page_of(plan, night)
    night.total.tally.rows[20] = [300.0, 0.0, 0.0, 9.9, 9.9, 0.0]
    assert page_of(plan, night) == whole


def test_one_bitrate_alone_is_still_named() -> None:
    plan = plan_of()
    night = Night(plan)
    for total in night.totals:
        total.tally.rungs.pop("600000", None)
    assert "2.5 Mb/s" in Reader(page_of(plan, night)).text
