"""Typed client of the Canopée API."""
