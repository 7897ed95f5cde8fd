"""The columns of every table that imgcost writes, defined once: name, type, and what they hold."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

__all__ = ["CHECK", "ESTIMATE", "PLAN", "SCAN", "Column", "ColumnType", "Row", "Schema"]

Row: TypeAlias = "tuple[Any, ...]"
"""Values in the order of a schema's columns, None where one does not apply; dollars as exact decimal text."""

ColumnType: TypeAlias = Literal["path", "text", "category", "integer", "usd", "boolean"]
"""`path` is a path as `imgcost.paths` writes it, `category` a text of few values, `usd` exact decimal text."""


class Column(NamedTuple):
    """A column.

    Attributes:
        type: What it holds.
        meaning: What that is, for people.
    """

    type: ColumnType
    meaning: str


class Schema(NamedTuple):
    """The columns of a table; every row has a value or None for each of them, in this order.

    Attributes:
        id: Name and version, such as `imgcost.rows/2`.
        title: What a report of it is called.
        columns: The columns by name.
    """

    id: str
    title: str
    columns: Mapping[str, Column]

    def rows(self, entries: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        """Order the values of entries by the columns.

        Args:
            entries: Values by column; what is left out is None, and what is no column is left out.

        Yields:
            A row per entry.
        """
        texts = {name for name, column in self.columns.items() if column.type in ("text", "category", "path")}
        for entry in entries:
            values = ((name, entry.get(name)) for name in self.columns)
            yield tuple(str(value) if name in texts and value is not None else value for name, value in values)

    def frame(self, rows: Iterable[Row]) -> pd.DataFrame:
        """Make a DataFrame of rows; it needs pandas.

        Args:
            rows: The rows.

        Returns:
            A frame with these columns: Int64, boolean and category, text as strings, exact Decimals for dollars. A
            value that does not apply is NA, and None in a column of dollars.
        """
        import pandas as pd  # noqa: PLC0415 - most uses need none

        dtypes = {"integer": "Int64", "boolean": "boolean", "category": "category"}
        types = {name: dtypes[column.type] for name, column in self.columns.items() if column.type in dtypes}
        frame = pd.DataFrame(rows, columns=list(self.columns)).astype(types)
        for name, column in self.columns.items():
            if column.type == "usd":
                exact = [Decimal(text) if isinstance(text, str) else None for text in frame[name]]
                frame[name] = pd.Series(exact, index=frame.index, dtype=object)
        return frame


_MODEL = {
    "model": Column("category", "the model's id"),
    "tier": Column("category", "its resolution tier"),
    "formula": Column("category", "the formula used to count tokens"),
}
_RESIZED = {
    "downscaled": Column("boolean", "true if the API would downscale the image"),
    "resized_width": Column("integer", "what Claude sees, px"),
    "resized_height": Column("integer", "what Claude sees, px"),
}

SCAN = Schema(
    "imgcost.rows/2",
    "What images cost with Claude",
    {
        "path": Column(
            "path",
            "the file, relative to the path that was given; `imgcost.unescape_path` undoes the escapes of rare names",
        ),
        "media_type": Column("category", "detected from content, such as image/jpeg"),
        "width": Column("integer", "as stored, px"),
        "height": Column("integer", "as stored, px"),
        "orientation": Column("integer", "EXIF orientation, 1 to 8"),
        "animated": Column("boolean", "true if there is more than one frame; Claude sees the first"),
        "file_bytes": Column("integer", "size of the file, bytes"),
        "duplicate_of": Column(
            "path", "with --dedupe: the earlier image with the same bytes; such a row is in no total"
        ),
        **_MODEL,
        "tokens": Column("integer", "visual tokens"),
        **_RESIZED,
        "input_usd": Column("usd", "US dollars for the image as input, exact"),
        "rejected": Column("category", "the rule by which the API would reject the image as it is, or empty"),
        "problem": Column("category", "why the file could not be counted, as a slug; empty for an image"),
        "reason": Column("text", "why it would be rejected or could not be counted, as a sentence"),
    },
)

ESTIMATE = Schema(
    "imgcost.estimate/2",
    "What images cost with Claude",
    {
        "width": Column("integer", "as sent, px"),
        "height": Column("integer", "as sent, px"),
        **_MODEL,
        "as_of": Column("category", "date whose prices apply"),
        "platform": Column("category", "where requests are sent"),
        "endpoint": Column("category", "global or regional"),
        "speed": Column("category", "standard or fast"),
        "inference_geo": Column("category", "global or us"),
        "batch": Column("boolean", "true if priced in a message batch"),
        "cache": Column("category", "none, or 5m or 1h if priced as written to the prompt cache"),
        "usd_per_mtok": Column("usd", "US dollars per million visual tokens, all conditions included"),
        "tokens": Column("integer", "visual tokens"),
        **_RESIZED,
        "input_usd": Column("usd", "US dollars for the image as input, exact"),
        "cache_read_usd": Column("usd", "the same read from the prompt cache"),
        "input_usd_per_1000": Column("usd", "US dollars per 1,000 images"),
        "count": Column("integer", "with --count: number of images"),
        "input_usd_of_count": Column("usd", "US dollars for all of them"),
    },
)

PLAN = Schema(
    "imgcost.plan/2",
    "What a job costs with Claude",
    {
        **_MODEL,
        "as_of": Column("category", "date whose prices and limits apply"),
        "variant": Column(
            "category",
            "as specified, or an alternative: standard, batch, cached, batch + cached, packed, downscaled",
        ),
        "images": Column("integer", "images that are sent, each once"),
        "visual_tokens": Column("integer", "visual tokens of the images, each once"),
        "images_usd": Column("usd", "US dollars for those alone, exact: what a scan of the same images says"),
        "images_per_request": Column("integer", "most new images in a request"),
        "requests": Column("integer", "without retries"),
        "input_tokens": Column("integer", "uncached prompt tokens, images included"),
        "cache_write_5m_tokens": Column("integer", "prompt tokens written to the cache for five minutes"),
        "cache_write_1h_tokens": Column("integer", "prompt tokens written to the cache for an hour"),
        "cache_read_tokens": Column("integer", "prompt tokens read from the cache"),
        "output_tokens": Column("integer", "tokens of the answers"),
        "total_usd": Column("usd", "US dollars, retries included, exact"),
        "retries_usd": Column("usd", "how much of that is for requests sent again"),
        "usd_per_1000_images": Column("usd", "US dollars per 1,000 images"),
    },
)

CHECK = Schema(
    "imgcost.check/2",
    "What would be rejected",
    {
        "severity": Column("category", "error if the API would reject it, otherwise warning"),
        "rule": Column("category", "the rule's name: 'imgcost rules RULE' explains it"),
        "place": Column("path", "location in the request, as the Anthropic SDK words it, or the file"),
        "file": Column("path", "the file that it is about, or that contains the request"),
        "line": Column("integer", "line of a batch file, from 1"),
        "message": Column("text", "what was observed, as a sentence"),
        "observed": Column("text", "what was measured"),
        "limit": Column("text", "what it is compared with"),
        "unit": Column("category", "the unit of both"),
        "advice": Column("text", "what to do about it"),
        "sources": Column("text", "where the limit was read"),
    },
)
