"""The inputs of an event: what each shows, what is wrong with it, and which of them is on the air."""
