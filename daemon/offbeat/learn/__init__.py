"""Learning from what was recorded: the steps of a training, each a function of recordings."""
