"""How files are written so that they survive a kill, a full disk and a power cut.

A leaf below the edges: snapshots, the outbox and the history all write files, and no edge imports another.
"""
