"""What is asked of an origin, and where its redirects lead."""

import pytest

from ringside.flow.relay.fill.fetch import conditions, through
from ringside.flow.relay.fill.lifetime import Answer

PLACES = [
    ("http://o:80", "http://o:80/new?x", "/new?x"),
    ("http://o:80", "http://o:8080/new", "http://o:8080/new"),
    ("http://o:80", "https://o:80/new", "https://o:80/new"),
    ("http://o:80", "/new", "/new"),
    ("http://o:80", "new", "new"),
    ("http://o:80", "", ""),
    ("http://o:80", "http://o:80", "http://o:80"),
    ("http://o/live", "http://o/live/new", "/new"),
    ("http://o/live", "/live/new", "/new"),
    ("http://o/live", "/lives/new", "/lives/new"),
    ("http://o/live", "http://o/other", "http://o/other"),
]


@pytest.mark.parametrize(("origin", "location", "leads"), PLACES)
def test_a_redirect_that_stays_at_the_origin_stays_on_the_edge(origin: str, location: str, leads: str) -> None:
    assert through(origin, location) == leads


def test_a_copy_is_confirmed_by_what_the_origin_knows_it_by() -> None:
    assert conditions(None) == {}
    assert conditions(Answer(200)) == {}
    known = Answer(200, etag='W/"1"', last_modified="Thu, 01 Jan 2026 00:00:00 GMT")
    assert conditions(known) == {"If-None-Match": 'W/"1"', "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}
