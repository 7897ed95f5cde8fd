"""Which columns of a table to read: found by their usual names, or given by the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.datasets.columns import find_columns
from imgcost.errors import ArgumentError, ImgcostError, short_repr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

__all__ = ["Selection", "TableColumns", "column_list", "find_table_columns", "usual_image_column"]

_IMAGE_NAMES = ("image", "img", "image_bytes", "bytes", "jpg", "jpeg", "png", "webp", "picture", "photo")
"""Usual names of a column of image bytes, the most usual first."""

_FORMAT_NAMES = ("media_type", "format")
"""Usual names of a column to group by."""


class Selection(NamedTuple):
    """Columns that the user names; None for those to be found by their usual names.

    Attributes:
        width: Column of widths, px. A dot separates the fields of a struct, such as `meta.width`.
        height: Column of heights, px.
        image: Column of image bytes, or of structs with a field `bytes`.
        group_by: Column whose values are totaled separately.
    """

    width: str | None = None
    height: str | None = None
    image: str | None = None
    group_by: str | None = None

    def checked(self) -> Selection:
        """Return the same names.

        Raises:
            ArgumentError: One of them is not text.
        """
        for argument, name in self._asdict().items():
            if not isinstance(name, str | None):
                raise ArgumentError(argument, name, "the name of a column, or None")
        return self


class TableColumns(NamedTuple):
    """The columns of a table that are read, by their name in the table; None for those that it does not have.

    Attributes:
        width: Widths, px.
        height: Heights, px.
        image: Image bytes, instead of widths and heights.
        file_bytes: File sizes, bytes.
        media_type: Media types.
        times: Number of images of this size.
        problem: In rows of a scan: why an image was not counted.
        duplicate_of: In rows of a scan: the earlier image with the same bytes.
        model: In rows of a scan: the model.
        first_model: The model whose rows count.
        group: Values that are totaled separately.
    """

    width: str | None = None
    height: str | None = None
    image: str | None = None
    file_bytes: str | None = None
    media_type: str | None = None
    times: str | None = None
    problem: str | None = None
    duplicate_of: str | None = None
    model: str | None = None
    first_model: str | None = None
    group: str | None = None

    @property
    def names(self) -> list[str]:
        """Names of the columns, without duplicates."""
        names = self._replace(first_model=None)
        return list(dict.fromkeys(name for name in names if name is not None))

    @staticmethod
    def get(batch: pa.RecordBatch, name: str | None) -> pa.Array:
        """Return a column of a batch, or a field of a struct."""
        import pyarrow.compute as pc  # noqa: PLC0415 - the caller has it

        if name in batch.schema.names:
            return batch.column(name)
        first, *fields = str(name).split(".")
        return pc.struct_field(batch.column(first), fields)


def find_table_columns(schema: pa.Schema, selection: Selection, table: str) -> TableColumns:
    """Find the columns to read.

    Args:
        schema: All columns of the table.
        selection: Columns that the user names.
        table: Name of the table, for messages.

    Returns:
        The columns.

    Raises:
        ImgcostError: A column is missing, occurs twice, or has a type that cannot be read.
    """
    group = selection.group_by
    if group is not None:
        data_type = _type_of(schema, group, table)
        if not _has_labels(data_type):
            raise ImgcostError(f"{table}: cannot group by {group!r}, a column of type {data_type}")
    else:
        usual = (name for name in _FORMAT_NAMES if schema.names.count(name) == 1)
        group = next((name for name in usual if _has_labels(schema.field(name).type)), None)
    if selection.width is not None or selection.height is not None:
        columns = _sized(schema, selection, table)
    elif selection.image is not None:
        columns = TableColumns(image=_image_field(schema, selection.image, table))
    else:
        columns = _usual(schema, table)
    return columns._replace(group=group)


def _sized(schema: pa.Schema, selection: Selection, table: str) -> TableColumns:
    names = {"width": selection.width or "width", "height": selection.height or "height"}
    for name in names.values():
        _type_of(schema, name, table)
    others = [name for name in schema.names if str(name).strip().lower() not in names]
    return _found(schema, find_columns([*others, "width", "height"], table) | names)


def _usual(schema: pa.Schema, table: str) -> TableColumns:
    if image := usual_image_column(schema, table):
        return TableColumns(image=image)
    try:
        found = find_columns(schema.names, table)
    except ImgcostError as error:
        hint = "Name other columns with --width and --height, or image bytes with --image"
        raise ImgcostError(f"{error}. {hint}") from None
    return _found(schema, found)


def _found(schema: pa.Schema, found: dict[str, str]) -> TableColumns:
    if "tokens" not in schema.names:  # not written by a scan: these names mean something else
        found = {column: name for column, name in found.items() if column not in ("problem", "duplicate_of", "model")}
    found = {"times" if column == "count" else column: name for column, name in found.items()}
    return TableColumns(**found, media_type="media_type" if "media_type" in schema.names else None)


def usual_image_column(schema: pa.Schema, table: str) -> str | None:
    """Find the image bytes of a table: a column with a usual name, else the only one whose type can have them.

    Args:
        schema: All columns of the table.
        table: Name of the table, for messages.

    Returns:
        The column, or the field of a struct; None if there are none, or if the table has sizes.
    """
    if {"width", "height"} <= {str(name).strip().lower() for name in schema.names}:
        return None
    candidates = [field.name for field in schema if _bytes_field(field.type) is not None]
    by_name = {name.lower(): name for name in reversed(candidates)}
    usual = next((by_name[name] for name in _IMAGE_NAMES if name in by_name), None)
    name = usual or (candidates[0] if len(candidates) == 1 else None)
    return None if name is None else _image_field(schema, name, table)


def _bytes_field(data_type: pa.DataType) -> str | None:
    """Return the suffix that leads to the bytes: empty, or the field of a struct; None if there are none."""
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    if _is_binary(data_type):
        return ""
    if pa.types.is_struct(data_type):
        index = data_type.get_field_index("bytes")
        if index >= 0 and _is_binary(data_type.field(index).type):
            return ".bytes"
    return None


def _is_binary(data_type: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    if pa.types.is_dictionary(data_type):
        data_type = data_type.value_type
    tests = ("is_binary", "is_large_binary", "is_fixed_size_binary", "is_binary_view")
    return any(getattr(pa.types, test)(data_type) for test in tests if hasattr(pa.types, test))


def _image_field(schema: pa.Schema, name: str, table: str) -> str:
    data_type = _type_of(schema, name, table)
    suffix = _bytes_field(data_type)
    if suffix is None:
        expected = "expected bytes, or a struct with a field 'bytes'"
        raise ImgcostError(f"{table}: column {name!r} has type {data_type}: {expected}")
    return name + suffix


def _type_of(schema: pa.Schema, name: str, table: str) -> pa.DataType:
    """Return the type of a column or of a field of a struct."""
    data_type = None
    if schema.names.count(name) == 1:
        data_type = schema.field(name).type
    else:
        first, *fields = name.split(".")
        data_type = _nested(schema.field(first).type, fields) if fields and schema.names.count(first) == 1 else None
    if data_type is None:
        raise ImgcostError(f"{table} has no column {short_repr(name)}. Columns found: {column_list(schema.names)}")
    return data_type


def _has_labels(data_type: pa.DataType) -> bool:
    """Return whether the values of a type can be compared and written as text."""
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    if pa.types.is_dictionary(data_type):
        data_type = data_type.value_type
    return not (pa.types.is_nested(data_type) or _is_binary(data_type) or pa.types.is_null(data_type))


def _nested(data_type: pa.DataType, fields: Sequence[str]) -> pa.DataType | None:
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    for field in fields:
        if not pa.types.is_struct(data_type) or (index := data_type.get_field_index(field)) < 0:
            return None
        data_type = data_type.field(index).type
    return data_type


def column_list(names: Sequence[str]) -> str:
    """List column names for a message, shortened."""
    text = ", ".join(filter(None, map(str, names))) or "none"
    return text if len(text) <= 200 else text[:200] + "..."
