"""The columns of every table that imgcost writes: names, types and meanings."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

__all__ = [
    "CALLS",
    "CHECK",
    "ESTIMATE",
    "FIT",
    "FIT_REQUESTS",
    "PLAN",
    "SCAN",
    "Column",
    "ColumnType",
    "Row",
    "Schema",
]

Row: TypeAlias = "tuple[Any, ...]"
"""Values in the order of a schema's columns; None where a column does not apply, dollars as exact decimal text."""

ColumnType: TypeAlias = Literal["path", "text", "category", "integer", "usd", "boolean"]
"""`path` is escaped by `imgcost.paths`, `category` is text with few different values, `usd` is exact decimal text."""


class Column(NamedTuple):
    """A column.

    Attributes:
        type: Type of its values.
        meaning: Description for people.
    """

    type: ColumnType
    meaning: str


class Schema(NamedTuple):
    """The columns of a table, in order. Every row has a value or None for each of them.

    Attributes:
        id: Name and version, such as `imgcost.rows/2`.
        title: Title of reports with this table.
        columns: Columns by name.
    """

    id: str
    title: str
    columns: Mapping[str, Column]

    def rows(self, entries: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        """Convert entries to rows.

        Args:
            entries: Values by column. Missing values become None; other keys are ignored.

        Yields:
            One row per entry.
        """
        texts = {name for name, column in self.columns.items() if column.type in ("text", "category", "path")}
        for entry in entries:
            values = ((name, entry.get(name)) for name in self.columns)
            yield tuple(str(value) if name in texts and value is not None else value for name, value in values)

    def frame(self, rows: Iterable[Row]) -> pd.DataFrame:
        """Convert rows to a DataFrame. Needs pandas.

        Args:
            rows: The rows.

        Returns:
            A DataFrame with the dtypes Int64, boolean and category; strings for text, exact `Decimal`s for dollars.
            Missing values are None for dollars, and otherwise those of the dtype; `isna` finds all of them.
        """
        import pandas as pd  # noqa: PLC0415 - optional dependency

        dtypes = {"integer": "Int64", "boolean": "boolean", "category": "category"}
        types = {name: dtypes[column.type] for name, column in self.columns.items() if column.type in dtypes}
        frame = pd.DataFrame(rows, columns=list(self.columns)).astype(types)
        for name, column in self.columns.items():
            if column.type == "usd":
                exact = [Decimal(text) if isinstance(text, str) else None for text in frame[name]]
                frame[name] = pd.Series(exact, index=frame.index, dtype=object)
        return frame


_MODEL = {
    "model": Column("category", "model ID"),
    "tier": Column("category", "resolution tier of the model"),
    "formula": Column("category", "formula used to count tokens"),
}
_RESIZED = {
    "downscaled": Column("boolean", "true if the API would downscale the image"),
    "resized_width": Column("integer", "width that Claude sees, px"),
    "resized_height": Column("integer", "height that Claude sees, px"),
}

SCAN = Schema(
    "imgcost.rows/2",
    "What images cost with Claude",
    {
        "path": Column(
            "path",
            "path of the file, starting with the given path; `imgcost.unescape_path` decodes the rare escaped names",
        ),
        "media_type": Column("category", "media type detected from content, such as image/jpeg"),
        "width": Column("integer", "width as stored, px"),
        "height": Column("integer", "height as stored, px"),
        "orientation": Column("integer", "EXIF orientation, 1 to 8"),
        "animated": Column("boolean", "true if there is more than one frame; Claude sees only the first"),
        "file_bytes": Column("integer", "file size, bytes"),
        "duplicate_of": Column(
            "path", "with --dedupe: path of the earlier image with the same bytes; the row is excluded from totals"
        ),
        **_MODEL,
        "tokens": Column("integer", "visual tokens"),
        **_RESIZED,
        "input_usd": Column("usd", "US dollars for the image as input, exact"),
        "rejected": Column("category", "rule by which the API would reject the image as it is; empty if accepted"),
        "problem": Column(
            "category", "short name of the reason why the file was not counted, such as damaged; empty for an image"
        ),
        "reason": Column("text", "why the file would be rejected or could not be counted, as a sentence"),
    },
)

ESTIMATE = Schema(
    "imgcost.estimate/2",
    "What images cost with Claude",
    {
        "path": Column("path", "path of the file; empty for a size"),
        "width": Column("integer", "width as sent, px"),
        "height": Column("integer", "height as sent, px"),
        **_MODEL,
        "as_of": Column("category", "date whose prices apply"),
        "platform": Column("category", "platform that serves the requests"),
        "endpoint": Column("category", "global or regional"),
        "speed": Column("category", "standard or fast"),
        "inference_geo": Column("category", "global or us"),
        "batch": Column("boolean", "true for Message Batches API prices"),
        "cache": Column("category", "none, or 5m or 1h if priced as written to the prompt cache"),
        "usd_per_mtok": Column("usd", "US dollars per million visual tokens, including all multipliers"),
        "tokens": Column("integer", "visual tokens"),
        **_RESIZED,
        "rejected": Column("category", "rule by which the API would reject the image as it is; empty if accepted"),
        "input_usd": Column("usd", "US dollars for the image as input, exact"),
        "cache_read_usd": Column("usd", "US dollars for the image as read from the prompt cache, exact"),
        "input_usd_per_1000": Column("usd", "US dollars per 1,000 images"),
        "count": Column("integer", "with --count: number of images"),
        "input_usd_of_count": Column("usd", "with --count: US dollars for all of these images"),
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
            "as specified, or an alternative: standard (no batch, no cache), batch, cached, batch + cached, packed, "
            "downscaled, or the ID of another model",
        ),
        "alternative_to": Column("category", "of an alternative: the model that was specified"),
        "images": Column("integer", "number of images, each counted once"),
        "visual_tokens": Column("integer", "visual tokens of the images, each counted once"),
        "images_usd": Column(
            "usd", "US dollars for visual_tokens as uncached input, exact; the total of a scan without --prompt-cache"
        ),
        "images_per_request": Column("integer", "most new images in a request"),
        "requests": Column("integer", "number of requests, without retries"),
        "input_tokens": Column("integer", "input tokens that are not cached: text, images and overhead"),
        "cache_write_5m_tokens": Column("integer", "input tokens written to the cache for 5 minutes"),
        "cache_write_1h_tokens": Column("integer", "input tokens written to the cache for 1 hour"),
        "cache_read_tokens": Column("integer", "input tokens read from the cache"),
        "output_tokens": Column("integer", "tokens of the answers"),
        "total_usd": Column("usd", "US dollars, retries included, exact"),
        "retries_usd": Column("usd", "the part of total_usd for retries"),
        "usd_per_1000_images": Column("usd", "US dollars per 1,000 images"),
        "saves_usd": Column("usd", "of an alternative: US dollars less than as specified, exact; negative if more"),
        "tradeoff": Column("text", "of an alternative: what it takes in return"),
    },
)

