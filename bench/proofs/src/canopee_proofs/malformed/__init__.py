"""What the proofs of the two doors share: a real API process, raw requests, and mutations by grammar."""
