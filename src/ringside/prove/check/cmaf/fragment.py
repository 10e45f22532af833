"""Rules on the boxes of segments and parts, each judged by itself: order, addressing, decode times.

Streams enter, findings leave. What only CMAF demands (ISO/IEC 23000-19) is asked only of objects that claim to be
CMAF by a brand of theirs or of their header; the rest holds for every fMP4 of HLS and DASH.
"""

from collections.abc import Iterator

from ringside.prove.check.cmaf.box_tree import Fragment
from ringside.prove.check.cmaf.opened import Opened, Stream, opened
from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.seen import DashStream

CHUNK = "ISO/IEC 23000-19 §7.3.2.3"
AHEAD = {"styp": 0, "prft": 1, "emsg": 1, "sidx": 1, "free": 1, "skip": 1, "uuid": 1}

READABLE = Rule(
    "cmaf.boxes", "MUST", "ISO/IEC 14496-12 §4.2", "A segment or part is whole boxes, with nothing cut off."
)
ORDER = Rule(
    "cmaf.box-order",
    "MUST",
    f"{CHUNK}; ISO/IEC 23009-1 §6.3.4.2",
    "Every moof is followed by its mdat; in CMAF styp comes first, prft and emsg before the moof, one mdat after it.",
)
ONE_TRAF = Rule("cmaf.one-traf", "MUST", CHUNK, "A CMAF chunk has one traf, with one trun.")
TRACK_ID = Rule(
    "cmaf.track-id",
    "MUST",
    "ISO/IEC 23000-19 §7.5.16; rfc8216bis §3.1.2",
    "A traf belongs to a track of the header in force.",
)
BASE = Rule(
    "cmaf.movie-fragment-relative",
    "MUST",
    "ISO/IEC 23000-19 §7.5.16; ISO/IEC 23009-1 §6.3.4.2; rfc8216bis §3.1.2",
    "Sample data is addressed from the moof: default-base-is-moof, no base data offset.",
)
TFDT = Rule(
    "cmaf.tfdt", "MUST", "ISO/IEC 23000-19 §7.5.16; rfc8216bis §3.1.2", "Every traf has a tfdt with its decode time."
)
TFDT_WIDTH = Rule(
    "cmaf.tfdt-version", "MUST", "ISO/IEC 14496-12 §8.8.12", "A decode time that needs more than 32 bits is version 1."
)
INSIDE = Rule(
    "cmaf.data-in-mdat", "MUST", "ISO/IEC 14496-12 §8.8.8", "The bytes that a trun addresses lie in its mdat."
)
ONLY_SAMPLES = Rule(
    "cmaf.mdat-only-samples", "MUST", CHUNK, "All bytes of a CMAF chunk's mdat are samples that its trun addresses."
)
EDIT_OR_V1 = Rule(
    "cmaf.trun-or-edit-list",
    "MUST",
    "ISO/IEC 23000-19 §7.5.13, §7.5.17",
    "A CMAF video track begins at its first decode time by trun version 1, or by an edit list, not by both.",
)


def readable(stream: Stream) -> Iterator[Finding]:
    """The object can be read from its first byte to its last."""
    for it in opened(stream):
        inside = [fragment.problem for fragment in it.object.fragments if fragment.problem]
        if it.object.problem or inside:
            seen = it.object.problem or inside[0]
            yield READABLE.broken(it.name, f"{it.label}: {seen}", "whole boxes")


def box_order(stream: Stream) -> Iterator[Finding]:
    """[styp] [prft] [emsg] moof mdat, again and again."""
    for it in opened(stream):
        if it.object.problem:
            continue
        if not it.object.fragments:
            yield ORDER.broken(it.name, f"{it.label}: {' '.join(it.object.top)}", "moof and mdat")
            continue
        wrong = next(filter(None, (_misplaced(it, fragment) for fragment in it.object.fragments)), "")
        if not wrong and it.cmaf and it.object.top[-1] != "mdat":
            wrong = f"{it.object.top[-1]} after the last mdat"
        if wrong:
            yield ORDER.broken(it.name, f"{it.label}: {wrong}", "[styp] [prft] [emsg] moof mdat")


def _misplaced(it: Opened, fragment: Fragment) -> str:
    if not fragment.mdats:
        return "a moof without mdat"
    if not it.cmaf:
        return ""
    if fragment.between or len(fragment.mdats) > 1:
        return f"moof {' '.join(fragment.between)} mdat".replace("  ", " ") + " mdat" * (len(fragment.mdats) - 1)
    ranks = [AHEAD.get(box, 2) for box in fragment.ahead]
    if ranks != sorted(ranks) or 2 in ranks or ranks.count(0) > 1:
        return f"{' '.join(fragment.ahead)} ahead of moof"
    return ""


