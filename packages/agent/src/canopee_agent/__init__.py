"""The agent: runs signed pipelines on one PC, Windows or Linux, from the same code."""

__version__ = "0.1.0"
