"""How fast the host is beside hand-written SQL behind the same server: `python -m benchmarks`."""
