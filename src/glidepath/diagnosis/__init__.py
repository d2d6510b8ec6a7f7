"""What a run's record says is wrong with it."""
