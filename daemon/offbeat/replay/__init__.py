"""Recordings, the virtual clock they are played on, and what a backtest leaves behind."""
