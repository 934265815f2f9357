"""Generated files: one module a family of them, each with `generate() -> {path: text}`."""
