"""Who comes when, on which line: from a plan and its seed."""
