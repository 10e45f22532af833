"""The wire: viewers' sockets, and the ways of speaking HTTP over them."""
