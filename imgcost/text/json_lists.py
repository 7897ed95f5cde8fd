"""Render reports with long lists as JSON, piece by piece."""

from __future__ import annotations

import json
from textwrap import indent
from typing import TYPE_CHECKING, Any

from imgcost.text.rendering import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from imgcost.text.rendering import Report

__all__ = ["json_with_lists"]


def json_with_lists(report: Report, lists: Mapping[str, Iterable[Mapping[str, Any]]]) -> Iterator[str]:
    """Render a report as JSON, followed by lists that may not fit in memory.

    Args:
        report: The report, without the lists.
        lists: The entries of each list, by its key.

    Yields:
        Parts of the text.

    >>> from imgcost.text import Report
    >>> print("".join(json_with_lists(Report({"a": 1}, []), {"files": [{"path": "b"}], "none": []})))
    {
      "a": 1,
      "files": [
        {
          "path": "b"
        }
      ],
      "none": []
    }
    """
    yield as_json(report).removesuffix("\n}")
    for name, entries in lists.items():
        yield f',\n  "{name}": ['
        separator = ""
        for entry in entries:
            values = ",\n".join(f'      "{key}": {_json_value(value)}' for key, value in entry.items())
            yield f"{separator}\n    {{\n{values}\n    }}"
            separator = ","
        yield "\n  ]" if separator else "]"
    yield "\n}"


def _json_value(value: Any) -> str:
    """Encode a value of an entry; with indents the encoder of Python is four times as slow, so they are added here."""
    if isinstance(value, list) and value:
        return indent(json.dumps(value, indent=2), " " * 6).lstrip()
    return json.dumps(value)
