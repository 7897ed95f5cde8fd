"""The reports of all commands, and their rendering as text, Markdown and JSON."""

from imgcost.text.rendering import (
    Report,
    Table,
    as_json,
    as_markdown,
    as_text,
    visible,
)

__all__ = [
    "Report",
    "Table",
    "as_json",
    "as_markdown",
    "as_text",
    "visible",
]
