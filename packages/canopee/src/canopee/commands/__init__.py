"""One module a command, or a family of like commands; each has `add_to(commands)`."""
