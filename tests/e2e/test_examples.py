"""The examples are true: the event file names every field there is, with values that load."""

import tomllib
from pathlib import Path

from ringside.cli.event import Event, load

EXAMPLE = Path(__file__).parents[2] / "examples" / "event.toml"


def test_the_example_event_file_loads() -> None:
    event = load(EXAMPLE)
    assert event.event.title == "Main event"
    assert [rung.height for rung in event.encode.ladder] == [720, 360]


def test_the_example_shows_defaults_for_all_but_the_title_and_the_ladder() -> None:
    shown = tomllib.loads(EXAMPLE.read_text())
    defaults = Event().model_dump(mode="json")
    for table, fields in shown.items():
        for name, value in fields.items():
            assert name in defaults[table], f"{table}.{name}"
            if name not in ("title", "ladder"):
                assert value == defaults[table][name], f"{table}.{name}"
