"""A fleet at work, led from the command line."""
