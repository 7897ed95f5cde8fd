"""The table of content blocks, compared with the types of the Anthropic SDK."""

from __future__ import annotations

import copy
from typing import get_args, get_type_hints

import anthropic
import pytest
from anthropic import types
from anthropic.types import beta
from typing_extensions import is_typeddict

from imgcost.errors import TableError
from imgcost.tables import block_table, load_blocks
from imgcost.tables.reading import read_published

pytestmark = pytest.mark.slow  # imports the SDK

THAT_VERSION = pytest.mark.skipif(
    not anthropic.__version__.startswith("2.14."), reason="the table was read from another version of the SDK"
)


def members(hint):
    """Return the typed dictionaries in a union of types, also those in lists."""
    if get_args(hint):
        return [member for part in get_args(hint) for member in members(part)]
    return [hint] if is_typeddict(hint) and "type" in get_type_hints(hint) else []


def tags(hint):
    return {get_args(get_type_hints(member)["type"])[0] for member in members(hint)}


def content(params, key="content"):
    return get_type_hints(params)[key]


@THAT_VERSION
def test_each_place_accepts_the_blocks_that_the_sdk_accepts():
    places = {place: set(kinds) for place, kinds in block_table().places.items()}
    assert places == {
        "message": tags(content(types.UserMessageParam)) | tags(content(beta.BetaUserMessageParam)),
        "system": tags(content(types.SystemMessageParam)) | tags(content(beta.BetaSystemMessageParam)),
        "tool_result": tags(content(types.ToolResultBlockParam)) | tags(content(beta.BetaToolResultBlockParam)),
        "document": tags(content(types.ContentBlockSourceParam)),
        "search_result": tags(content(types.SearchResultBlockParam)),
    }
    roles = {get_args(get_type_hints(params)["role"])[0] for params in get_args(types.MessageParam)}
    assert set(block_table().roles) == roles


@THAT_VERSION
def test_sources_have_the_types_and_keys_of_the_sdk():
    for kind, params in (("image", types.ImageBlockParam), ("document", types.DocumentBlockParam)):
        table = block_table().sources[kind]
        assert set(table) == tags(content(params, "source"))
        for source in members(content(params, "source")):
            hints = get_type_hints(source)
            assert set(table[get_args(hints["type"])[0]]) <= set(hints)


@THAT_VERSION
def test_required_keys_are_keys_of_the_sdk():
    blocks = {get_args(get_type_hints(of)["type"])[0]: of for of in members(content(types.UserMessageParam))}
    for kind, keys in block_table().required.items():
        assert set(keys) <= set(get_type_hints(blocks[kind]))


DEFECTS = [
    (("more",), 1, "blocks.toml.more: is an unknown key"),
    (("places", "elsewhere"), {}, "places.elsewhere: is an unknown key"),
    (("places", "message", "types"), [], None),
    (("places", "system"), {"src": ["sdk-2-14"]}, "places.system.types: is missing"),
    (("places", "system", "src"), [], "places.system.src: says no source"),
    (("roles", "types"), "user", "roles.types: must be a list of texts"),
    (("required", "image", "source"), 7, "required.image.source: must be text"),
    (("required", "image", "source"), "number", "required.image.source: must be one of string, object"),
    (("required", "image"), 7, "required.image: must be a table"),
    (("source", "image"), 7, "source.image: must be a table"),
    (("assistant_rejects", "image", "from"), "today", "assistant_rejects.image.from: must be a date"),
    (("assistant_rejects", "image", "more"), 7, "assistant_rejects.image.more: is an unknown key"),
]


@pytest.mark.parametrize(("path", "value", "message"), DEFECTS)
def test_an_invalid_table_of_blocks_is_rejected(path, value, message):
    data = copy.deepcopy(read_published("blocks.toml"))
    *above, key = path
    table = data
    for step in above:
        table = table[step]
    table[key] = value
    if message is None:
        assert load_blocks(data).places["message"]  # the types of betas remain
        return
    with pytest.raises(TableError) as caught:
        load_blocks(data)
    assert str(caught.value).startswith(f"blocks.toml: {message}")
