"""An event for machines that are busy: two small rungs; and the words by which its encoder says that it fell behind."""

SMALL = """
[encode]
fps = 25
[[encode.ladder]]
height = 240
bitrate_bps = 300_000
[[encode.ladder]]
height = 180
bitrate_bps = 150_000
"""
OVERLOADED = ("passed over", "cannot keep up")
