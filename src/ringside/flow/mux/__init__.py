"""Mux: encoded frames become CMAF chunks and their manifests. Knows neither encoders nor servers."""

from ringside.flow.mux.header import audio_track, video_track
from ringside.flow.mux.segmenter import Segmenter

__all__ = ["Segmenter", "audio_track", "video_track"]
