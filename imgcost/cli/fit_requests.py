"""`imgcost fit` on a file of requests: a copy that the API accepts."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

import click
from click.core import ParameterSource

from imgcost.cli.exit_codes import FINDINGS
from imgcost.cli.fit_outputs import reject_existing
from imgcost.cli.options import echo, reject_overwrites, save
from imgcost.fitting.request_files import FitSpools, fit_file
from imgcost.preflight.detection import is_document, open_json
from imgcost.tabular import FIT_REQUESTS
from imgcost.text import visible
from imgcost.text.fitted_requests import fitted_requests_json, fitted_requests_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader

    from imgcost.fitting.checked_requests import FitSettings

__all__ = ["find_requests", "fit_requests"]

_IMAGES_ONLY = (
    "max_tokens",
    "max_side",
    "max_bytes",
    "output_format",
    "keep_metadata",
    "always_resize",
    "unchanged",
    "jobs",
    "include",
    "exclude",
    "follow_symlinks",
    "null",
)
"""Parameters that apply to folders of images."""


def find_requests(paths: tuple[str, ...], *, null: bool, forced: bool) -> tuple[str | BinaryIO | None, BinaryIO]:
    """Find out whether the paths are a file of requests.

    Args:
        paths: The paths.
        null: Whether stdin is a list of paths in any case.
        forced: Whether all that is named is read as requests.

    Returns:
        The path, or stdin if it begins like JSON, or None; and stdin.

    Raises:
        click.UsageError: A file of requests is not the only path.
    """
    stdin = cast("BufferedReader", sys.stdin.buffer)
    if "-" in paths and not null:
        stdin, is_json = open_json(stdin)
        if is_json or forced:
            _require_single(paths, "-")
            return stdin, stdin
    for path in paths:
        if path != "-" and os.path.isfile(path) and (forced or is_document(path)):  # noqa: PTH113 - a path may be any string
            _require_single(paths, path)
            return path, stdin
    return None, stdin


def _require_single(paths: tuple[str, ...], path: str) -> None:
    if len(paths) > 1:
        raise click.UsageError(f"{visible(path)} contains requests: fit one such file at a time, without other paths.")


def fit_requests(
    source: str | BinaryIO,
    output: str | None,
    *,
    overwrite: bool,
    dry_run: bool,
    style: str,
    reports: Sequence[str],
    shape: str,
    settings: FitSettings,
) -> None:
    """Fit a file of requests, report what was changed, and exit.

    Args:
        source: The path of the file, or stdin.
        output: The path of the copy, or of a folder for it, or `-` for stdout.
        overwrite: Whether to replace an existing copy.
        dry_run: Whether to write nothing.
        style: The format of the printed report.
        reports: The paths of written reports.
        shape: The name of the shape of the requests.
        settings: What they are fixed for.
    """
    _reject_image_options()
    target = None if dry_run else _target(source, output, overwrite=overwrite)
    written_to = None if target == "-" else target
    reject_overwrites([source] if isinstance(source, str) else [], output=written_to, report=reports)
    with FitSpools.open() as spools, _opened(target) as written:
        document = fit_file(source, written, shape, settings, spools)
        printed = fitted_requests_report(document, dry_run=dry_run)
        save(printed, reports, FIT_REQUESTS, document.rows, lambda: fitted_requests_json(printed, document))
        err = target == "-"
        if style == "json":
            stream = sys.stderr if err else sys.stdout
            stream.writelines([*fitted_requests_json(printed, document), "\n"])
        else:
            echo(printed, style, err=err)
        if not document.ok:
            sys.exit(FINDINGS)


def _reject_image_options() -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in _IMAGES_ONLY and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[-1]} applies to images; requests are only fixed.")


def _target(source: str | BinaryIO, output: str | None, *, overwrite: bool) -> str:
    """Return the path of the copy, which does not exist yet."""
    if output is None:
        raise click.UsageError("Missing option '-o' / '--output': the file for the copy, or - for stdout.")
    if os.path.isdir(output) and isinstance(source, str):  # noqa: PTH112 - a path may be any string
        output = os.path.join(output, os.path.basename(source))  # noqa: PTH118, PTH119 - as above
    if output != "-" and not overwrite:
        reject_existing(output)
    return output


@contextmanager
def _opened(target: str | None) -> Iterator[str | BinaryIO | None]:
    yield sys.stdout.buffer if target == "-" else target
    if target == "-":
        sys.stdout.buffer.flush()
