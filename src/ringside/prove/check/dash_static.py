"""All rules on an MPD and the media it names that need one version only: DASH and low-latency DASH."""

from ringside.prove.check import dash_addressing, dash_chunks, dash_low_latency, dash_mpd

JUDGES = (*dash_mpd.JUDGES, *dash_addressing.JUDGES, *dash_low_latency.JUDGES, *dash_chunks.JUDGES)
