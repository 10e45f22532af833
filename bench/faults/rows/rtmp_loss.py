"""RTMP from a host on a network that loses 2, 5 and 10 %: nobody stalls, nothing dies, the picture stays.

TCP mends what is lost, late: while it does the slate may be seen, but most of the pictures come. The control: 60 %,
which TCP cannot mend in time.
"""

from bench.faults.options import Options
from bench.faults.rows.srt_loss import LOSSES, TOO_MUCH, Way, play
from bench.faults.verdict import Row, Trial

PUSH = Way("RTMP", "rtmp://0.0.0.0:{port}/live/camera", ["-f", "flv"], "rtmp://{host}:{port}/live/camera", film="mp4")

HALF = 120


def run(options: Options) -> Trial:
    """Each loss in turn."""
    return play(options, PUSH, LOSSES, dict.fromkeys(LOSSES, HALF))


def control(options: Options) -> Trial:
    """More than can be mended."""
    return play(options, PUSH, (TOO_MUCH,), {TOO_MUCH: HALF})


ROW = Row(
    "RTMP over 2, 5, 10 % loss",
    "most of the camera's pictures come; no stall, no crash, no rule broken",
    run,
    "60 %",
    control,
)
