"""Build the rows of a scan."""

from __future__ import annotations

from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING

from imgcost import geometry
from imgcost.acceptance import breaches, byte_limit, sent_bytes
from imgcost.files import Image
from imgcost.paths import escape_path
from imgcost.tables import known_limits
from imgcost.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgcost.files import Group
    from imgcost.quoting import Quote
    from imgcost.tabular import Row

__all__ = ["scan_rows"]

_NO_MODEL = (None,) * 9


def scan_rows(groups: Iterable[Group], quotes: Sequence[Quote]) -> Iterator[Row]:
    """Build the rows of a scan: one per image and model, and one per file that could not be counted.

    Args:
        groups: Folders and their results, in the order of the scan.
        quotes: The quotes of the models.

    Yields:
        Values in the order of `SCAN.columns`; None if a column does not apply.

    >>> from imgcost.quoting import quotes
    >>> image = Image("a.png", "image/png", 1000, 1000, 1, False, 900)
    >>> next(scan_rows([("", [image])], quotes(["claude-3-sonnet"])))[8:16]
    ('claude-3-sonnet-20240229', 'standard', 'area', 1334, False, 1000, 1000, '0.004002')
    """
    columns_of = _model_columns(tuple(quotes))
    limits = known_limits(quotes[0].conditions.platform, quotes[0].conditions.as_of)
    max_bytes = byte_limit(limits)
    for _, files in groups:
        for file in files:
            if not isinstance(file, Image):
                yield (escape_path(file.path), *[None] * 7, *_NO_MODEL, file.problem, visible(file.reason))
                continue
            path, media_type, width, height, orientation, animated, file_bytes, earlier = file
            path, earlier = escape_path(path), None if earlier is None else escape_path(earlier)
            fields = (path, media_type, width, height, orientation, animated, file_bytes, earlier)
            size_bytes = sent_bytes(file_bytes, limits)
            excess = size_bytes if max_bytes is not None and size_bytes > max_bytes else 0
            for columns in columns_of(media_type, width, height, excess):
                yield fields + columns


@lru_cache(maxsize=4)
def _model_columns(quotes: tuple[Quote, ...]) -> Callable[[str, int, int, int], list[Row]]:
    """Return a function that returns what follows from media type, width, height and excessive size, per model."""
    limits = known_limits(quotes[0].conditions.platform, quotes[0].conditions.as_of)
    priced = [(quote, cache(partial(_usd_text, quote))) for quote in quotes]

    @lru_cache(maxsize=1 << 12)  # folders usually have few different sizes
    def columns(media_type: str, width: int, height: int, size_bytes: int) -> list[Row]:
        breach = next(breaches(media_type, width, height, size_bytes, limits), None)
        rejection = (breach.reason.rule, None, breach.message) if breach else (None, None, None)
        rows: list[Row] = []
        for quote, usd_text in priced:
            tokens = geometry.image_tokens(width, height, *quote.rule)
            resized = geometry.resized_size(width, height, quote.tier)
            counted = (tokens, resized != (width, height), *resized, usd_text(tokens))
            rows.append((quote.model.id, quote.tier.name, quote.formula, *counted, *rejection))
        return rows

    return columns


def _usd_text(quote: Quote, tokens: int) -> str:
    return f"{quote.image_usd(tokens):f}"
