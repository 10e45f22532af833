"""Events for machines that are busy: two small rungs, or three where a ladder matters.

The test card is drawn no larger than the top rung of the larger one, and encoded with little effort: left to itself
the encoder spends a third of the machine on the best picture that it can afford, and there are tests beside. One
effort is left to fall back to before a rung is given up.

And the words by which an encoder says that it fell behind.
"""

CANVAS = """
[source]
width = 640
height = 360
"""
ENCODE = """
[encode]
fps = 25
effort = "superfast"
"""
SMALL = f"""{CANVAS}{ENCODE}
[[encode.ladder]]
height = 240
bitrate_bps = 300_000
[[encode.ladder]]
height = 180
bitrate_bps = 150_000
"""
LADDER = f"""{CANVAS}{ENCODE}
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
