"""What others can do to who uses the service as they should: slow, gone, stalled or all at once. And a day of it."""
