"""Coded frames of one publisher, as RTMP and WHIP bring them, to the pictures and sound that a sink takes.

unit: the atom; backlog: what waits, bounded; decoder: the one thread that decodes and calls the sink.
"""
