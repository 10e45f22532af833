"""The rules inside the boxes, for either kind of stream, and of transport streams."""
