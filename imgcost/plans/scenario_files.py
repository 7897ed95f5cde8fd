"""Scenario files: the settings of a job in a TOML file, and a template for one."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from imgcost.errors import ArgumentError, ImgcostError, short_repr
from imgcost.plans.settings import SETTINGS, check_setting

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

__all__ = ["read_scenario", "read_text", "scenario_template"]

MAX_TEXT = 64 << 20
"""Maximum size of a text file, bytes: more than the longest prompt that a plan accepts."""

_ARGUMENTS = {setting.key: setting.argument or setting.key for setting in SETTINGS}
_ARGUMENTS |= {argument: argument for argument in _ARGUMENTS.values()}
"""The argument of `plan` by key; the name of an argument is a key too."""


def read_scenario(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a scenario file: TOML with the options of `imgcost plan` or the keyword arguments of `plan`.

    Args:
        path: The file. Paths in it are relative to its folder.

    Returns:
        Keyword arguments of `plan`; `count`, the number of images of each size; and `budget` in US dollars.

    Raises:
        ImgcostError: The file is not valid TOML, has an unknown key or an invalid value, or has two keys for one
            setting.
        OSError: The file, or the text of the prompt, cannot be read.
    """
    try:
        values = tomllib.loads(read_text(path), parse_float=Decimal)
    except (ValueError, RecursionError) as error:  # also for a number of thousands of digits
        raise ImgcostError(f"{path} is not valid TOML: {error}") from None
    settings: dict[str, Any] = {}
    for key, value in values.items():
        argument = _ARGUMENTS.get(key.replace("-", "_"))
        if argument is None:
            raise ImgcostError(f"{path}: unknown key {short_repr(key)}: {_hint(key)}")
        if argument in settings:
            raise ImgcostError(f"{path}: {short_repr(key)} sets {argument} again: use one of the keys")
        try:
            settings[argument] = _value(argument, key, value, Path(path).parent)
        except ArgumentError as error:
            raise ImgcostError(f"{path}: {error}") from None
    if {"prompt_tokens", "prompt_text"} <= settings.keys():
        raise ImgcostError(f"{path}: prompt_tokens and prompt_text exclude each other: use one of them")
    return settings


def _hint(key: str) -> str:
    similar = get_close_matches(key.replace("-", "_").lower(), _ARGUMENTS, n=1)
    return f"did you mean {similar[0]}?" if similar else f"valid keys are {', '.join(_KEYS)}"


_KEYS = tuple(setting.key for setting in SETTINGS)


def _value(argument: str, key: str, value: Any, folder: Path) -> Any:
    """Return the value of a key as an argument of `plan`."""
    if argument == "images":
        images = [value] if isinstance(value, str) else value
        if not isinstance(images, list) or not images or not all(isinstance(image, str) for image in images):
            raise ArgumentError(key, value, 'sizes and paths, such as ["12MP", "photos"]')
        return [str(folder / image) if (folder / image).exists() else image for image in images]
    if argument == "prompt_text":
        if not isinstance(value, str):
            raise ArgumentError(key, value, 'the name of a text file, such as "prompt.txt"')
        return read_text(folder / value)
    if key == "fast":
        if not isinstance(value, bool):
            raise ArgumentError(key, value, "true or false")
        return "fast" if value else None
    return check_setting(argument, value, key)


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a text file in UTF-8; or in UTF-16 with a byte order mark, as Windows PowerShell redirects output.

    Args:
        path: The file.

    Returns:
        The text, without the byte order mark.

    Raises:
        ImgcostError: The file is not text, or larger than `MAX_TEXT`.
        OSError: The file cannot be read.
    """
    with Path(path).open("rb") as file:
        raw = file.read(MAX_TEXT + 1)
    if len(raw) > MAX_TEXT:
        raise ImgcostError(f"{path} is larger than {MAX_TEXT >> 20} MiB: it is not the text of a prompt")
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImgcostError(f"{path} is not text in UTF-8: {error}") from None


_HEAD = """\
# A job for imgcost: run it with 'imgcost plan --scenario FILE'. Options on the command line override this file.
# Settings after a # are examples: remove the # to use them.
"""


def scenario_template(settings: Mapping[str, Any] | None = None) -> str:
    """Return a scenario file with every setting and its meaning.

    Args:
        settings: Settings as `read_scenario` returns them, but with the name of the file as `prompt_text`: only these
            are set in the file. If None or empty, the file has examples and can be used as it is.
    """
    return "\n".join([_HEAD, *_entries(settings or {})])


def _entries(settings: Mapping[str, Any]) -> Iterator[str]:
    for setting in SETTINGS:
        default = f" Default: {setting.default}." if setting.default else ""
        comment = "".join(f"# {line}\n" for line in wrap(setting.meaning + default, 118))
        value = settings.get(setting.argument or setting.key)
        is_active = setting.is_active if not settings else value is not None
        written = setting.example if value is None else _toml(setting.key, value)
        yield f"{comment}{'' if is_active else '# '}{setting.key} = {written}\n"


def _toml(key: str, value: Any) -> str:
    """Write the value of a setting in TOML."""
    if key == "fast":
        return "true" if value == "fast" else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml('', item) for item in value)}]"
    return str(value).lower() if isinstance(value, bool) else f"{value:f}" if isinstance(value, Decimal) else str(value)
