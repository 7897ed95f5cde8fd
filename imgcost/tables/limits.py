"""Look up the limits of platforms and the advice of the vision guide, by date."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple

from imgcost.arguments import check_choice
from imgcost.errors import NoPriceError
from imgcost.tables.platforms import PLATFORMS, Platform
from imgcost.tables.reading import Source, TomlEntry, read_published, read_rows, read_sources

__all__ = [
    "Advice",
    "LimitTable",
    "Limits",
    "Statement",
    "advice_on",
    "known_limits",
    "limits_on",
    "load_limits",
    "statements",
]

FILE = "limits.toml"

_MEASURED_ON = {"base64", "file"}


class Statement(NamedTuple):
    """A change of limits or advice.

    Attributes:
        first_day: The date, or the date of the first reading if only that is known.
        values: The values that apply from then on, by attribute of `Limits` or `Advice`.
        ends: The attributes whose values no longer apply.
        sources: The sources of the change.
        note: Caveats.
    """

    first_day: date
    values: Mapping[str, Any]
    ends: tuple[str, ...]
    sources: tuple[Source, ...]
    note: str


class Limits(NamedTuple):
    """The limits of a platform. None means that no limit is published.

    Attributes:
        media_types: Accepted media types of images.
        image_bytes: Maximum size of an image, bytes.
        image_bytes_of: Whether the size is that of its `base64` text or of its `file`.
        image_edge: Maximum edge of an image, px.
        many_images: Requests with more images than this are many-image requests.
        many_images_edge: Maximum edge of an image in a many-image request, px.
        many_images_documents: Whether document blocks count as images for `many_images`.
        images: Maximum number of images per request (on claude.ai: per message).
        images_large_context: The same for models with a large context window.
        pdf_pages: Maximum number of PDF pages per request.
        pdf_pages_large_context: The same for models with a large context window.
        large_context: Smallest context window that counts as large, tokens.
        request_bytes: Maximum size of a request, bytes.
        batch_bytes: Maximum size of a message batch, bytes.
        batch_requests: Maximum number of requests in a message batch.
        file_bytes: Maximum size of an upload to the Files API, bytes.
        text_bytes: Maximum size of the text in a request, bytes of UTF-8.
        cache_breakpoints: Maximum number of blocks with `cache_control` in a request.
        custom_id: Regular expression for the `custom_id` of a request in a batch.
        source_types: Accepted source types of image blocks.
        oversized_image: Whether image blocks support the setting `transformations.oversized_image`.
        toolset_screenshots_fail: Whether oversized screenshots of the computer and browser toolsets are rejected,
            rather than downscaled like other images.
        statements: The statements behind the limits, by attribute: `limits.statements["image_bytes"].sources`.
    """

    media_types: tuple[str, ...] | None = None
    image_bytes: int | None = None
    image_bytes_of: Literal["base64", "file"] | None = None
    image_edge: int | None = None
    many_images: int | None = None
    many_images_edge: int | None = None
    many_images_documents: bool = False
    images: int | None = None
    images_large_context: int | None = None
    pdf_pages: int | None = None
    pdf_pages_large_context: int | None = None
    large_context: int | None = None
    request_bytes: int | None = None
    batch_bytes: int | None = None
    batch_requests: int | None = None
    file_bytes: int | None = None
    text_bytes: int | None = None
    cache_breakpoints: int | None = None
    custom_id: str | None = None
    source_types: tuple[str, ...] | None = None
    oversized_image: bool = False
    toolset_screenshots_fail: bool = False
    statements: Mapping[str, Statement] = {}

    def max_images(self, context_window: int) -> int | None:
        """Return the maximum number of images in a request to a model.

        Args:
            context_window: The context window of the model, tokens.

        Returns:
            A number of images; None if no limit is published.

        Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

        Example:
            >>> [limits_on("claude-api", date(2026, 11, 22)).max_images(n) for n in (200_000, 1_000_000)]
            [100, 600]
        """
        large = self.large_context is not None and context_window >= self.large_context
        return self.images_large_context if large else self.images

    def max_pdf_pages(self, context_window: int) -> int | None:
        """Return the maximum number of PDF pages in a request to a model.

        Args:
            context_window: The context window of the model, tokens.

        Returns:
            A number of pages; None if no limit is published.

        Source: https://platform.claude.com/docs/en/build-with-claude/pdf-support (read 2026-08-22)

        Example:
            >>> limits_on("claude-api", date(2026, 11, 22)).max_pdf_pages(1_000_000)
            600
        """
        large = self.large_context is not None and context_window >= self.large_context
        return self.pdf_pages_large_context if large else self.pdf_pages


class Advice(NamedTuple):
    """The advice of the vision guide. None means that there is none.

    Attributes:
        tiny_edge: Images with a shorter edge may be read less reliably, px.
        latency_pixels: Images with a larger area increase the time to first token, square px.
        latency_edge: Images with a longer edge increase the time to first token, px.
        statements: The statements behind the advice, by attribute.
    """

    tiny_edge: int | None = None
    latency_pixels: int | None = None
    latency_edge: int | None = None
    statements: Mapping[str, Statement] = {}


class LimitTable(NamedTuple):
    """The contents of limits.toml.

    Attributes:
        platforms: The changes of the limits of each platform, oldest first.
        advice: The changes of the advice, oldest first.
    """

    platforms: dict[str, tuple[Statement, ...]]
    advice: tuple[Statement, ...]


_LISTS = ("media_types", "source_types")
_FLAGS = ("many_images_documents", "oversized_image", "toolset_screenshots_fail")
_TEXTS = ("image_bytes_of", "custom_id")
_NUMBERS = tuple(name for name in Limits._fields if name not in {*_LISTS, *_FLAGS, *_TEXTS, "statements"})
_ADVICE = tuple(name for name in Advice._fields if name != "statements")


def load_limits(data: Mapping[str, Any]) -> LimitTable:
    """Validate the parsed limits.toml and build its table.

    Args:
        data: The parsed file.

    Returns:
        The table.

    Raises:
        TableError: The file is invalid.
    """
    top = TomlEntry(FILE, "limits.toml", data)
    sources = read_sources(FILE, top)
    platform_rows = TomlEntry(FILE, "platforms", top.take("platforms", dict))
    by_platform: dict[str, tuple[Statement, ...]] = {}
    same = top.take("same", dict)
    for name in PLATFORMS:
        if name not in same:
            rows = read_rows(FILE, f"platforms.{name}", platform_rows.take(name, list))
            by_platform[name] = _statements(rows, sources, _limits)
    platform_rows.done()
    for name, raw in same.items():
        by_platform[name] = _same(TomlEntry(FILE, f"same.{name}", raw), name, by_platform, sources)
    advice = _statements(read_rows(FILE, "advice", top.take("advice", list)), sources, _advised)
    top.done()
    return LimitTable(by_platform, advice)


def _same(
    entry: TomlEntry, name: str, by_platform: Mapping[str, tuple[Statement, ...]], sources: Mapping[str, Source]
) -> tuple[Statement, ...]:
    """Return the changes of another platform, dated no earlier than the platform is known to share them."""
    of, first_day, own_sources = entry.take("as", str), entry.take("from", date), entry.sources(sources)
    entry.note()
    entry.done()
    if name not in PLATFORMS or of not in by_platform:
        raise entry.error("must name a platform that has limits of its own", "as")
    return tuple(
        change._replace(first_day=max(change.first_day, first_day), sources=(*change.sources, *own_sources))
        for change in by_platform[of]
    )


def _limits(entry: TomlEntry) -> dict[str, Any]:
    values: dict[str, Any] = {name: entry.maybe(name, int) for name in _NUMBERS}
    values |= {name: entry.maybe(name, bool) for name in _FLAGS}
    values |= {name: entry.texts(name) or None for name in _LISTS}
    values |= {name: entry.maybe(name, str) for name in _TEXTS}
    if values["image_bytes_of"] not in {None, *_MEASURED_ON}:
        raise entry.error("must be base64 or file", "image_bytes_of")
    return values


def _advised(entry: TomlEntry) -> dict[str, Any]:
    return {name: entry.maybe(name, int) for name in _ADVICE}


def _statements(
    rows: Iterator[tuple[TomlEntry, date]], sources: Mapping[str, Source], read: Callable[[TomlEntry], dict[str, Any]]
) -> tuple[Statement, ...]:
    statements = []
    in_effect: set[str] = set()
    for entry, first_day in rows:
        values = {name: value for name, value in read(entry).items() if value is not None}
        ends = entry.texts("ends")
        for name in ends:
            if name not in in_effect:
                raise entry.error(f"{name!r} has no value before this row", "ends")
        if not values and not ends:
            raise entry.error("changes nothing")
        in_effect = (in_effect | values.keys()) - set(ends)
        statements.append(Statement(first_day, values, ends, entry.sources(sources), entry.note()))
        entry.done()
    return tuple(statements)


@cache
def _table() -> LimitTable:
    return load_limits(read_published(FILE))


def statements(platform: Platform) -> tuple[Statement, ...]:
    """List all changes of the limits of a platform, oldest first.

    Args:
        platform: One of `platforms()`.

    Returns:
        The changes, with dates and sources.

    Example:
        >>> statements("claude-ai")[0].values["images"]
        5
    """
    check_choice("platform", platform, PLATFORMS)
    return _table().platforms[platform]


def _values_on(name: str, changes: tuple[Statement, ...], day: date) -> tuple[dict[str, Any], dict[str, Statement]]:
    """Combine the changes up to a date into the values that apply then, and the statements behind them."""
    if day < changes[0].first_day:
        raise NoPriceError(name, day, changes[0].first_day, kind="limit")
    values: dict[str, Any] = {}
    in_effect: dict[str, Statement] = {}
    for change in changes:
        if change.first_day > day:
            break
        for key in change.ends:
            del values[key], in_effect[key]
        values |= change.values
        in_effect |= dict.fromkeys(change.values, change)
    return values, in_effect


@cache
def limits_on(platform: Platform, day: date) -> Limits:
    """Return the limits of a platform on a date.

    Args:
        platform: One of `platforms()`.
        day: The date.

    Returns:
        The limits; None for those that are not published.

    Raises:
        NoPriceError: No limits are known for that date; the error names the first known date.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    Example:
        >>> limits_on("claude-api", date(2024, 3, 4)).images
        20
        >>> limits_on("claude-api", date(2026, 11, 22)).image_bytes
        10485760
    """
    values, in_effect = _values_on(platform, statements(platform), day)
    return Limits(**values, statements=in_effect)


def known_limits(platform: Platform, day: date) -> Limits:
    """Return the known limits of a platform on a date.

    Args:
        platform: One of `platforms()`.
        day: The date.

    Returns:
        The limits; without any limits if none are known for that date.

    Example:
        >>> known_limits("bedrock", date(2024, 3, 4)).image_edge
    """
    try:
        return limits_on(platform, day)
    except NoPriceError:
        return Limits()


@cache
def advice_on(day: date) -> Advice:
    """Return the advice of the vision guide on a date.

    Args:
        day: The date.

    Returns:
        The advice.

    Raises:
        NoPriceError: The date is before the first guide.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-04-14 and 2026-04-17)

    Example:
        >>> [advice_on(date(2026, 4, n)).latency_edge for n in (16, 17)]
        [1568, None]
    """
    values, in_effect = _values_on("the vision guide", _table().advice, day)
    return Advice(**values, statements=in_effect)
