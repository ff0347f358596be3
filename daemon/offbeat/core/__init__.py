"""The pure core: readings in, decisions out.

No I/O, no clock, no threads, no torch: time, randomness and model scores are arguments. State is arrays
over sensors. The same core runs live, in replay and in backtests; given the same input it gives the same output.
"""
