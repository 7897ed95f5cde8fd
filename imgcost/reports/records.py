"""The reports of single commands as records: what a spreadsheet or a program wants instead of a table for people.

A record is a row; its columns are documented here once, and are the same in every format that they are written to.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from imgcost.text import Report

__all__ = ["RECORDS", "Column", "Kind", "Records"]

Kind: TypeAlias = Literal["text", "path", "whole", "usd", "flag"]
"""What a column holds: text, a path as `imgcost.paths` writes it, a whole number, US dollars as an exact Decimal, or true and false."""


class Column(NamedTuple):
    """A column of records.

    Attributes:
        kind: What it holds.
        meaning: What that is, for people.
    """

    kind: Kind
    meaning: str


class Records(NamedTuple):
    """The records that a kind of report has.

    Attributes:
        title: What a page of them is called.
        columns: Their columns by name, in order.
        rows: Makes them of the report's data: values by column; a column left out is empty.
    """

    title: str
    columns: Mapping[str, Column]
    rows: Callable[[Mapping[str, Any]], Iterator[dict[str, Any]]]

    def of(self, report: Report) -> Iterator[tuple[Any, ...]]:
        """Make the records of a report.

        Args:
            report: The report.

        Yields:
            Values in the order of the columns; None where a column does not apply.
        """
        for row in self.rows(report.data):
            yield tuple(_value(row.get(name), column.kind) for name, column in self.columns.items())


def _value(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    if kind == "usd":
        return Decimal(value)
    return str(value) if kind == "text" else value


_MODEL = {
    "model": Column("text", "the model's id"),
    "tier": Column("text", "its resolution tier"),
    "formula": Column("text", "the formula that counted"),
}
_CONDITIONS = Column("text", "what was asked for beyond the standard price, separated by semicolons")


def _estimates(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in data["estimates"]:
        yield entry | {"conditions": "; ".join(entry["conditions"])}


ESTIMATE = {
    "width": Column("whole", "as sent, px"),
    "height": Column("whole", "as sent, px"),
    **_MODEL,
    "as_of": Column("text", "the day whose prices hold"),
    "conditions": _CONDITIONS,
    "usd_per_mtok": Column("usd", "US dollars per million visual tokens, all conditions included"),
    "tokens": Column("whole", "visual tokens"),
    "downscaled": Column("flag", "true if the API would downscale the image"),
    "resized_width": Column("whole", "what Claude sees, px"),
    "resized_height": Column("whole", "what Claude sees, px"),
    "input_usd": Column("usd", "US dollars for the image as input, exact"),
    "input_usd_per_1000": Column("usd", "the same for a thousand images"),
    "count": Column("whole", "with --count: how many images"),
    "input_usd_of_count": Column("usd", "the same for all of them"),
}


def _plans(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for model in data["models"]:
        shared = {name: model[name] for name in ("model", "tier", "formula", "images")} | {
            "as_of": data["scenario"]["as_of"]
        }
        yield shared | _counted(model) | {
            "variant": "as asked",
            "usd_per_1000_images": model["usd_per_1000_images"],
            "retries_usd": model["retries_usd"],
        }  # fmt: skip
        for variant, told in model["variants"].items():
            yield shared | _counted(told) | {"variant": variant}


def _counted(told: Mapping[str, Any]) -> dict[str, Any]:
    tokens = {f"{name}_tokens": count for name, count in told["tokens"].items()}
    return {name: told[name] for name in ("images_per_request", "requests", "total_usd")} | tokens


PLAN = {
    **_MODEL,
    "as_of": Column("text", "the day whose prices and limits hold"),
    "variant": Column("text", "as asked, or an alternative: standard, batch, cached, batch + cached, packed, downscaled"),
    "images": Column("whole", "images that are sent, each once"),
    "images_per_request": Column("whole", "the most new images of a request"),
    "requests": Column("whole", "without retries"),
    "input_tokens": Column("whole", "prompt tokens that the cache has no part in, images included"),
    "cache_write_5m_tokens": Column("whole", "prompt tokens written to the cache for five minutes"),
    "cache_write_1h_tokens": Column("whole", "prompt tokens written to the cache for an hour"),
    "cache_read_tokens": Column("whole", "prompt tokens read from the cache"),
    "output_tokens": Column("whole", "tokens of the answers"),
    "total_usd": Column("usd", "US dollars, retries included, exact"),
    "retries_usd": Column("usd", "how much of that is for requests sent again"),
    "usd_per_1000_images": Column("usd", "US dollars a thousand images"),
}  # fmt: skip


def _findings(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for found in data["findings"]:
        yield found | {"sources": " ".join(dict.fromkeys(source["url"] for source in found["sources"]))}


CHECK = {
    "severity": Column("text", "error where the API would reject, warning where it is only worth knowing"),
    "rule": Column("text", "the rule's name: 'imgcost rules RULE' explains it"),
    "place": Column("path", "in the request as the Anthropic SDK words it, or the file"),
    "file": Column("path", "the file that it is about, or that the request stands in"),
    "line": Column("whole", "the line of a batch file, from 1"),
    "message": Column("text", "what was observed, as a sentence"),
    "observed": Column("text", "what was measured"),
    "limit": Column("text", "what it is compared with"),
    "unit": Column("text", "the unit of both"),
    "advice": Column("text", "what to do about it"),
    "sources": Column("text", "where the limit was read"),
}

RECORDS = {
    "estimate": Records("What images cost with Claude", ESTIMATE, _estimates),
    "plan": Records("What a job costs with Claude", PLAN, _plans),
    "check": Records("What would be rejected", CHECK, _findings),
}
"""The records of each command that has a report and no rows of its own."""
