"""What was measured on the live API and is published nowhere. Label it as measured wherever it is shown."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias

from imgcost.tables.catalog import Model, models
from imgcost.tables.reading import Entry, Source, read_published, read_sources

__all__ = ["MEASURED_NAMES", "Measured", "MeasuredName", "find_measured", "load_measured", "measurements"]

FILE = "measured.toml"

MeasuredName: TypeAlias = Literal[
    "image-wrapping-tokens",
    "message-framing-tokens",
    "patch-grid-multiple",
    "image-request-surcharge-tokens",
    "pdf-document-tokens",
    "pdf-page-dpi",
    "pdf-page-text-tokens",
]

MEASURED_NAMES: tuple[MeasuredName, ...] = (
    "image-wrapping-tokens",
    "message-framing-tokens",
    "patch-grid-multiple",
    "image-request-surcharge-tokens",
    "pdf-document-tokens",
    "pdf-page-dpi",
    "pdf-page-text-tokens",
)


class Measured(NamedTuple):
    """A measured number.

    Attributes:
        name: What was measured.
        value: The number.
        measured_ids: The models on which it was measured.
        holds_ids: The models for which it holds: the measured ones, and those that it is inferred for.
        last_day: The last day on which it was seen, where it is gone since; else None.
        sources: Where the measurements stand.
        note: What a reader should know about it.
        confidence: `high`, or `medium` where it is inferred from sums.
    """

    name: MeasuredName
    value: int
    measured_ids: tuple[str, ...]
    holds_ids: tuple[str, ...]
    last_day: date | None
    sources: tuple[Source, ...]
    note: str
    confidence: str


def load_measured(data: Mapping[str, Any], known: Sequence[Model]) -> tuple[Measured, ...]:
    """Check the parsed measured.toml and build what it says.

    Args:
        data: The parsed file.
        known: The models, in order of release.

    Returns:
        Every measurement.

    Raises:
        TableError: The file does not say what it must.
    """
    top = Entry(FILE, "measured.toml", data)
    sources = read_sources(FILE, top)
    found = []
    for name in MEASURED_NAMES:
        taken: set[str] = set()
        for number, raw in enumerate(top.take(name, list), 1):
            entry = Entry(FILE, f"{name}[{number}]", raw)
            one = _measured(name, entry, known, sources)
            entry.done()
            if taken & set(one.holds_ids):
                raise entry.error("holds for a model that a row above it holds for")
            taken.update(one.holds_ids)
            found.append(one)
    top.done()
    return tuple(found)


def _measured(name: MeasuredName, entry: Entry, known: Sequence[Model], sources: Mapping[str, Source]) -> Measured:
    ids = [model.id for model in known]
    on = entry.texts("on")
    last = entry.maybe("last", str)
    for model_id in (*on, *([last] if last and last != "open" else [])):
        if model_id not in ids:
            raise entry.error(f"{model_id!r} is no model of models.toml")
    if not on:
        raise entry.error("is missing", "on")
    first = min(map(ids.index, on))
    end = len(ids) if last == "open" else 1 + max(ids.index(last or on[0]), *map(ids.index, on))
    confidence = entry.maybe("confidence", str) or "high"
    if confidence not in {"high", "medium"}:
        raise entry.error("must be high or medium", "confidence")
    return Measured(
        name=name,
        value=entry.take("value", int),
        measured_ids=on,
        holds_ids=tuple(ids[first:end]),
        last_day=entry.maybe("to", date),
        sources=entry.sources(sources),
        note=entry.note(),
        confidence=confidence,
    )


@cache
def measurements() -> tuple[Measured, ...]:
    """List every measured number.

    Example:
        >>> [(row.name, row.value) for row in measurements()][0]
        ('image-wrapping-tokens', 3)
    """
    return load_measured(read_published(FILE), models())


def find_measured(name: MeasuredName, model: Model, day: date | None = None) -> Measured | None:
    """Find a measured number of a model.

    Args:
        name: What was measured.
        model: The model.
        day: The day it is wanted for; numbers that were gone by then are left out. None means the present.

    Returns:
        The measurement, or None where nothing was measured.

    Example:
        >>> from imgcost.tables import find_model
        >>> find_measured("patch-grid-multiple", find_model("claude-3-5-haiku")).value
        2
    """
    for row in measurements():
        if row.name == name and model.id in row.holds_ids:
            gone = row.last_day is not None and (day is None or day > row.last_day)
            return None if gone else row
    return None
