"""Requests in files: one as JSON, many as JSON lines or as the body of a message batch."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from imgcost.errors import RequestError
from imgcost.messages import as_items, as_object, body_bytes, read_request
from imgcost.rules import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imgcost.preflight.asking import Inquiry

__all__ = ["Entry", "ask_entries", "ask_text", "entries_of", "entries_of_batch", "entries_of_lines", "looks_like_json"]

# The body of a batch is {"requests":[ ... ]}, with a comma between two.
_BATCH_FRAME_BYTES = len('{"requests":[]}')


class Entry(NamedTuple):
    """A request of a batch.

    Attributes:
        place: What stands before places in it.
        raw: What stands there, or why it cannot be read.
        line: Its line in the file, counted from 1; None in one document.
    """

    place: str
    raw: Any
    line: int | None = None


def looks_like_json(head: bytes) -> bool:
    """Tell whether a file begins like JSON, and so like no image.

    >>> looks_like_json(b"  {"), looks_like_json(b"GIF89a")
    (True, False)
    """
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def _parse(text: bytes) -> Any:
    """Parse JSON.

    Raises:
        RequestError: It is none, or is nested too deep to be read.
    """
    try:
        return json.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise RequestError("", "is nested too deep to be read") from None
    except ValueError as error:  # no JSON, no UTF-8, or a number of thousands of digits
        raise RequestError("", f"is no JSON: {error}") from error


def entries_of_lines(lines: Iterable[bytes] | BinaryIO, name: str) -> Iterator[Entry]:
    """Read JSON lines one by one; an empty line is passed over."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{name}:{number} "
        try:
            yield Entry(place, _parse(line), number)
        except RequestError as error:
            yield Entry(place, error, number)


def entries_of(requests: Iterable[Any], name: str = "requests") -> Iterator[Entry]:
    """Take the requests of a batch that is here already."""
    for number, raw in enumerate(requests):
        yield Entry(f"{name}.{number} ", raw)


def ask_text(
    text: bytes, inquiry: Inquiry, model: str | None, name: str, file: str | None = None, *, batch: bool = False
) -> None:
    """Check JSON as it comes: one request, the body of a batch, an array of requests, or one request a line.

    Args:
        text: The JSON.
        inquiry: What it is asked about.
        model: A model to check for instead of those that the requests name.
        name: What places in it begin with.
        file: The file that it comes from.
        batch: Whether one request alone is a batch too.
    """
    try:
        found = _parse(text)
    except RequestError as error:
        lines = text.splitlines()
        if _is_json(next(filter(bytes.strip, lines), b"")):
            ask_entries(entries_of_lines(lines, name), inquiry, model, name, file)
        else:
            inquiry.refuse(error, f"{name} ", file)
        return
    try:
        entries = entries_of_batch(found, f"{name} ")
        if entries is None and batch:
            entries = [Entry(f"{name} ", found)]
        if entries is None:
            inquiry.ask_request(read_request(found), model, f"{name} ", file)
        else:
            ask_entries(entries, inquiry, model, name, file)
    except RequestError as error:
        inquiry.refuse(error, f"{name} ", file)


def entries_of_batch(found: Any, place: str) -> Iterable[Entry] | None:
    """Find the requests of a batch, whichever way it comes.

    Args:
        found: The body of a batch, a list of requests, or one request.
        place: What stands before places in it.

    Returns:
        Its requests; None where it is the parameters of one request, or nothing of all this.

    Raises:
        RequestError: What the body calls its requests is not a list.
    """
    if isinstance(found, Mapping) and "messages" not in found:
        if "params" in found:  # a batch of one line
            return [Entry(place, found)]
        if "requests" in found:
            found = as_items(found["requests"], "requests")
    return entries_of(found, f"{place}requests") if isinstance(found, (list, tuple)) else None


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(_parse(line), dict)
    except RequestError:
        return False


def ask_entries(
    entries: Iterable[Entry], inquiry: Inquiry, model: str | None, name: str, file: str | None = None
) -> None:
    """Check every request of a batch, and the batch as a whole.

    An entry is `{"custom_id": ..., "params": {...}}`, or the parameters alone where requests are kept without more.
    """
    first: set[str] = set()
    repeated, missing, odd, streams = [], [], [], []
    pattern = re.compile(inquiry.case().limits.custom_id or ".*", re.DOTALL)
    size, count = _BATCH_FRAME_BYTES, 0
    for place, raw, line in entries:
        count += 1
        try:
            if isinstance(raw, RequestError):
                raise raw
            entry = as_object(raw, "")
            size += body_bytes(entry) + (count > 1)
            if "params" not in entry and "custom_id" not in entry:
                inquiry.ask_request(read_request(entry), model, place, file, line, batch=True)
                continue
            custom_id = entry.get("custom_id")
            if not isinstance(custom_id, str) or not custom_id:
                missing.append(place.rstrip())
            elif custom_id in first:
                repeated.append((place.rstrip(), custom_id))
            else:
                first.add(custom_id)
                if not pattern.fullmatch(custom_id):
                    odd.append((_below(place, line, "custom_id"), custom_id))
            if "params" not in entry:
                raise RequestError("params", "is missing: it holds the request")
            request = read_request(entry["params"])
            if request.streams:
                streams.append(_below(place, line, "params.stream"))
            inquiry.ask_request(request, model, place, file, line, batch=True)
        except RequestError as error:
            inquiry.refuse(error, place, file, line)
    if not count:
        inquiry.refuse(RequestError("", "is empty: a batch has at least one request"), f"{name} ", file)
    batch = Batch(name, count, size, tuple(repeated), tuple(missing), tuple(odd), tuple(streams))
    inquiry.ask("batch", batch, inquiry.case(), file)


def _below(place: str, line: int | None, key: str) -> str:
    """The place of a key of an entry, as the API words it; in a file of lines behind the line."""
    return f"{place}{key}" if line else f"{place.rstrip()}.{key}"
