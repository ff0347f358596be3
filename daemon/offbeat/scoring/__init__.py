"""Answering the core's jobs with models: device choice, micro-batches, carried state, GPU to CPU fall-back."""
