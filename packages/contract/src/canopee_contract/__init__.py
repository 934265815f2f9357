"""What travels between the parts of Canopée, and the condition language. Nothing here does I/O."""
