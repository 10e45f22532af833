"""Relay: one chunk to many viewers. It carries bytes by name and never looks inside them."""
