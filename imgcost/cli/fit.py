"""`imgcost fit`: copies of images that the API accepts and does not downscale."""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack, closing
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click
from click.core import ParameterSource

from imgcost.cli.exit_codes import FINDINGS, INTERRUPTED
from imgcost.cli.fit_outputs import check_output
from imgcost.cli.fit_requests import find_requests, fit_requests
from imgcost.cli.inputs import folder_options, jobs_option, listed_paths, worker_count
from imgcost.cli.options import (
    COUNT,
    DATE,
    DEFAULT_MODEL,
    ParamType,
    echo,
    fail_if_empty,
    fail_on_empty_option,
    format_option,
    invalid_option,
    output_option,
    paths_argument,
    platform_option,
    save,
    single_option,
)
from imgcost.cli.progress import progress_of
from imgcost.cli.signals import Terminated, check_signals
from imgcost.errors import ArgumentError
from imgcost.figures import plural
from imgcost.files import Walk
from imgcost.fitting import FitSummary, FittedFile
from imgcost.fitting.checked_requests import FitSettings
from imgcost.fitting.files import fit_rows
from imgcost.fitting.folders import FolderFit
from imgcost.fitting.layout import listed_sources, named_sources
from imgcost.fitting.options import MIN_QUALITY, fit_options
from imgcost.preflight.spools import Spool
from imgcost.quoting import quotes
from imgcost.shapes import SHAPES
from imgcost.tabular import FIT
from imgcost.text.fits import fit_json, fit_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from io import BufferedReader

    from imgcost.fitting.layout import Source
    from imgcost.fitting.options import FitOptions
    from imgcost.fitting.tasks import Unchanged
    from imgcost.tables import Platform

__all__ = ["command"]


_UNITS = {"": 0, "k": 1, "m": 2, "g": 3}


class _Bytes(ParamType[int]):
    name = "BYTES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        pattern = r"\s*(\d{1,3}(?:,\d{3})+|\d{1,15})(\.\d{1,9})?\s*([kMG]?)(i?)(?:B|bytes?)?\s*"
        match = re.fullmatch(pattern, str(value), re.ASCII | re.IGNORECASE)
        if match:
            unit = (1024 if match[4] else 1000) ** _UNITS[match[3].lower()]
            size_bytes = int(Decimal(match[1].replace(",", "") + (match[2] or "")) * unit)
            if size_bytes:
                return size_bytes
        return self.fail(f"{str(value)[:40]!r}: expected a size such as 500kB, 3.5MB or 4MiB.", param, ctx)


@click.command("fit", short_help="Fit images and requests: write copies that the API accepts.")
@paths_argument
@single_option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="DIR|FILE",
    help="Folder for the copies, created if missing; for a single image, also a file, such as small.jpg; for requests, "
    "the file for the copy, or - for stdout. Required, except with --dry-run.",
)
@single_option("-m", "--model", default=DEFAULT_MODEL, show_default=True, help="Model that the images are for.")
@platform_option
@click.option("--as-of", type=DATE, help="Use the limits and prices of this date.  [default: today]")
@click.option("--max-tokens", type=COUNT, help="Shrink images that cost more than N tokens each.")
@click.option("--max-side", type=COUNT, metavar="PX", help="Shrink images that are wider or higher than PX.")
@click.option(
    "--max-bytes", type=_Bytes(), help="Reduce the quality of larger files, such as 500kB or 3.5MB, in steps."
)
@click.option(
    "--min-quality",
    type=click.IntRange(1, 95),
    metavar="N",
    default=MIN_QUALITY,
    show_default=True,
    help="Lowest JPEG or WebP quality; an image that would need less is an error.",
)
@click.option(
    "--convert",
    "output_format",
    type=click.Choice(["jpeg", "png", "webp"]),
    help="Convert all images to this format.  [default: keep JPEG, PNG and WebP where possible]",
)
@click.option(
    "--background", default="#ffffff", show_default=True, metavar="COLOR", help="Replace transparency in a JPEG."
)
@click.option("--keep-metadata", is_flag=True, help="Keep EXIF data, such as place and time, in fitted images.")
@click.option("--always-resize", is_flag=True, help="Resize images even if the smaller copy has more bytes.")
@click.option(
    "--unchanged",
    type=click.Choice(["copy", "link", "skip"]),
    default="copy",
    show_default=True,
    help="What to do with images that already fit: copy, make hard links, or leave them where they are.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing copies.  [default: keep them]")
