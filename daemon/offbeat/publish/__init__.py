"""What leaves the daemon: events through a durable outbox, states as last values, on MQTT."""
