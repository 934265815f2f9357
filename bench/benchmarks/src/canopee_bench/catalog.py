"""The sample catalog of the repository."""

from pathlib import Path

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
