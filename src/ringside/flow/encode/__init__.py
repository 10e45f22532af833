"""Encode: pictures and sound of the programme become encoded Frames on the event's grids, one track per rung."""

from ringside.flow.encode.config import Config, Rung, explain
from ringside.flow.encode.errors import EncoderFailed
from ringside.flow.encode.ladder import event_fps, fit
from ringside.flow.encode.pump import Encoder, Stream

__all__ = ["Config", "Encoder", "EncoderFailed", "Rung", "Stream", "event_fps", "explain", "fit"]
