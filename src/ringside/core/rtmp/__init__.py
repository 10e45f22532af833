"""RTMP as bytes and values (Adobe RTMP 1.0): chunks, messages and AMF0, read within bounds, and written.

Pure, and of neither side: the server in capture and the publisher in relay speak it alike.
"""
