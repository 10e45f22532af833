"""What a filler keeps, and what it lets go."""

from hypothesis import given
from hypothesis import strategies as st

from ringside.flow.relay.fill.cellar import PAGE, Cellar, Kept
from ringside.flow.relay.fill.lifetime import Answer, Times
from ringside.flow.relay.fill.policy import Policy


def kept(key: str, size: int = 1, closed: bool = True, grace_end_ns: int = 10) -> Kept:
    return Kept(key, 1, Answer(200), Times(0, 5, 7), grace_end_ns, size, closed)


def cellar(*keys: str, pages: int = 100, objects: int = 100) -> Cellar:
    full = Cellar(pages * PAGE, objects)
    for key in keys:
        full.put(kept(key))
    return full


def test_the_least_recently_wanted_goes_first() -> None:
    full = cellar("/a", "/b", "/c", objects=2)
    full.touch("/a")
    assert full.evict(()) == ["/b"]
    assert full.find("/a") is not None
    assert full.find("/b") is None


def test_memory_is_counted_in_pages_and_bounded() -> None:
    full = cellar("/a", pages=4)
    assert full.bytes == 2 * PAGE
    full.put(kept("/b", PAGE + 1))
    assert full.bytes == 5 * PAGE
    assert full.overfull
    assert full.evict(()) == ["/a"]
    assert full.bytes == 3 * PAGE


def test_what_still_grows_or_is_asked_for_stays() -> None:
    full = cellar("/busy", objects=1)
    full.put(kept("/growing", closed=False))
    full.put(kept("/over"))
    assert full.evict({"/busy"}) == ["/over"]
    assert full.overfull
    assert full.expire(100, {"/busy"}) == []


def test_growth_is_counted() -> None:
    full = cellar()
    growing = kept("/a", 0, closed=False)
    full.put(growing)
    full.grow(growing, 3 * PAGE)
    assert full.bytes == 4 * PAGE
    full.forget("/a")
    assert full.bytes == 0


def test_what_has_no_grace_left_is_forgotten() -> None:
    full = cellar("/a")
    full.put(kept("/b", grace_end_ns=50))
    assert full.expire(9, ()) == []
    assert full.expire(10, ()) == ["/a"]
    assert len(full) == 1


def test_a_copy_replaces_the_one_before() -> None:
    full = cellar("/a", "/a")
    assert len(full) == 1
    assert full.bytes == 2 * PAGE


def test_only_what_is_whole_and_no_refusal_is_good_to_serve_on() -> None:
    assert kept("/a").good
    assert not kept("/a", closed=False).good
    refusal = kept("/a")
    refusal.answer = Answer(404)
    assert not refusal.good


def test_a_confirmed_copy_lives_anew_by_what_the_confirmation_says() -> None:
    copy, policy = kept("/a"), Policy()
    copy.answer, copy.failures = Answer(200, "video/mp4", 9, cache_control="max-age=3", etag='"1"'), 4
    copy.confirm(Answer(304, "text/html", 0), 10**9, policy)
    assert (copy.times.fresh_ns, copy.failures) == (4 * 10**9, 0)
    assert copy.answer.content_type == "video/mp4"
    assert copy.answer.etag == '"1"'
    copy.confirm(Answer(304, cache_control="max-age=30", age="10"), 100 * 10**9, policy)
    assert copy.times[:2] == (90 * 10**9, 120 * 10**9)


DEEDS = st.lists(st.tuples(st.sampled_from("pgtfe"), st.integers(0, 9), st.integers(0, 9 * PAGE)), max_size=200)


@given(DEEDS)
def test_whatever_happens_the_count_is_right_and_the_bound_is_kept(deeds: list[tuple[str, int, int]]) -> None:
    full = Cellar(20 * PAGE, 5)
    for deed, n, size in deeds:
        key = f"/{n}"
        there = full.find(key)
        match deed:
            case "p":
                full.put(kept(key, size, closed=n % 3 > 0))
            case "g" if there is not None:
                full.grow(there, size)
            case "t":
                full.touch(key)
            case "f":
                full.forget(key)
        full.evict(())
        left = [there for n in range(10) if (there := full.find(f"/{n}")) is not None]
        assert full.bytes == sum(there.cost_bytes for there in left)
        assert len(full) == len(left)
        assert not full.overfull or not any(there.closed for there in left)
