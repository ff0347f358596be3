"""Variational auto-encoders for windows of irregularly sampled sensors. Knows nothing of the daemon.

Importing this package imports no torch; its modules do, all but `windows`.
"""
