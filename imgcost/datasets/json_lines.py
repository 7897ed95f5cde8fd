"""Read the objects of a file of JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcost.errors import ImgcostError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["json_rows"]


def json_rows(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Iterate over the objects of a file of JSON lines, with the numbers of their lines; blank lines are skipped.

    Raises:
        ImgcostError: A line is not a JSON object.
    """
    with Path(path).open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _object(path, number, line)


def _object(path: str, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ImgcostError(f"{path}, line {number}: not JSON: {error}") from None
    if not isinstance(row, dict):
        raise ImgcostError(f"{path}, line {number}: expected a JSON object with width and height")
    return row
