"""When do two codec strings mean the same? (RFC 6381 §3; ISO/IEC 14496-15 annex E). Pure text."""

from ringside.prove.check.cmaf.pictures import family

AAC = {"2", "5", "29"}  # LC, and the same with SBR or PS signalled or left implicit


def same_codec(header: str, named: str) -> bool:
    """Whether a manifest's `named` describes the `header`'s sample entry: same codec, profile and level."""
    mine, theirs = header.lower().split("."), named.strip().lower().split(".")
    if mine == theirs or len(theirs) == 1:
        return mine[0] == theirs[0]
    if mine[0] == theirs[0] == "mp4a":
        return mine[1:2] == theirs[1:2] and (mine[2:3] == theirs[2:3] or {*mine[2:3], *theirs[2:3]} <= AAC)
    if family(mine[0]) != family(theirs[0]) or not family(mine[0]):
        return mine[0] == theirs[0] and all(a == b for a, b in zip(mine[1:], theirs[1:], strict=False))
    if family(mine[0]) == "avc":
        return mine[1][:2] == theirs[1][:2] and mine[1][4:] == theirs[1][4:]  # constraint flags may be left out
    return mine[1:4] == theirs[1:4]
