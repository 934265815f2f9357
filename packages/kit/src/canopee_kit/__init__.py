"""Errors, clock, plug-in discovery and logging; it has never heard of a fleet."""