CHECK = Schema(
    "imgcost.check/2",
    "What would be rejected",
    {
        "severity": Column("category", "error if the API would reject it, otherwise warning"),
        "rule": Column("category", "name of the rule; 'imgcost rules RULE' explains it"),
        "location": Column("path", "location in the request, written as in the Anthropic SDK, or the file"),
        "file": Column("path", "file that was checked, or that contains the request"),
        "line": Column("integer", "line of a batch file, from 1"),
        "message": Column("text", "what is wrong, as a sentence"),
        "observed": Column("text", "measured value"),
        "limit": Column("text", "limit that applies"),
        "unit": Column("category", "unit of both values"),
        "advice": Column("text", "how to fix it"),
        "sources": Column("text", "where the limit was published"),
    },
)

FIT = Schema(
    "imgcost.fit/1",
    "What fitting images saves",
    {
        "path": Column("path", "path of the file, starting with the given path"),
        "status": Column(
            "category",
            "fitted (resized or converted), copied, linked or skipped (unchanged, because it is accepted and fits), "
            "exists (copy of an earlier run), failed, or ignored (not an image)",
        ),
        "output": Column("path", "path of the copy; of the file itself if it was skipped"),
        "media_type": Column("category", "media type of the file, detected from content"),
        "width": Column("integer", "width of the file as stored, px"),
        "height": Column("integer", "height of the file as stored, px"),
        "file_bytes": Column("integer", "size of the file, bytes"),
        "model": Column("category", "model ID"),
        "tokens": Column("integer", "visual tokens of the file; if it would be rejected, those after resizing"),
        "rejected": Column("category", "rule by which the API would reject the file as it is; empty if accepted"),
        "output_media_type": Column("category", "media type of the copy"),
        "output_width": Column("integer", "width of the copy, px"),
        "output_height": Column("integer", "height of the copy, px"),
        "output_bytes": Column("integer", "size of the copy, bytes; empty with --dry-run if it is not known yet"),
        "output_tokens": Column("integer", "visual tokens of the copy"),
        "saved_usd": Column("usd", "US dollars that the copy saves each time it is sent, exact"),
        "quality": Column("integer", "JPEG or WebP quality of the copy; empty if lossless or unchanged"),
        "problem": Column(
            "category",
            "why there is no copy, such as damaged; outdated (an existing copy is older than the file), not-smaller "
            "(unchanged, because a resized copy would have more bytes), or with --dry-run if-smaller (perhaps so)",
        ),
        "reason": Column("text", "the problem as a sentence"),
    },
)

