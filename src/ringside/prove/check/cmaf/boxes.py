"""All rules on what is inside ISO base media objects, for HLS and DASH alike; transport streams have `hls_ts`."""

from ringside.prove.check.cmaf import (
    continuity as cmaf_continuity,
)
from ringside.prove.check.cmaf import (
    fragment as cmaf_fragment,
)
from ringside.prove.check.cmaf import (
    header as cmaf_header,
)
from ringside.prove.check.cmaf import (
    playlist as cmaf_playlist,
)
from ringside.prove.check.cmaf import (
    samples as cmaf_samples,
)
from ringside.prove.check.cmaf import (
    tracks as cmaf_tracks,
)

JUDGES = (
    *cmaf_header.JUDGES,
    *cmaf_fragment.JUDGES,
    *cmaf_samples.JUDGES,
    *cmaf_continuity.JUDGES,
    *cmaf_tracks.JUDGES,
    *cmaf_playlist.JUDGES,
)
