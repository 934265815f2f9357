"""The people's door: Litestar."""
