"""Read blocks.toml: the content blocks of the Messages API and their required keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from imgcost.tables.reading import Source, TomlEntry, read_published, read_sources

__all__ = ["BlockPlace", "BlockTable", "block_table", "load_blocks"]

FILE = "blocks.toml"

BlockPlace: TypeAlias = Literal["message", "system", "tool_result", "document", "search_result"]
"""Where a content block is."""

Required: TypeAlias = Mapping[str, str]
"""The required keys of an object, and the JSON types of their values."""

_VALUES = ("string", "object", "array", "string or array")


class BlockTable(NamedTuple):
    """The contents of blocks.toml.

    Attributes:
        roles: The valid roles of messages.
        places: The types of blocks that each place accepts, including those of betas.
        required: The required keys of a block, by its type.
        sources: The required keys of an image or document source, by the type of the block and of the source.
        assistant_rejects: The date since which a type of block is rejected in an assistant turn, and the sources.
    """

    roles: tuple[str, ...]
    places: Mapping[BlockPlace, tuple[str, ...]]
    required: Mapping[str, Required]
    sources: Mapping[str, Mapping[str, Required]]
    assistant_rejects: Mapping[str, tuple[date, tuple[Source, ...]]]


def load_blocks(data: Mapping[str, Any]) -> BlockTable:
    """Validate the parsed blocks.toml.

    Args:
        data: The parsed file.

    Returns:
        The table.

    Raises:
        TableError: The file is invalid.
    """
    top = TomlEntry(FILE, FILE, data)
    sources = read_sources(FILE, top)
    roles = _types(TomlEntry(FILE, "roles", top.take("roles", dict)), sources)
    place_entries = TomlEntry(FILE, "places", top.take("places", dict))
    names: tuple[BlockPlace, ...] = get_args(BlockPlace)
    places = {
        name: _types(TomlEntry(FILE, f"places.{name}", place_entries.take(name, dict)), sources) for name in names
    }
    place_entries.done()
    required = _required("required", top.take("required", dict))
    source_keys = {kind: _required(f"source.{kind}", raw) for kind, raw in top.take("source", dict).items()}
    rejects = {}
    for kind, raw in top.take("assistant_rejects", dict).items():
        entry = TomlEntry(FILE, f"assistant_rejects.{kind}", raw)
        rejects[kind] = entry.take("from", date), entry.sources(sources)
        entry.done()
    top.done()
    return BlockTable(roles, places, required, source_keys, rejects)


def _types(entry: TomlEntry, sources: Mapping[str, Source]) -> tuple[str, ...]:
    types = entry.texts("types") + entry.texts("beta")
    entry.sources(sources)
    entry.done()
    if not types:
        raise entry.error("is missing", "types")
    return types


def _required(key: str, raw: object) -> dict[str, Required]:
    required: dict[str, Required] = {}
    for kind, keys in TomlEntry(FILE, key, raw).rest().items():
        entry = TomlEntry(FILE, f"{key}.{kind}", keys)
        required[kind] = {name: entry.take(name, str) for name in entry.rest()}
        for name, value in required[kind].items():
            if value not in _VALUES:
                raise entry.error(f"must be one of {', '.join(_VALUES)}", name)
    return required


@cache
def block_table() -> BlockTable:
    """Return the table of the installed package.

    Example:
        >>> "image_url" in block_table().places["message"]
        False
    """
    return load_blocks(read_published(FILE))
