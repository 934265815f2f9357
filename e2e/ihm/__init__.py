"""The web interface before a real browser."""
