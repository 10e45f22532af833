"""All rules on what is inside ISO base media objects, for HLS and DASH alike; transport streams have `hls_ts`."""

from ringside.prove.check import cmaf_continuity, cmaf_fragment, cmaf_header, cmaf_playlist, cmaf_samples, cmaf_tracks

JUDGES = (
    *cmaf_header.JUDGES,
    *cmaf_fragment.JUDGES,
    *cmaf_samples.JUDGES,
    *cmaf_continuity.JUDGES,
    *cmaf_tracks.JUDGES,
    *cmaf_playlist.JUDGES,
)
