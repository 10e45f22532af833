"""All rules on an MPD and the media it names that need one version only: DASH and low-latency DASH."""

from ringside.prove.check.dash import (
    addressing as dash_addressing,
)
from ringside.prove.check.dash import (
    chunks as dash_chunks,
)
from ringside.prove.check.dash import (
    low_latency as dash_low_latency,
)
from ringside.prove.check.dash import (
    mpd as dash_mpd,
)

JUDGES = (*dash_mpd.JUDGES, *dash_addressing.JUDGES, *dash_low_latency.JUDGES, *dash_chunks.JUDGES)
