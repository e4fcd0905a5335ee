"""The WebSocket edge: who may listen to what, one socket, the fan-out, and the protocol below."""
