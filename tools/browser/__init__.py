"""A real browser before the web interface: what the journeys and `make screens` share."""
