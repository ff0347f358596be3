"""What survives a restart: snapshots of arrays, and the history of episodes."""
