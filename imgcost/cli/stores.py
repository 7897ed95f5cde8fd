"""Options for object stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from imgcost.errors import ImgcostError, short_repr

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from imgcost.summaries import ScanSummary

    Command = TypeVar("Command", bound=Callable[..., Any])

__all__ = ["reject_unreachable", "store_options"]


def _pairs(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = [value.partition("=") for value in values]
    for value, (key, equals, _) in zip(values, pairs, strict=True):
        if not (key and equals):
            raise click.BadParameter(f"{short_repr(value)}: expected KEY=VALUE, for example region=eu-west-1.")
    return tuple((key, value) for key, _, value in pairs)


def store_options(command: Command) -> Command:
    """Add how object stores are read."""
    for option in (
        click.option(
            "--concurrency",
            type=click.IntRange(1, 1000),
            default=64,
            show_default=True,
            metavar="N",
            help="Maximum number of requests to object stores at a time.",
        ),
        click.option(
            "--store-option",
            "store",
            multiple=True,
            callback=_pairs,
            metavar="KEY=VALUE",
            help="Option for the object stores of URLs, such as region, endpoint or skip_signature=true for public "
            "buckets. Can be repeated.  [default: from the environment, as in the SDK of the store]",
        ),
    ):
        command = option(command)
    return command


def reject_unreachable(summary: ScanSummary) -> None:
    """Reject URLs of which none could be read, as a path that does not exist is rejected.

    Raises:
        ImgcostError: Every result is an object that is missing or that the store refused.
    """
    files = summary.unreadable
    if files and len(files) == summary.transfer.objects and all(file.problem in _UNREACHABLE for file in files):
        raise ImgcostError(f"none of the objects can be read; {files[0].path}: {files[0].reason}")


_UNREACHABLE = {"missing", "no-access"}
