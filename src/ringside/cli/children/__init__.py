"""The processes of an event, as the supervisor starts them: origin, edge worker, filler, studio."""
