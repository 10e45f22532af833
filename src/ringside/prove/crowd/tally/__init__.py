"""What was counted of what viewers felt."""
