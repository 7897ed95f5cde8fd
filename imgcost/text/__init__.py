"""Everything that is printed: rendering as text, Markdown and JSON, and beside it a room for each command's report."""

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