@click.option("--dry-run", is_flag=True, help="Predict the result without decoding or writing anything.")
@click.option(
    "--shape",
    type=click.Choice(["auto", *SHAPES]),
    default="auto",
    show_default=True,
    metavar="SHAPE",
    help="Read the file named, or stdin, as requests of this shape; 'imgcost check --help' lists all.",
)
@click.option(
    "--remove-unfixable/--keep-unfixable",
    default=None,
    help="In requests, replace images that cannot be fixed by a text.  [default: only in transcripts]",
)
@folder_options
@jobs_option
@fail_on_empty_option
@format_option
@output_option(
    "--report",
    "reports",
    what="Also write what became of each file (.csv, .json, .jsonl, .parquet, .xlsx, .html or .md)",
)
def command(
    paths: tuple[str, ...],
    output: str | None,
    model: str,
    platform: Platform | None,
    as_of: date | None,
    unchanged: Unchanged,
    overwrite: bool,
    dry_run: bool,
    null: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    follow_symlinks: bool,
    jobs: int | None,
    fail_on_empty: bool,
    shape: str,
    remove_unfixable: bool | None,
    style: str,
    reports: tuple[str, ...],
    **choices: Any,
) -> None:
    """Write copies that the API accepts and does not downscale.

    Oversized images get the size that Claude sees, and formats that the API rejects are converted. Copies are upright,
    in sRGB, and have no metadata. An image that is accepted and fits is copied unchanged, and so is one whose smaller
    copy would have more bytes. Inputs are never overwritten. Existing copies are kept: after an interruption, run the
    same command again to do the rest.

    The copies of a folder keep its structure; of several paths, each is written under its own name, and paths from
    stdin as listed. A copy in another format gets the suffix appended: a.tif becomes a.tif.jpg or a.tif.png. Archives
    are not read. If -o names a file, the copy of the image has the format of its suffix.

    A file of requests (JSON, JSON lines, a Claude Code transcript, or JSON on stdin) is fixed instead: the copy has the
    same shape, and only what the API would reject is changed. -o is then the file for the copy. What cannot be fixed is
    reported; in transcripts, images that cannot be fixed are replaced by a text.

    Exits with code 1 if an image could not be fitted, or a request would still be rejected.


    \b
    Examples:
      imgcost fit photo.jpg -o small.jpg --max-tokens 1000
      imgcost fit photos -o small --dry-run
      imgcost fit photos -o small -m haiku --report small.csv
      imgcost fit photos scans -o out --max-tokens 1000 --unchanged link
      find photos -name '*.tif' -print0 | imgcost fit -0 - -o out
      imgcost fit request.json -o fixed.json
    """
    requests, stdin = find_requests(paths, null=null, forced=shape != "auto")
    options = _options(choices)
    if requests is not None:
        named = click.get_current_context().get_parameter_source("model") is not ParameterSource.DEFAULT
        fit_requests(
            requests,
            output,
            shape=shape,
            settings=FitSettings(
                model if named else None, platform, as_of, options, batch=False, remove_unfixable=remove_unfixable
            ),
            overwrite=overwrite,
            dry_run=dry_run,
            style=style,
            reports=reports,
        )
        return
    if not (output or dry_run):
        raise click.UsageError("Missing option '-o' / '--output': the folder for the copies.")
    file_options = check_output(paths, output, reports, options, may_exist=overwrite or dry_run)
    options = file_options or options
    (quote,) = quotes([model], platform=platform, as_of=as_of)
    walk = Walk(follow_symlinks, include, exclude, archives=False, own=(*reports, *filter(None, (output,))))
    fits = FolderFit(quote, options, output or "", walk, unchanged, overwrite, dry_run, worker_count(jobs))
    with ExitStack() as stack:
        files: Spool[FittedFile] = Spool(FittedFile)
        stack.callback(files.close)
        summary = FitSummary(quote)
        try:
            with progress_of(walk, None if "-" in paths else paths) as advance:
                run = (
                    fits.run_file(paths[0], output or "")
                    if file_options
                    else fits.run(_sources(paths, stdin, null=null), spawn=True)
                )
                for file in stack.enter_context(closing(run)):
                    summary.add(file)
                    files.append(file)
                    advance(1)
                    check_signals()
        except (KeyboardInterrupt, Terminated) as error:
            how = f"terminated by {error.signal}" if isinstance(error, Terminated) else "interrupted"
            _end(how, len(files))
            sys.exit(error.code if isinstance(error, Terminated) else INTERRUPTED)
        except OSError:
            _end("stopped", len(files))
            raise
        printed = fit_report(summary, files, output or "", dry_run=dry_run, is_file=bool(file_options))
        save(printed, reports, FIT, lambda: fit_rows(files, quote), lambda: fit_json(printed, files))
        if style == "json":
            sys.stdout.writelines(chain(fit_json(printed, files), ["\n"]))
        else:
            echo(printed, style)
    if summary.files("failed"):
        sys.exit(FINDINGS)
    fail_if_empty(summary.total.files, fail_on_empty)


def _options(choices: dict[str, Any]) -> FitOptions:
    try:
        return fit_options(**choices)
    except ArgumentError as error:
        raise invalid_option(error) from None


def _sources(paths: tuple[str, ...], stdin: BinaryIO, *, null: bool) -> Iterator[Source]:
    """Decide where the copies of each path go; `-` becomes the paths that stdin lists."""
    for path, source in zip(paths, named_sources(paths), strict=True):
        if path == "-":
            yield from listed_sources(listed_paths([path], cast("BufferedReader", stdin), null=null))
        else:
            yield source


def _end(how: str, files: int) -> None:
    """Say what is complete at an early end."""
    rest = "; their copies are complete, run the same command again for the rest" if files else ""
    click.echo(f"imgcost: {how} after {plural(files, 'file')}{rest}", err=True)
