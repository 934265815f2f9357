"""Benchmarks: what a promise of speed costs, as a ratio to a baseline of the same server in the same run."""
