"""The gateway: an edge that is fed by a multicast group, and by unicast where the group is silent or short."""
