"""A crowd on several processes and several machines, and the course of it as a whole."""
