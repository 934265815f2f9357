"""Orders: signing them, and what became of them."""
