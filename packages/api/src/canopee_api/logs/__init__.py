"""Log requests: asked for, answered by PCs with archives, opened, forwarded, purged."""
