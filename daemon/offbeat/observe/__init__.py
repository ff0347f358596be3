"""What the daemon tells of itself: metrics, health over HTTP, logs, and word to systemd."""
