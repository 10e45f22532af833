"""What an origin tells of several studios: each by its name, and the one on the air as the event's."""

import json
from typing import Any

from ringside.cli.children.status import Gathering
from ringside.core.clock import Simulated
from ringside.core.feed import Document
from ringside.core.telemetry import Metrics

S = 10**9


def letter(name: str, order: int, shows: str) -> dict[str, Any]:
    metrics = [["ingest_sent_bytes_total", {"track": "a"}, 7.0]]
    return {"studio": {"name": name, "order": order}, "source": {"name": shows}, "encoder": {}, "metrics": metrics}


def candidates(on_air: str) -> dict[str, Any]:
    rows = [{"studio": name, "on_air": name == on_air} for name in ("london", "paris")]
    return {"tracks": {"a": {"kind": "audio", "candidates": []}, "v720": {"kind": "video", "candidates": rows}}}


def gathered() -> tuple[Gathering, Simulated]:
    clock = Simulated(100 * S)
    gathering = Gathering("main", clock)
    gathering.take_studio(letter("paris", 1, "camera 2"))
    gathering.take_studio(letter("london", 0, "camera 1"))
    return gathering, clock


def test_the_event_shows_what_the_studio_on_the_air_shows() -> None:
    gathering, _ = gathered()
    for studio, shows in (("paris", "camera 2"), ("london", "camera 1")):
        status = gathering.status(candidates(studio), {}, "live", {})
        assert status["source"] == {"name": shows}
        assert [row["name"] for row in status["studios"]] == ["london", "paris"]


def test_a_studio_that_says_nothing_any_more_is_not_taken_for_the_event_and_forgotten_in_time() -> None:
    gathering, clock = gathered()
    clock.advance_ns(6 * S)
    gathering.take_studio(letter("paris", 1, "camera 2"))
    status = gathering.status(candidates("london"), {}, "live", {})
    assert status["source"] == {"name": "camera 2"}
    assert len(status["studios"]) == 2
    clock.advance_ns(61 * S)
    gathering.take_studio(letter("paris", 1, "camera 2"))
    assert [row["name"] for row in gathering.status(candidates(""), {}, "live", {})["studios"]] == ["paris"]


def test_each_studio_has_metrics_of_its_own() -> None:
    gathering, _ = gathered()
    documents = gathering.documents({}, Metrics().snapshot())
    (body,) = (m.body.decode() for m in documents if isinstance(m, Document) and m.path == "/metrics")
    assert 'process="studio-london"' in body
    assert 'process="studio-paris"' in body


def test_one_studio_alone_is_named_as_ever() -> None:
    gathering = Gathering("main", Simulated(100 * S))
    gathering.take_studio({"source": {"name": "x"}, "metrics": []})
    status = gathering.status({"tracks": {}}, {}, "live", {})
    assert (status["source"], status["studios"]) == ({"name": "x"}, [])
    assert json.dumps(status)
