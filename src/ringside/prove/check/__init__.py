"""Is a stream conformant? Rules are pure functions over what was seen; `watch` sees; `report` tells."""
