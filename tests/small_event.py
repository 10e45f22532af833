"""Events for machines that are busy: two small rungs, or three where a ladder matters.

And the words by which their encoder says that it fell behind.
"""

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
LADDER = """
[encode]
fps = 25
[[encode.ladder]]
height = 360
bitrate_bps = 400_000
[[encode.ladder]]
height = 270
bitrate_bps = 250_000
[[encode.ladder]]
height = 180
bitrate_bps = 150_000
"""
OVERLOADED = ("passed over", "cannot keep up")