def one_traf(stream: Stream) -> Iterator[Finding]:
    """One track, one run of samples."""
    for it in opened(stream):
        for fragment in it.object.fragments if it.cmaf else ():
            shape = [len(traf.trun_versions) for traf in fragment.trafs]
            if shape != [1] and not fragment.problem:
                seen = f"{len(shape)} traf with {sum(shape)} trun"
                yield ONE_TRAF.broken(it.name, f"{it.label}: {seen}", "one traf with one trun")


def track_id(stream: Stream) -> Iterator[Finding]:
    """The header describes what the fragments carry."""
    for it in opened(stream):
        known = {track.track_id for track in it.init.tracks}
        found = {traf.track_id for fragment in it.object.fragments for traf in fragment.trafs}
        if known and found - known:
            seen = f"{it.label}: track {min(found - known)}"
            yield TRACK_ID.broken(it.name, seen, f"track {' or '.join(map(str, sorted(known)))}")


def movie_fragment_relative(stream: Stream) -> Iterator[Finding]:
    """A stream has no absolute positions."""
    for it in opened(stream):
        strict = it.cmaf or isinstance(stream, DashStream)
        for fragment in it.object.fragments:
            for traf in fragment.trafs:
                if traf.absolute or (strict and not traf.base_is_moof):
                    seen = "a base data offset" if traf.absolute else "default-base-is-moof not set"
                    yield BASE.broken(it.name, f"{it.label}: {seen}", "default-base-is-moof")


def tfdt(stream: Stream) -> Iterator[Finding]:
    """Without a decode time a fragment cannot be placed."""
    for it in opened(stream):
        for fragment in it.object.fragments:
            if any(traf.start is None for traf in fragment.trafs):
                yield TFDT.broken(it.name, f"{it.label}: a traf without tfdt", "tfdt")


def tfdt_version(stream: Stream) -> Iterator[Finding]:
    """32 bits overflow while the event is on."""
    for it in opened(stream):
        for fragment in it.object.fragments:
            for traf in fragment.trafs:
                if traf.tfdt_version == 0 and traf.end is not None and traf.end >> 32:
                    yield TFDT_WIDTH.broken(it.name, f"{it.label}: version 0, ends at {traf.end}", "version 1")


def data_in_mdat(stream: Stream) -> Iterator[Finding]:
    """No run leads outside what was sent."""
    for it in opened(stream):
        for fragment in it.object.fragments:
            for traf in fragment.trafs:
                for at, length in traf.runs if fragment.mdats and not traf.absolute else ():
                    if length and not any(first <= at and at + length <= end for first, end in fragment.mdats):
                        seen = f"{it.label}: bytes {at} to {at + length}"
                        yield INSIDE.broken(it.name, seen, f"within {fragment.mdats[0][0]} to {fragment.mdats[-1][1]}")


def mdat_only_samples(stream: Stream) -> Iterator[Finding]:
    """No bytes between, before or behind the samples."""
    for it in opened(stream):
        for fragment in it.object.fragments if it.cmaf else ():
            held = sum(end - first for first, end in fragment.mdats)
            runs = sum(length for traf in fragment.trafs for _, length in traf.runs)
            if fragment.mdats and fragment.trafs and held > runs:
                seen = f"{it.label}: {runs} of the mdat's {held} bytes"
                yield ONLY_SAMPLES.broken(it.name, seen, "all of them")


def trun_or_edit_list(stream: Stream) -> Iterator[Finding]:
    """Both together would move the picture twice."""
    for it in opened(stream):
        if it.cmaf and it.lead and it.lead.handler == "vide" and it.lead.skipped_ticks:
            versions = {v for _, traf in it.object.trafs(it.lead.track_id) for v in traf.trun_versions}
            if 1 in versions:
                seen = f"{it.label}: trun version 1, and an edit list that skips {it.lead.skipped_ticks} ticks"
                yield EDIT_OR_V1.broken(it.name, seen, "one of them")


JUDGES = (
    readable,
    box_order,
    one_traf,
    track_id,
    movie_fragment_relative,
    tfdt,
    tfdt_version,
    data_in_mdat,
    mdat_only_samples,
    trun_or_edit_list,
)
