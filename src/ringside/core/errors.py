"""What a person reads when something is wrong: one sentence naming the thing, and an exit status."""


class RingsideError(Exception):
    """The answer is no: the sentence is for the user, the exit status is 1."""

    exit_status = 1


class Misconfigured(RingsideError):
    """The user's arguments or configuration are at fault: the sentence names the field; exit status 2."""

    exit_status = 2
