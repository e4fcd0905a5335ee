"""A café that lives: simulated people who order and work through the public HTTP API and its WebSockets.

Knows a server by its address alone, and nothing of how it works inside.
"""
