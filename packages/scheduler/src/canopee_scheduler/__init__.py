"""A console program: one mechanism for planned tasks, deployed as often as needed, each with its configuration."""
