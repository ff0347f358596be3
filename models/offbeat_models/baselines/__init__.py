"""Simple detectors behind the interface of the models: what a learned model has to beat, and what a user may choose."""
