"""What a platform accepts on a day, and what the vision guide advised on it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple

from imgcost.arguments import take_choice
from imgcost.errors import NoPriceError
from imgcost.tables.platforms import PLATFORMS, Platform
from imgcost.tables.reading import Entry, Source, read_published, read_rows, read_sources

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
    """What changed on a day.

    Attributes:
        first_day: The day, or the day of the first reading where only that is known.
        said: What holds from then on, by the names of the attributes of `Limits` or `Advice`.
        ends: What no longer holds, by the same names.
        sources: Where it was read.
        note: What a reader should know about it.
    """

    first_day: date
    said: Mapping[str, Any]
    ends: tuple[str, ...]
    sources: tuple[Source, ...]
    note: str


class Limits(NamedTuple):
    """What a platform accepts. None means that nothing is stated.

    Attributes:
        media_types: Of images.
        image_bytes: The largest image.
        image_bytes_of: Whether its `base64` text or its `file` is measured.
        image_edge: The longest edge of an image, px.
        many_images: A request with more images than this is a many-image request.
        many_images_edge: The longest edge of an image in such a request, px.
        many_images_documents: Whether document blocks count as images there.
        images: The most images in a request (on claude.ai: in a message).
        images_large_context: The same for models with a large context window.
        pdf_pages: The most pages of PDF in a request.
        pdf_pages_large_context: The same for models with a large context window.
        large_context: The least context window that counts as large, tokens.
        request_bytes: The largest request.
        batch_bytes: The largest message batch.
        batch_requests: The most requests in a message batch.
        file_bytes: The largest upload to the Files API.
        text_bytes: Maximum text in a request, bytes of UTF-8.
        cache_breakpoints: Maximum number of blocks with `cache_control` in a request.
        custom_id: Regular expression for the `custom_id` of a request in a batch.
        source_types: Of image blocks.
        oversized_image: Whether image blocks take the setting `transformations.oversized_image`.
        toolset_screenshots_fail: Whether screenshots of the computer and browser toolsets are rejected where other
            images are downscaled.
        statements: What said so, by the names above: `limits.statements["image_bytes"].sources`.
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
        """Tell the most images in a request to a model.

        Args:
            context_window: The model's, tokens.

        Returns:
            A number of images, or None where nothing is stated.

        Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

        Example:
            >>> [limits_on("claude-api", date(2026, 11, 22)).max_images(n) for n in (200_000, 1_000_000)]
            [100, 600]
        """
        large = self.large_context is not None and context_window >= self.large_context
        return self.images_large_context if large else self.images

    def max_pdf_pages(self, context_window: int) -> int | None:
        """Tell the most pages of PDF in a request to a model.

        Args:
            context_window: The model's, tokens.

        Returns:
            A number of pages, or None where nothing is stated.

        Source: https://platform.claude.com/docs/en/build-with-claude/pdf-support (read 2026-08-22)

        Example:
            >>> limits_on("claude-api", date(2026, 11, 22)).max_pdf_pages(1_000_000)
            600
        """
        large = self.large_context is not None and context_window >= self.large_context
        return self.pdf_pages_large_context if large else self.pdf_pages


class Advice(NamedTuple):
    """What the vision guide advised. None means that it did not, or no longer does.

    Attributes:
        tiny_edge: An image with a shorter edge may be read worse, px.
        latency_pixels: A larger image makes the first token wait, px of area.
        latency_edge: An image with a longer edge makes it wait too, px.
        statements: What said so, by the names above.
    """

    tiny_edge: int | None = None
    latency_pixels: int | None = None
    latency_edge: int | None = None
    statements: Mapping[str, Statement] = {}


