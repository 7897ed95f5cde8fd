"""imgcost: what images will cost with Claude, before they are sent."""

from __future__ import annotations

__version__ = "2026.11.0"
