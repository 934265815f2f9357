"""Long proofs: each tries to break one promise, a given number of times, from a seed."""
