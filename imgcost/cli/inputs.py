"""The files that a command reads: which paths, which of the files under them, and with how many processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import BufferedReader
    from typing import Any, TypeVar

    Command = TypeVar("Command", bound=Callable[..., Any])

__all__ = ["folder_options", "jobs_option", "listed_paths", "walk_options", "worker_count"]

MAX_JOBS = 8
"""With more workers than this the walk, which is one process, is the bottleneck."""


def walk_options(command: Command) -> Command:
    """Add how paths are listed on stdin, and which files under the paths and in archives are read."""
    archives = click.option(
        "--archives/--no-archives", default=True, show_default=True, help="Look into zip and tar files."
    )
    return folder_options(archives(command))


def folder_options(command: Command) -> Command:
    """Add how paths are listed on stdin, and which files under the paths are read."""
    for option in reversed(
        (
            click.option(
                "-0",
                "--null",
                is_flag=True,
                help="Read NUL-separated paths from stdin, as written by 'find -print0'.",
            ),
            click.option(
                "--include",
                multiple=True,
                metavar="GLOB",
                help="Read only files that match. A pattern with a slash is compared with the whole path, otherwise "
                "with the name. Can be repeated.",
            ),
            click.option(
                "--exclude",
                multiple=True,
                metavar="GLOB",
                help="Skip matching files, folders and archives. Can be repeated.",
            ),
            click.option("--follow-symlinks", is_flag=True, help="Follow links to folders, each folder once."),
        )
    ):
        command = option(command)
    return command


def jobs_option(command: Command) -> Command:
    """Add the number of worker processes; `worker_count` takes it."""
    return click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help=f"Maximum number of worker processes.  [default: number of cores, up to {MAX_JOBS}]",
    )(command)


def worker_count(jobs: int | None) -> int:
    """Return the number of worker processes: as specified, or one per core that this process may use."""
    if jobs is not None:
        return jobs
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MAX_JOBS)


def listed_paths(paths: Iterable[str], stream: BufferedReader, *, null: bool) -> Iterator[str]:
    """Replace each `-` with the paths that a stream lists.

    Args:
        paths: Paths.
        stream: The list.
        null: Whether the listed paths end with NUL; otherwise with a newline.

    Yields:
        The paths, as they are read.
    """
    for path in paths:
        if path == "-":
            yield from map(os.fsdecode, _items(stream, b"\0" if null else b"\n"))
        else:
            yield path


def _items(stream: BufferedReader, separator: bytes) -> Iterator[bytes]:
    rest = b""
    while data := stream.read1(1 << 16):
        *items, rest = (rest + data).split(separator)
        yield from filter(None, items)
    if rest:
        yield rest
