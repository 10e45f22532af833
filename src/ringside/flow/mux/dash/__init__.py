"""DASH: the MPD of an event, from the views of its tracks."""

from ringside.flow.mux.dash.config import Anchor, Config
from ringside.flow.mux.dash.mpd import mpd
from ringside.flow.mux.dash.recorded import Recorded, recorded

__all__ = ["Anchor", "Config", "Recorded", "mpd", "recorded"]
