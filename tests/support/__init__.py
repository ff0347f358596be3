"""What tests lean on: a real broker, free ports, waiting with a deadline."""
