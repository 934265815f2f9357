"""The agents' door: a bare ASGI application."""
