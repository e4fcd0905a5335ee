"""The servers that `benchmarks/fanout.py` measures, each in a file of its own."""