FIT_REQUESTS = Schema(
    "imgcost.fit-requests/1",
    "What was changed in requests",
    {
        "status": Column("category", "changed, or failed: what could not be fixed"),
        "location": Column("path", "location in the file or request, written as in the Anthropic SDK"),
        "line": Column("integer", "line of the file, from 1; empty for one document"),
        "rules": Column("text", "names of the rules whose findings led to it; 'imgcost rules RULE' explains them"),
        "action": Column("text", "what was done, or why it could not be fixed"),
        "original_bytes": Column("integer", "length of the image data before, as text in the request"),
        "bytes": Column("integer", "length of what replaces it"),
        "original_width": Column("integer", "width of the image before, px; empty if its pixels are the same"),
        "original_height": Column("integer", "height of the image before, px"),
        "width": Column("integer", "width of the image after, px"),
        "height": Column("integer", "height of the image after, px"),
        "original_tokens": Column("integer", "visual tokens before; empty if unknown"),
        "tokens": Column("integer", "visual tokens after; empty if it is not an image"),
    },
)

CALLS = Schema(
    "imgcost.calls/1",
    "Calls",
    {
        "operation": Column("category", "messages, batches or count_tokens"),
        "model": Column("category", "model that the request names"),
        "outcome": Column(
            "category",
            "sent (usage was not read, or not yet), answered, rejected, failed (no answer) or stopped (not sent)",
        ),
        "images": Column("integer", "number of images"),
        "image_tokens": Column("integer", "predicted tokens of the images, with measured overhead"),
        "prompt_tokens": Column("integer", "predicted tokens of the prompt; its text is an estimate"),
        "billed_prompt_tokens": Column("integer", "tokens of the prompt by usage, cached or not"),
        "output_tokens": Column("integer", "tokens of the answer by usage"),
        "max_usd": Column("usd", "the most that the call could cost, US dollars"),
        "billed_usd": Column("usd", "price of usage, US dollars"),
        "changes": Column("integer", "number of changes that made the request acceptable"),
        "errors": Column("integer", "number of errors that were found before it was sent, and not fixed"),
    },
)
