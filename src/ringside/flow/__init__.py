"""A chunk's journey: capture, encode, mux, origin, relay, watch. Alphabetical order is the order of travel."""
