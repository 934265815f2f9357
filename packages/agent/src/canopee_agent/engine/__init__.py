"""Deciding whether an order may run, running it, and remembering it durably."""
