"""A crowd of viewers that play as real players do, and what each of them felt.

A plan goes in, a tally comes out. `arrive` says who comes when; `player/` holds the state machines (pure: they are told
what arrived and when, and answer with what to ask for); `engine` moves the bytes; `tally` counts what viewers felt.
"""
