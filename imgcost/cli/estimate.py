"""`imgcost estimate`: the cost of images of given sizes, and of single files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from imgcost.cli.options import (
    COUNT,
    echo,
    format_option,
    output_option,
    quote_options,
    reject_overwrites,
    save,
)
from imgcost.cli.sizes import size_of
from imgcost.errors import ImgcostError
from imgcost.estimates import estimate_with
from imgcost.quantities import join_sizes, size_name
from imgcost.quoting import quotes
from imgcost.tabular import ESTIMATE
from imgcost.text import visible
from imgcost.text.estimates import Picture, estimate_report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcost.files import Unreadable

__all__ = ["command"]


@click.command("estimate", short_help="Estimate the cost of images, by size or file.")
@click.argument("images", nargs=-1, required=True, metavar="SIZE|FILE...")
@quote_options
@click.option("--count", type=COUNT, help="Also price N images of each size.")
@click.option("--explain", is_flag=True, help="Show the arithmetic, with sources.")
@format_option
@output_option()
def command(
    images: tuple[str, ...],
    models: tuple[str, ...],
    count: int | None,
    explain: bool,
    style: str,
    outputs: tuple[str, ...],
    **conditions: Any,
) -> None:
    """Estimate tokens and dollars for images of the given sizes, or for image files.

    A size is WIDTHxHEIGHT in pixels; megapixels with an optional aspect ratio, such as 12MP (4:3) or 12MP 16:9; or a
    name such as 4K, 1080p or VGA. For folders, archives and many files use 'imgcost scan'.

    \b
    Examples:
      imgcost estimate 1920x1080
      imgcost estimate 12MP 4K photo.jpg -m sonnet,haiku --count 50k
      imgcost estimate 1000x1000 -m claude-3-opus --as-of 2024-03-04
    """
    reject_overwrites(images, output=outputs)
    pictures, unreadable = _read(join_sizes(images))
    if pictures:
        estimates = [
            [estimate_with(quote, *picture.size) for picture in pictures] for quote in quotes(models, **conditions)
        ]
        report = estimate_report(estimates, count, explain=explain, pictures=pictures)
        save(report, outputs, ESTIMATE, lambda: ESTIMATE.rows(report.data["estimates"]))
        echo(report, style)
    if unreadable:
        raise ImgcostError("; ".join(f"{visible(file.path)}: {visible(file.reason)}" for file in unreadable))


def _read(images: Iterable[str]) -> tuple[list[Picture], list[Unreadable]]:
    """Read sizes and the headers of files; an existing file is a file, whatever its name."""
    pictures: list[Picture] = []
    unreadable: list[Unreadable] = []
    for text in images:
        image = (
            _file(text)
            if os.path.lexists(text)
            else Picture(size_of(text, "SIZE|FILE", "a file or a size"), size_name(text))
        )
        if isinstance(image, Picture):
            pictures.append(image)
        else:
            unreadable.append(image)
    return pictures, unreadable


def _file(path: str) -> Picture | Unreadable:
    """Read the header of a file."""
    from imgcost.files import Image, scan  # noqa: PLC0415 - most estimates are of sizes

    is_folder = os.path.isdir(path)  # noqa: PTH112 - the path can be any string
    file = None if is_folder else next(scan(path, details=False, archives=False))
    if isinstance(file, Image):
        return Picture((file.width, file.height), visible(path), file)
    if file is None or file.problem == "archive-not-entered":
        message = (
            f"{visible(path)} is {'a folder' if is_folder else 'an archive'}: run 'imgcost scan' to add up its images."
        )
        raise click.BadParameter(message, param_hint="SIZE|FILE")
    return file
