"""Archives: how a verb finds a recording, and what is told of those that there are."""

from fractions import Fraction

from ringside.cli.when import lasting, shown
from ringside.core.catalog import Index
from ringside.core.errors import RingsideError
from ringside.core.media import NS_PER_S
from ringside.flow.origin.archive import Config
from ringside.flow.origin.archive.reader import Kept, open_session, sessions
from ringside.flow.origin.archive.store import shown as shown_store


def url_of(archive: str | None) -> str:
    """Where to look."""
    return archive or Config().store_url


def shown_url(archive: str | None) -> str:
    """The same, as it may be seen."""
    return shown_store(url_of(archive))


async def recording(archive: str | None, event: str, session: str | None) -> Kept:
    """The recording of `event`. Raises RingsideError where there is none."""
    return await open_session(url_of(archive), event, session or "")


async def indexes(archive: str | None, event: str) -> list[Index]:
    """All sessions of `event`, or of every event for "". Raises RingsideError."""
    return await sessions(url_of(archive), event)


async def one(archive: str | None, event: str, session: str | None) -> Index:
    """What a session of `event` is, the newest where none is named. Raises RingsideError where there is none."""
    found = sorted(await indexes(archive, event), key=lambda index: index.session)
    if session:
        found = [index for index in found if index.session == session]
    if not found:
        which = f"no session {session} of {event}" if session else f"nothing of event {event}"
        raise RingsideError(
            f"the archive {shown_url(archive)} has {which}; `ringside replay --list` says what there is"
        )
    return found[-1]


def table(found: list[Index], archive: str | None, event: str) -> str:
    """The sessions, a line each. Raises RingsideError where there is none."""
    if not found:
        what = f"nothing of event {event}" if event else "no events in it"
        raise RingsideError(f"the archive {shown_url(archive)} has {what}")
    rows = [_row(index) for index in sorted(found, key=lambda index: (index.event, index.session))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(r, widths, strict=True)).rstrip() for r in rows)


def _row(index: Index) -> list[str]:
    length_s = Fraction(max(0, index.until_ns - index.began_ns), NS_PER_S)
    return [
        index.event,
        index.session,
        shown(Fraction(index.began_ns, NS_PER_S))[:16],
        lasting(int(length_s)),
        f"{index.media_bytes / 1e6:.1f} MB",
        "ended" if index.ended_ns else "not ended",
        index.title,
    ]
