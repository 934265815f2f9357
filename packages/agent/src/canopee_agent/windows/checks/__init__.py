"""Areas of the acceptance of a Windows, one a module: what only a real one can answer."""
