"""Scan images in a column of a Parquet file, beside what a user would pick instead: python benchmarks/embedded.py.

The table is as on the Hugging Face hub: a struct of `bytes` and `path`, 100 images per row group, 1.4 GB by default.
Contenders run as in tables.py, and all of them must print the same tokens.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from pathlib import Path

import tables

ENCODED = 120
ROW_GROUP = 100
SIZES = [(1600, 1200), (1200, 1600), (1920, 1080), (640, 480), (2048, 1365), (1024, 1024)]


def build(path, count):
    """Write a table of JPEG, WebP and PNG images; a few are encoded, and repeated with a serial number."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    rng = np.random.default_rng(28)
    encoded = []
    for number in range(ENCODED):
        width, height = SIZES[number % len(SIZES)]
        noise = rng.integers(0, 255, (height // 48, width // 48, 3)).astype(np.uint8)
        out = io.BytesIO()
        kind = "PNG" if (width, height) == (640, 480) else ("JPEG", "JPEG", "WEBP")[number // len(SIZES) % 3]
        Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(out, kind, quality=65)
        encoded.append(out.getvalue())
    data_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    with pq.ParquetWriter(path, pa.schema([("image", data_type), ("label", pa.int64())])) as writer:
        for start in range(0, count, ROW_GROUP):
            numbers = range(start, min(start + ROW_GROUP, count))
            rows = [
                {"bytes": encoded[number % ENCODED] + b"%9d" % number, "path": f"{number}.jpg"} for number in numbers
            ]
            writer.write_table(pa.table([pa.array(rows, data_type), pa.array(numbers)], schema=writer.schema))


def read(path):
    """The minimum: read the bytes."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetFile(path) as file:
        return sum(len(batch) for batch in file.iter_batches(ROW_GROUP, columns=["image.bytes"]))


def with_imgcost(path):
    from imgcost import summarize  # noqa: PLC0415

    summary = summarize(path, model=tables.MODEL)
    return summary.tokens(summary.quotes[0].rule)


def with_pillow(path):
    import pyarrow.parquet as pq  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    from imgcost import quotes  # noqa: PLC0415

    rule, total = quotes(tables.MODEL)[0].rule, 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROW_GROUP, columns=["image.bytes"]):
            for image in batch.column(0).field("bytes"):
                with Image.open(io.BytesIO(image.as_py())) as opened:
                    total += rule.tokens(*opened.size)
    return total


def with_dask(path):
    from distributed import Client, LocalCluster  # noqa: PLC0415

    from imgcost.datasets.dask import audit  # noqa: PLC0415

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        summary = audit(path, client=client, model=tables.MODEL)
    return summary.tokens(summary.quotes[0].rule)


def with_daft(path):
    import daft  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    from imgcost import image_costs  # noqa: PLC0415

    @daft.func.batch(return_dtype=daft.DataType.int64())
    def visual_tokens(image):
        costs = image_costs(pa.table({"image": image.to_arrow()}), tables.MODEL, keep=False)
        return costs["tokens"].combine_chunks()

    images = daft.read_parquet(path)
    return images.select(visual_tokens(images["image"]).alias("tokens")).sum("tokens").to_pydict()["tokens"][0]


CONTENDERS = {"read": read, "imgcost": with_imgcost, "pillow": with_pillow, "dask": with_dask, "daft": with_daft}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(CONTENDERS), help="contenders, separated by commas")
    parser.add_argument("--table", type=Path, help="use this table, or build it there")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(CONTENDERS[options.contender](str(options.table))))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.table or Path(folder, "images.parquet")
        if not path.exists():
            build(path, options.images)
        print(f"{options.images:,} images, {path.stat().st_size / 1e6:,.0f} MB, {options.rounds} rounds")
        tables.compare(path, options.only.split(","), options.rounds, __file__)


if __name__ == "__main__":
    main()
