"""The ladder: which renditions are made of a source of a given shape. Pure.

The source's size and the Config enter; rungs with exact, even sizes leave, largest first. Never upscaled. The
default rungs are named after the short side, so a portrait source has the ladder of a landscape one, turned.
"""

from fractions import Fraction

from ringside.flow.encode.config import Config, Rung

DEFAULT = ((1080, 5_000_000), (720, 2_800_000), (480, 1_200_000), (360, 600_000))  # short side, bits a second
SMALLEST_BPS = 150_000
NTSC_FPS = tuple(Fraction(1000 * rate, 1001) for rate in (24, 30, 60))
STANDARD_FPS = (*map(Fraction, (15, 20, 24, 25, 30, 48, 50, 60)), *NTSC_FPS)


def _even(x: Fraction) -> int:
    """The even number nearest to `x`, at least 2."""
    return max(2, 2 * int(x / 2 + Fraction(1, 2)))


def default_ladder(width: int, height: int) -> tuple[Rung, ...]:
    """The rungs for a source of `width`x`height`, largest first; one at its own size if it is smaller than all."""
    short = min(width, height)
    sides = [(side, bps) for side, bps in DEFAULT if side <= short]
    if not sides:
        least_side, least_bps = DEFAULT[-1]
        side = max(16, short - short % 2)
        sides = [(side, max(SMALLEST_BPS, least_bps * side**2 // least_side**2))]
    return tuple(_shaped(side, bps, width, height) for side, bps in sides)


def _shaped(side: int, bitrate_bps: int, width: int, height: int) -> Rung:
    longer = max(width, height)
    long_side = min(_even(Fraction(side * longer, min(width, height))), longer - longer % 2)
    across, down = (long_side, side) if width >= height else (side, long_side)
    return Rung(height=down, width=across, bitrate_bps=bitrate_bps)


def fit(config: Config, width: int, height: int) -> tuple[Rung, ...]:
    """The event's rungs with widths, largest first: those of `config` that need no upscaling, or the default ladder.

    If every rung of `config` is larger than the source, the smallest is made at the source's own size.
    """
    if not config.ladder:
        return default_ladder(width, height)
    asked = [_with_width(rung, width, height) for rung in config.ladder]
    fitting = [rung for rung in asked if rung.width <= width and rung.height <= height]
    if not fitting:
        least = min(asked, key=lambda rung: rung.pixels)
        size = {"width": width - width % 2, "height": height - height % 2}
        fitting = [least.model_copy(update={**size, "name": least.track})]
    return tuple(sorted(fitting, key=lambda rung: (-rung.pixels, -rung.bitrate_bps)))


def _with_width(rung: Rung, width: int, height: int) -> Rung:
    if rung.width:
        return rung
    across = _even(Fraction(rung.height * width, height))
    if rung.height <= height:
        across = min(across, width - width % 2)
    return rung.model_copy(update={"width": across, "name": rung.track})


def too_large(config: Config, rungs: tuple[Rung, ...]) -> tuple[str, ...]:
    """Names of the rungs that `config` asks for and the source is too small for."""
    made = {rung.track for rung in rungs}
    return tuple(rung.track for rung in config.ladder if rung.track not in made)


def event_fps(config: Config, source_fps: Fraction | None) -> Fraction:
    """Frames a second of the event: as configured, or the standard rate nearest to the source's; 30 if unknown."""
    if isinstance(config.fps, Fraction):
        return config.fps
    if source_fps is None or source_fps <= 0:
        return Fraction(30)
    return min(STANDARD_FPS, key=lambda rate: abs(rate - source_fps))
