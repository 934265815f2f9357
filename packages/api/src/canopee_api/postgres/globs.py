"""Globs as PostgreSQL's LIKE reads them."""


def like(glob: str) -> str:
    """The pattern of LIKE for a glob: `*` is any text, `?` one character, the rest is itself."""
    escaped = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")
