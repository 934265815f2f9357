"""Simulated devices that speak the true protocol."""
