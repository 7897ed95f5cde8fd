"""What `imgcost fit -o` names: a folder for the copies, or a file for the copy of one image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from imgcost.cli.options import reject_overwrites
from imgcost.fitting.layout import is_inside, writable_format
from imgcost.preflight.inputs import IMAGE_SUFFIXES, suffix_of
from imgcost.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.fitting import FitOptions

__all__ = ["check_output", "reject_existing"]


def check_output(
    paths: Sequence[str], output: str | None, reports: Sequence[str], options: FitOptions, *, may_exist: bool
) -> FitOptions | None:
    """Check that nothing would be overwritten, and whether `-o` names a file.

    Args:
        paths: The inputs.
        output: The output; None in a dry run without one.
        reports: The files of the report.
        options: The options.
        may_exist: Whether the file that `-o` names may exist.

    Returns:
        The options with the format of the file; None if the output is a folder.

    Raises:
        click.UsageError: An input would be overwritten, or the output cannot be the copy of the inputs.
    """
    inputs = [path for path in paths if path != "-"]
    if output is None or not _is_file(output):
        reject_overwrites(inputs, report=reports)
        if output is not None:
            _reject_inside(inputs, output)
        return None
    if len(paths) != 1 or not inputs or os.path.isdir(paths[0]):  # noqa: PTH112 - a path may be any string
        raise click.UsageError(
            f"--output {visible(output)} has the suffix of an image, but only the copy of a single image is a file: "
            "choose another name for the folder."
        )
    chosen = writable_format(output)
    if chosen is None:
        raise click.UsageError(f"--output {visible(output)}: fit writes files that end with .jpg, .png or .webp.")
    if options.output_format not in {None, chosen}:
        raise click.UsageError(f"--convert {options.output_format} and the suffix of {visible(output)} disagree.")
    reject_overwrites(inputs, output=output, report=reports)
    if not may_exist:
        reject_existing(output)
    return options._replace(output_format=chosen)


def _is_file(output: str) -> bool:
    """Return whether a path names a file, by its suffix; an existing folder may have any name."""
    if os.path.isdir(output):  # noqa: PTH112 - as above
        return False
    is_image = suffix_of(output) in IMAGE_SUFFIXES
    if not is_image and os.path.exists(output):  # noqa: PTH110 - as above
        raise click.BadParameter(f"{visible(output)} is a file, not a folder.", param_hint="'-o' / '--output'")
    return is_image


def _reject_inside(inputs: Sequence[str], output: str) -> None:
    """Reject a folder that contains an input, which would be overwritten or read again."""
    for path in inputs:
        if is_inside(path, output):
            message = f"--output {visible(output)} contains the input {visible(path)}: choose another folder."
            raise click.UsageError(message)


def reject_existing(output: str) -> None:
    """Reject an output file that exists, even as a broken link."""
    if os.path.lexists(output):
        raise click.UsageError(f"{visible(output)} exists: --overwrite replaces it.")
