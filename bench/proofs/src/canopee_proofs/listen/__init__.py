"""Another process that changes things, and a network that fails; the proof is `proofs/listen.py`."""
