"""The version: the year and month of a release, and its number in that month."""

__all__ = ["__version__"]

__version__ = "2026.11.0"
