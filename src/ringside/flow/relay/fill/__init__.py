"""The filler: takes from an origin what a machine's workers serve, once for all of them."""
