"""DSSE envelopes, TUF roles and verifier, version floors: one implementation for publisher, API and agent."""
