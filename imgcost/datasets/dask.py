"""Scan tables on a Dask cluster (the extra `dask`). Dask schedules; only small sums travel back."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from imgcost.datasets.scanning import TableScan, summarize_part
from imgcost.datasets.selection import Selection
from imgcost.datasets.sources import open_table, parts_of
from imgcost.errors import ImgcostError, MissingExtraError
from imgcost.quoting import quotes

try:
    from distributed import Client
except ImportError as error:
    raise MissingExtraError("scanning on a Dask cluster", "dask") from error

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgcost.summaries import ScanSummary

__all__ = ["audit", "scan_on_cluster"]

CONNECT_TIMEOUT = "10s"
"""How long to wait for the scheduler."""


def audit(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    client: Client | None = None,
    model: str | Sequence[str] = "sonnet",
    width: str | None = None,
    height: str | None = None,
    image: str | None = None,
    group_by: str | None = None,
    **choices: Any,
) -> ScanSummary:
    """Scan tables on a Dask cluster: one task per row group of a Parquet file, or per file in another format.

    The workers need imgcost, and have to see the files by the same paths. If a worker is lost, Dask repeats its tasks,
    and the totals stay the same.

    Args:
        paths: Tables: .parquet, .csv, .tsv, .jsonl, .arrow or .feather.
        client: The client of the cluster; None for the current one.
        model: The name of a model, or several.
        width: Column of widths, px, if its name is not usual.
        height: Column of heights, px.
        image: Column of image bytes.
        group_by: Column whose values are totaled separately.
        **choices: `as_of`, `formula`, `batch`, `cache`, `inference_geo`, `platform`, `endpoint` and `speed`, as in
            `imgcost.estimate`.

    Returns:
        The same sums as `imgcost scan`.

    Raises:
        ImgcostError: No table can be read.
        MissingExtraError: Dask is not installed.
        ValueError: There is no client.
    """
    from os import PathLike, fspath  # noqa: PLC0415 - only needed here

    tables = [fspath(path) for path in ([paths] if isinstance(paths, str | PathLike) else paths)]
    scan = TableScan(quotes(model, **choices), (), Selection(width, height, image, group_by).checked())
    current = client or Client.current()  # type: ignore[no-untyped-call] # distributed has no types
    return _scan(scan, tables, current, lambda _rows: None)


def scan_on_cluster(
    scan: TableScan, tables: Iterable[str], address: str, progress: Callable[[int], None]
) -> ScanSummary:
    """Scan tables on the cluster with this scheduler.

    Raises:
        ImgcostError: The scheduler does not answer, or no table can be read.
    """
    try:
        client = Client(address, set_as_default=False, timeout=CONNECT_TIMEOUT)  # type: ignore[no-untyped-call] # distributed has no types
    except (OSError, ValueError, TypeError) as error:
        raise ImgcostError(f"cannot connect to the Dask scheduler at {address}: {error}") from None
    with client:
        return _scan(scan, tables, client, progress)


def _scan(scan: TableScan, tables: Iterable[str], client: Client, progress: Callable[[int], None]) -> ScanSummary:
    work = partial(summarize_part, quotes=scan.quotes, compared=scan.compared)

    def submit(path: str) -> list[Any] | ImgcostError | OSError:
        """Start the tasks of a table; errors are raised later, in its turn."""
        try:
            _, columns = open_table(path, scan.selection)
            return list(client.map(work, parts_of(path, columns), pure=False))
        except (ImgcostError, OSError) as error:
            return error

    paths = list(tables)
    tasks = deque(map(submit, paths))

    def summaries(_path: str) -> Iterator[ScanSummary]:
        futures = tasks.popleft()  # released once its results are merged
        if isinstance(futures, Exception):
            raise futures
        for future in futures:
            summary = future.result()
            progress(summary.images + summary.excluded_rows)
            yield summary

    return scan.merged(paths, summaries)
