"""Traces: read from a CSV file, refused by file and line, scaled to the crowd."""

from pathlib import Path

import pytest

from ringside.core.errors import Misconfigured
from ringside.prove.crowd.arrive.trace import MAX_POINTS, comers, levels, read


def test_a_trace_is_read_with_headings_comments_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "final.csv"
    path.write_text("\ufefftime_s,viewers\n# kick-off\n0,10\n\n30.5, 2e3\n60,0\n", encoding="utf-8")
    assert read(path) == ((0.0, 10.0), (30.5, 2000.0), (60.0, 0.0))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("time_s,viewers\n0,1\nten,2\n", "line 3: 'ten,2' is not time_s,viewers"),
        ("0;1\n", "line 1: '0;1' is not time_s,viewers"),
        ("0,1,2\n", "line 1: '0,1,2' is not time_s,viewers"),
        ("time_s,viewers\n", "holds no line of time_s,viewers"),
        ("", "holds no line of time_s,viewers"),
        ("0,1\n" * (MAX_POINTS + 1), f"has more than {MAX_POINTS} points"),
    ],
)
def test_a_bad_trace_is_refused_by_file_and_line(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(Misconfigured) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert sentence in str(caught.value)


def test_a_trace_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(Misconfigured, match=r"^trace: .* cannot be read: "):
            read(path)
    binary = tmp_path / "film.mp4"
    binary.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(Misconfigured, match=r"^trace: .*film\.mp4"):
        read(binary)


def test_a_curve_is_scaled_so_that_its_peak_is_the_crowd() -> None:
    curve = ((0.0, 5.0), (1.0, 20.0), (2.0, 10.0), (3.0, 20.0))
    assert levels(curve, 200) == [50, 200, 100, 200]
    assert comers(curve, 200) == 200 + 100
