"""All rules on what is inside media objects, for HLS and DASH alike: CMAF, fMP4 and transport stream."""

from ringside.prove.check import cmaf_continuity, cmaf_fragment, cmaf_header, cmaf_playlist, cmaf_samples, cmaf_tracks
from ringside.prove.check import hls_ts as transport

JUDGES = (
    *cmaf_header.JUDGES,
    *cmaf_fragment.JUDGES,
    *cmaf_samples.JUDGES,
    *cmaf_continuity.JUDGES,
    *cmaf_tracks.JUDGES,
    *cmaf_playlist.JUDGES,
    *transport.JUDGES,
)
