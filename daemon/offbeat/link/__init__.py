"""How to reach a broker: clients built from the settings, protocol versions, back-off.

A leaf below the edges: ingest and publish each keep a connection of their own, and neither imports the other.
"""
