"""Records on their way in."""
