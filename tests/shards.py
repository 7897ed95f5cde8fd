"""Tables of images for the tests of data sets."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq

from imgcost.geometry import MAX_EDGE

SIZES = [(1920, 1080), (3000, 3000), (28, 28), (4032, 3024), (1, 9000)]

BAD = {
    (None, 5): "missing-size",
    (5, None): "missing-size",
    (0, 5): "zero-size",
    (5, -5): "negative-size",
    (MAX_EDGE + 1, 5): "impossible-size",
}
"""Rows that are not counted, and their problems."""


def table(rows=SIZES, **more):
    return pa.table({"width": pa.array([w for w, _ in rows], pa.int64()), "height": [h for _, h in rows], **more})


def written(path, data, **options):
    """Write a table in the format of the suffix."""
    match path.suffix:
        case ".parquet":
            pq.write_table(data, path, **options)
        case ".csv" | ".tsv":
            delimiter = {".csv": ",", ".tsv": "\t"}[path.suffix]
            pyarrow.csv.write_csv(data, path, pyarrow.csv.WriteOptions(delimiter=delimiter))
        case ".jsonl":
            path.write_text("".join(json.dumps(row, default=str) + "\n" for row in data.to_pylist()))
        case ".arrow":
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, data.schema) as writer:
                writer.write_table(data, 2)
        case ".feather":
            pyarrow.feather.write_feather(data, path)
    return path


FORMATS = [".parquet", ".csv", ".tsv", ".jsonl", ".arrow", ".feather"]


def embedded(images, kind="struct", name="image"):
    """Return a table of image bytes: plain, or as Hugging Face stores them."""
    if kind == "struct":
        values = [{"bytes": image, "path": f"{row}.png"} for row, image in enumerate(images)]
        column = pa.array(values, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    else:
        column = pa.array(images, kind)
    return pa.table({name: column, "label": list(range(len(images)))})
