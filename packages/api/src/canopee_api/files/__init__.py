"""Files that PCs send: staged in a folder while they come, then kept under their SHA-256 until they expire."""
