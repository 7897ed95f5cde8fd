"""Sizes on the command line, beside the files that may have their names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgcost.cli.options import SIZE
from imgcost.errors import short_repr
from imgcost.paths import is_url
from imgcost.quantities import parse_size, size_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.plans import Repeated

__all__ = ["named_sizes", "plan_images", "size_of"]


def size_of(text: str, metavar: str, otherwise: str) -> tuple[int, int]:
    """Read a size where the name of a file is accepted too.

    Args:
        text: The text; no file has this name.
        metavar: Name of the argument, for errors.
        otherwise: What the text is not if it does not begin with a number, such as `a file or a size`.
    """
    try:
        return SIZE.convert(text, None, None)
    except click.BadParameter as error:
        message = error.message
        expected = message.partition(": expected ")[2]
        if expected and not re.match(r"\s*\d", text):
            message = f"{short_repr(text)} is not {otherwise}: expected {expected}"
        raise click.BadParameter(message, param_hint=metavar) from None


def plan_images(images: Sequence[str], count: int | None, scenario: str | None) -> list[str | Repeated]:
    """Read sizes as images; an existing file is a path, whatever its name.

    Args:
        images: Sizes and paths.
        count: Number of images of each size; None for 1.
        scenario: The scenario file, if the images are from there.
    """
    from imgcost.plans import Repeated  # noqa: PLC0415 - loads numpy, which an estimate does not need

    if not images and scenario:
        raise click.UsageError(f'{scenario} has no images: add images = ["12MP"], or name them on the command line.')
    if not images:
        raise click.UsageError("Missing argument 'SIZE|PATH|TABLE...'.")
    metavar = f"images in {scenario}" if scenario else "SIZE|PATH|TABLE"
    otherwise = f"a file or folder in {Path(scenario).parent.absolute()}" if scenario else "a file, a folder"
    job = [
        image
        if is_url(image) or Path(image).exists()
        else Repeated(*size_of(image, metavar, f"{otherwise} or a size"), count or 1)
        for image in images
    ]
    if count is not None and not any(isinstance(image, Repeated) for image in job):
        raise click.UsageError("--count applies to sizes only; files and tables are counted as they are.")
    return job


def named_sizes(written: Sequence[str]) -> list[str]:
    """Say which pixels the names of sizes mean."""
    sizes = {name: parse_size(name) for text in written if (name := size_name(text)) and not Path(text).exists()}
    return [f"{name} is {width}x{height} px." for name, (width, height) in sizes.items()]
