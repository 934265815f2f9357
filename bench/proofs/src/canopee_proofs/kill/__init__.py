"""A small installation of real processes, killed at random; the proof is `proofs/kill.py`."""