class LimitTable(NamedTuple):
    """All of limits.toml.

    Attributes:
        platforms: The changes of each platform, oldest first.
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
    """Check the parsed limits.toml and build what it says.

    Args:
        data: The parsed file.

    Returns:
        The table.

    Raises:
        TableError: The file does not say what it must.
    """
    top = Entry(FILE, "limits.toml", data)
    sources = read_sources(FILE, top)
    listed = Entry(FILE, "platforms", top.take("platforms", dict))
    found: dict[str, tuple[Statement, ...]] = {}
    same = top.take("same", dict)
    for name in PLATFORMS:
        if name not in same:
            rows = read_rows(FILE, f"platforms.{name}", listed.take(name, list))
            found[name] = _statements(rows, sources, _limits)
    listed.done()
    for name, raw in same.items():
        found[name] = _same(Entry(FILE, f"same.{name}", raw), name, found, sources)
    advice = _statements(read_rows(FILE, "advice", top.take("advice", list)), sources, _advised)
    top.done()
    return LimitTable(found, advice)


def _same(
    entry: Entry, name: str, found: Mapping[str, tuple[Statement, ...]], sources: Mapping[str, Source]
) -> tuple[Statement, ...]:
    """The changes of another platform, none before the date from which on the platform is known to have them too."""
    of, first_day, own = entry.take("as", str), entry.take("from", date), entry.sources(sources)
    entry.note()
    entry.done()
    if name not in PLATFORMS or of not in found:
        raise entry.error("must name a platform that has limits of its own", "as")
    return tuple(
        one._replace(first_day=max(one.first_day, first_day), sources=(*one.sources, *own)) for one in found[of]
    )


def _limits(entry: Entry) -> dict[str, Any]:
    said: dict[str, Any] = {name: entry.maybe(name, int) for name in _NUMBERS}
    said |= {name: entry.maybe(name, bool) for name in _FLAGS}
    said |= {name: entry.texts(name) or None for name in _LISTS}
    said |= {name: entry.maybe(name, str) for name in _TEXTS}
    if said["image_bytes_of"] not in {None, *_MEASURED_ON}:
        raise entry.error("must be base64 or file", "image_bytes_of")
    return said


def _advised(entry: Entry) -> dict[str, Any]:
    return {name: entry.maybe(name, int) for name in _ADVICE}


def _statements(
    rows: Iterator[tuple[Entry, date]], sources: Mapping[str, Source], read: Callable[[Entry], dict[str, Any]]
) -> tuple[Statement, ...]:
    found = []
    holding: set[str] = set()
    for entry, first_day in rows:
        said = {name: value for name, value in read(entry).items() if value is not None}
        ends = entry.texts("ends")
        for name in ends:
            if name not in holding:
                raise entry.error(f"{name!r} does not hold before", "ends")
        if not said and not ends:
            raise entry.error("changes nothing")
        holding = (holding | said.keys()) - set(ends)
        found.append(Statement(first_day, said, ends, entry.sources(sources), entry.note()))
        entry.done()
    return tuple(found)


@cache
def _table() -> LimitTable:
    return load_limits(read_published(FILE))


def statements(platform: Platform) -> tuple[Statement, ...]:
    """List every change of a platform's limits, oldest first.

    Args:
        platform: One of `platforms()`.

    Returns:
        What was said from which day on, with its sources.

    Example:
        >>> statements("claude-ai")[0].said["images"]
        5
    """
    take_choice("platform", platform, PLATFORMS)
    return _table().platforms[platform]


def _hold(name: str, changes: tuple[Statement, ...], day: date) -> tuple[dict[str, Any], dict[str, Statement]]:
    """Fold the changes until a day into what holds on it, and what said so."""
    if day < changes[0].first_day:
        raise NoPriceError(name, day, changes[0].first_day, kind="limit")
    values: dict[str, Any] = {}
    said_by: dict[str, Statement] = {}
    for change in changes:
        if change.first_day > day:
            break
        for key in change.ends:
            del values[key], said_by[key]
        values |= change.said
        said_by |= dict.fromkeys(change.said, change)
    return values, said_by


@cache
def limits_on(platform: Platform, day: date) -> Limits:
    """Tell what a platform accepts on a day.

    Args:
        platform: One of `platforms()`.
        day: The day.

    Returns:
        Its limits; what is not stated for it is None.

    Raises:
        NoPriceError: Nothing is known of this platform on that day; the error names the first day that is.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    Example:
        >>> limits_on("claude-api", date(2024, 3, 4)).images
        20
        >>> limits_on("claude-api", date(2026, 11, 22)).image_bytes
        10485760
    """
    values, said_by = _hold(platform, statements(platform), day)
    return Limits(**values, statements=said_by)


def known_limits(platform: Platform, day: date) -> Limits:
    """Return what a platform accepts on a date, as far as it is known.

    Args:
        platform: One of `platforms()`.
        day: The date.

    Returns:
        Its limits; none at all where nothing is known of the platform on that date.

    Example:
        >>> known_limits("bedrock", date(2024, 3, 4)).image_edge
    """
    try:
        return limits_on(platform, day)
    except NoPriceError:
        return Limits()


@cache
def advice_on(day: date) -> Advice:
    """Tell what the vision guide advised on a day.

    Args:
        day: The day.

    Returns:
        The advice; what it does not say is None.

    Raises:
        NoPriceError: The day is before the first guide.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-04-14 and 2026-04-17)

    Example:
        >>> [advice_on(date(2026, 4, n)).latency_edge for n in (16, 17)]
        [1568, None]
    """
    values, said_by = _hold("the vision guide", _table().advice, day)
    return Advice(**values, statements=said_by)
