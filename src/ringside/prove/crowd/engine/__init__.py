"""The shell that moves the crowd's bytes: loop, connections, HTTP as a client speaks it."""
