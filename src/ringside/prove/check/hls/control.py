"""HLS: SERVER-CONTROL and PART-INF (draft-pantos-hls-rfc8216bis-22 §4.4.3.7, §4.4.3.8, §6.2.4, App. B.1)."""

from collections.abc import Iterator
from decimal import Decimal

from ringside.prove.check.finding import Finding, Rule
from ringside.prove.check.hls.look import everything, headers, low_latency
from ringside.prove.check.seen import HlsStream, Version

PART_INF = Rule("ll-hls.part-inf", "MUST", "rfc8216bis §4.4.3.7", "A playlist with parts has a PART-INF.")
PART_HOLD_BACK = Rule(
    "ll-hls.part-hold-back", "MUST", "rfc8216bis §4.4.3.8", "A playlist with PART-INF has a PART-HOLD-BACK."
)
TWICE = Rule(
    "ll-hls.part-hold-back-twice", "MUST", "rfc8216bis §4.4.3.8", "PART-HOLD-BACK is at least twice the part target."
)
THRICE = Rule(
    "ll-hls.part-hold-back-thrice", "SHOULD", "rfc8216bis §4.4.3.8",
    "PART-HOLD-BACK is at least three times the largest part target of all renditions.",
)  # fmt: skip
HOLD_BACK = Rule(
    "hls.hold-back", "MUST", "rfc8216bis §4.4.3.8", "HOLD-BACK is at least three times the target duration."
)
SKIP_UNTIL = Rule(
    "hls.can-skip-until", "MUST", "rfc8216bis §4.4.3.8", "CAN-SKIP-UNTIL is at least six times the target duration."
)
SKIP_DATERANGES = Rule(
    "hls.can-skip-dateranges", "MUST", "rfc8216bis §4.4.3.8", "CAN-SKIP-DATERANGES stands only with CAN-SKIP-UNTIL."
)
BLOCK = Rule("ll-hls.can-block-reload", "MUST", "rfc8216bis App. B.1", "A low-latency playlist offers blocking reload.")
SAME = Rule(
    "hls.server-control-equal", "MUST", "rfc8216bis §6.2.4",
    "All media playlists of a presentation have the same SERVER-CONTROL.",
)  # fmt: skip


def parts_announced(stream: HlsStream) -> Iterator[Finding]:
    """PART-INF and PART-HOLD-BACK where there are parts."""
    for versions in everything(stream):
        for version in versions:
            parts = any(segment.parts for segment in version.playlist.segments[-4:])
            if parts and version.playlist.part_target is None:
                yield PART_INF.broken(version.name, "parts without EXT-X-PART-INF", "one")
        for version in headers(versions):
            control = version.playlist.server_control
            if version.playlist.part_target is not None and (control is None or control.part_hold_back is None):
                yield PART_HOLD_BACK.broken(version.name, "no PART-HOLD-BACK", "at least twice the part target")


def part_hold_back(stream: HlsStream) -> Iterator[Finding]:
    """Twice the own part target, three times the largest."""
    targets = [v[-1].playlist.part_target for v in everything(stream)]
    largest = max((target for target in targets if target is not None), default=Decimal(0))
    for versions in everything(stream):
        for version in headers(versions):
            target, control = version.playlist.part_target, version.playlist.server_control
            if target is None or control is None or control.part_hold_back is None:
                continue
            if control.part_hold_back < 2 * target:
                yield TWICE.broken(version.name, control.part_hold_back, f"at least {2 * target}")
            elif control.part_hold_back < 3 * largest:
                yield THRICE.broken(version.name, control.part_hold_back, f"at least {3 * largest}")


def in_target_durations(stream: HlsStream) -> Iterator[Finding]:
    """HOLD-BACK and CAN-SKIP-UNTIL where they stand."""
    for versions in everything(stream):
        for version in headers(versions):
            yield from _in_target_durations(version)


def _in_target_durations(version: Version) -> Iterator[Finding]:
    target, control = version.playlist.target_duration, version.playlist.server_control
    if target is None or control is None:
        return
    if control.hold_back is not None and control.hold_back < 3 * target:
        yield HOLD_BACK.broken(version.name, control.hold_back, f"at least {3 * target}")
    if control.can_skip_until is not None and control.can_skip_until < 6 * target:
        yield SKIP_UNTIL.broken(version.name, control.can_skip_until, f"at least {6 * target}")
    if control.can_skip_dateranges and control.can_skip_until is None:
        yield SKIP_DATERANGES.broken(version.name, "CAN-SKIP-DATERANGES alone", "CAN-SKIP-UNTIL beside it")


def blocking_offered(stream: HlsStream) -> Iterator[Finding]:
    """Without it a player cannot use the parts in time; after ENDLIST it does not matter."""
    for versions in everything(stream):
        last = versions[-1].playlist
        if (
            low_latency(versions)
            and not last.ended
            and not (last.server_control and last.server_control.can_block_reload)
        ):
            yield BLOCK.broken(versions[-1].name, "no CAN-BLOCK-RELOAD=YES", "CAN-BLOCK-RELOAD=YES")


def same_everywhere(stream: HlsStream) -> Iterator[Finding]:
    """Compared attribute by attribute, however they were ordered."""
    first: Version | None = None
    for versions in everything(stream):
        first = first or versions[0]
        mine, theirs = versions[0].playlist.server_control, first.playlist.server_control
        if mine != theirs:
            expected = f"{theirs.write() if theirs else 'none'} as in {first.name}"
            yield SAME.broken(versions[0].name, mine.write() if mine else "no EXT-X-SERVER-CONTROL", expected)


JUDGES = (parts_announced, part_hold_back, in_target_durations, blocking_offered, same_everywhere)
