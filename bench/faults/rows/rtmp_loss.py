"""RTMP from a host on a network that loses 2, 5 and 10 %: nobody stalls, nothing dies, the picture stays.

TCP mends what is lost, late: nftables drops packets of both kinds as they come in. The control: 60 %, which TCP cannot
mend in time.
"""

from bench.faults.options import Options
from bench.faults.rows.srt_loss import LOSSES, TOO_MUCH, Way, play
from bench.faults.verdict import Row, Trial

PUSH = Way("RTMP", "rtmp://0.0.0.0:{port}/live/camera", ["-bsf:a", "aac_adtstoasc", "-f", "flv"],
           "rtmp://{host}:{port}/live/camera")  # fmt: skip


def run(options: Options) -> Trial:
    """Each loss in turn."""
    return play(options, PUSH, LOSSES, mended=2)


def control(options: Options) -> Trial:
    """More than can be mended."""
    return play(options, PUSH, (TOO_MUCH,), mended=TOO_MUCH)


ROW = Row(
    "RTMP over 2, 5, 10 % loss",
    "2 %: no picture of the camera lost; to 10 %: no stall, no crash, no rule broken",
    run,
    "60 %",
    control,
)
