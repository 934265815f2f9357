"""The benchmarks: one file each, found by discovery; the shape is in `canopee_bench.benchmark`."""
