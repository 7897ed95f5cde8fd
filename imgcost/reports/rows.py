"""Rows: one an image and model, streamed as CSV, JSON lines or a JSON array while the scan goes on.

What could not be counted has a row too, with its reason and without a model.
"""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from imgcost import geometry
from imgcost.errors import ImgcostError
from imgcost.files import Image
from imgcost.formats import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgcost.estimates import Terms
    from imgcost.files import Found

__all__ = ["COLUMNS", "RowWriter", "open_rows", "rows_of"]

COLUMNS = {
    "path": "the file, as reached from the path that was given",
    "media_type": "by content: image/jpeg, image/png, image/gif or image/webp",
    "width": "as stored, px",
    "height": "as stored, px",
    "orientation": "EXIF orientation, 1 to 8",
    "animated": "true if there is more than one frame; Claude sees the first",
    "file_bytes": "size of the file, bytes",
    "model": "the model's id",
    "tier": "its resolution tier",
    "formula": "the formula that counted",
    "tokens": "visual tokens",
    "downscaled": "true if the API would downscale the image",
    "resized_width": "what Claude sees, px",
    "resized_height": "what Claude sees, px",
    "input_usd": "US dollars for the image as input, exact",
    "problem": "why it could not be counted, as a slug; empty for an image",
    "reason": "the same as a sentence",
}
"""The columns of a row, in their order, and what they hold."""

_IMAGE_COLUMNS = 7
_BLANK_MODEL = (None,) * 8


def rows_of(found: Iterable[Found], settled: Sequence[Terms]) -> Iterator[tuple[Any, ...]]:
    """Build the rows of what was found: for each image one a model, for everything else one.

    Args:
        found: Images and what could not be counted, in the order of the scan.
        settled: The terms of each model.

    Yields:
        Values in the order of `COLUMNS`; None where a column does not apply, dollars as exact decimal text.

    >>> from imgcost.estimates import terms
    >>> image = Image("a.png", "image/png", 1000, 1000, 1, False, 900)
    >>> next(rows_of([image], [terms("claude-3-sonnet")]))[7:15]
    ('claude-3-sonnet-20240229', 'standard', 'area', 1334, False, 1000, 1000, '0.004002')
    """
    dollars: list[dict[int, str]] = [{} for _ in settled]
    for one in found:
        if not isinstance(one, Image):
            yield (one.path, None, one.width, one.height, None, None, None, *_BLANK_MODEL, one.problem, one.reason)
            continue
        _, _, width, height, _, _, _ = one
        for known, (model, _, tier, formula, _, _), terms in zip(dollars, settled, settled, strict=True):
            tokens = geometry.image_tokens(width, height, tier, formula)
            usd = known.get(tokens) or known.setdefault(tokens, f"{terms.cost_usd(tokens):f}")
            resized = geometry.resized_size(width, height, tier)
            yield (*one, model.id, tier.name, formula, tokens, resized != (width, height), *resized, usd, None, None)


class RowWriter:
    """Writes rows to a text stream as they come.

    Every `write` ends on a whole row, so that what is on disk can be read at any time (a JSON array lacks its end).
    """

    def __init__(self, stream: TextIO, settled: Sequence[Terms], kind: str) -> None:
        """Begin the file.

        Args:
            stream: Where to; opened without newline translation.
            settled: The terms of each model.
            kind: `csv`, `jsonl` or `json`.
        """
        self._stream = stream
        self._settled = settled
        self._encode = {"csv": _as_csv, "jsonl": _as_jsonl, "json": _as_json}[kind]
        self._array = kind == "json"
        self._begun = False
        if kind == "csv":
            stream.write(",".join(COLUMNS) + "\r\n")

    def write(self, found: Iterable[Found]) -> None:
        """Write the rows of what was found, all at once."""
        text = self._encode(rows_of(found, self._settled))
        if self._array and text:
            text = (",\n" if self._begun else "[\n") + text
            self._begun = True
        self._stream.write(text)

    def close(self) -> None:
        """End the file: a JSON array needs its bracket."""
        if self._array:
            self._stream.write("\n]\n" if self._begun else "[]\n")
        self._stream.flush()


@contextmanager
def open_rows(target: str | TextIO, settled: Sequence[Terms], kind: str | None = None) -> Iterator[RowWriter]:
    """Open a file or a stream for rows.

    Args:
        target: A path, whose suffix says the format, or an open text stream.
        settled: The terms of each model.
        kind: The format, for a stream.

    Yields:
        The writer.

    Raises:
        ImgcostError: The suffix names no format that rows can have.
        OSError: The file cannot be written.
    """
    if not isinstance(target, str):
        writer = RowWriter(target, settled, kind or "csv")
        yield writer
        writer.close()
        return
    suffix = Path(target).suffix.lower().removeprefix(".")
    if suffix not in {"csv", "json", "jsonl"}:
        raise ImgcostError(f"cannot write rows to {visible(target)}: give it a suffix .csv, .json or .jsonl")
    with Path(target).open("w", encoding="utf-8", newline="") as stream:
        writer = RowWriter(stream, settled, suffix)
        yield writer
        writer.close()


def _as_csv(rows: Iterable[tuple[Any, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(
        (_cell(row[0]), *map(_plain, row[1:-1]), _cell(row[-1]) if row[-1] else None) for row in rows
    )
    return buffer.getvalue()


def _cell(text: str) -> str:
    """A text from outside, for a spreadsheet: nothing invisible in it, and no formula that opening it would run."""
    text = visible(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _as_jsonl(rows: Iterable[tuple[Any, ...]]) -> str:
    return "".join(_object(row) + "\n" for row in rows)


def _as_json(rows: Iterable[tuple[Any, ...]]) -> str:
    return ",\n".join(map(_object, rows))


def _object(row: tuple[Any, ...]) -> str:
    """One row as JSON: every key always there; a byte of a path that is no UTF-8 becomes an escape."""
    path = row[0].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return json.dumps(dict(zip(COLUMNS, (path, *row[1:]), strict=True)))
