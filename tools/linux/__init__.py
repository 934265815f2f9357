"""The agent's package for Debian and alike, built without root."""
