"""What the crowd's benches put beside the crowd: a push source, other people's viewers, and eyes on the processes."""
