"""Resume: a Publisher made to go on where another left off. Pure: a past and its media in, messages out."""

from collections.abc import Callable

from ringside.core.feed import Message
from ringside.flow.origin.archive.past import Past
from ringside.flow.origin.publish import Publisher

MediaOf = Callable[[str, int], bytes]


def resume(publisher: Publisher, past: Past, media: MediaOf, now_ns: int) -> list[Message]:
    """All that the edge must know, once `publisher`, which is new, has taken up `past`.

    `media(track, n)`: the bytes of segment n, as many as the window says.
    """
    out: list[Message] = []
    for name, each in past.lanes.items():
        lane = publisher.take_up(each.track, each.opened.grid, each.window, now_ns)
        lane.ended, lane.gaps = each.ended, each.gaps
        out += lane.again(each.headers, lambda number, name=name: media(name, number))  # type: ignore[misc]
    if past.fixed is not None:
        publisher.targets.resume(past.fixed.target_s, past.fixed.part_target_s)
    return out + publisher.go_on(past.ended, now_ns)
