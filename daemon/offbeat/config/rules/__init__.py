"""What a configuration must hold beyond its types: one file of rules per table."""
