"""What every check-in needs, in memory, kept true by the change table."""
