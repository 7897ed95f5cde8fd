"""Pre-flight: what the API would reject or change, told before anything is sent.

Nothing is sent, nothing is fetched, no pixel is decoded, and what is checked is not changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast

from imgcost.arguments import take_choice, take_flag
from imgcost.errors import ArgumentError
from imgcost.files import Image, Unreadable, is_pillow, is_stream
from imgcost.preflight.checker import Checker
from imgcost.preflight.disk import Disk, RequestFile
from imgcost.preflight.documents import DEFAULT_MODEL, Reading, check_file, check_value
from imgcost.preflight.findings import CheckedImage, Findings, PreflightError, Spools
from imgcost.preflight.inputs import bytes_input, pillow_input, record_input, stream_input
from imgcost.preflight.sessions import TurnCost
from imgcost.preflight.spools import Spool
from imgcost.shapes import SHAPES, detect

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from datetime import date

    from imgcost.arguments import Dollars
    from imgcost.files import ImageSource, Walk
    from imgcost.rules import ImageInput
    from imgcost.tables import Platform

__all__ = [
    "CheckedImage",
    "Findings",
    "Imagelike",
    "PreflightError",
    "Spools",
    "TurnCost",
    "check_batch",
    "check_images",
    "check_paths",
    "check_request",
]

_OWN_SHAPES = ("auto", "batch")
"""Shapes in which the requests of a batch may be given without its body."""

Imagelike: TypeAlias = "ImageSource | Image | Unreadable"
"""A file, a folder, the bytes of an image, an open binary file, a Pillow image, or what `imgcost.scan` has found."""


EXPECTED = (
    "a path, the bytes of an image, an open binary file, a Pillow image, or what imgcost.scan found; "
    "check_request takes image blocks"
)


def check_images(
    images: Imagelike | Iterable[Imagelike],
    *,
    model: str = DEFAULT_MODEL,
    platform: Platform | None = None,
    as_of: date | None = None,
    ignore: Iterable[str] = (),
    budget_usd: Dollars | None = None,
    one_request: bool = False,
) -> Findings:
    """Check images: files, folders with all under them, bytes, open files, Pillow images, or what a scan found.

    Args:
        images: One or many of them. The ends of large archive members and of images from a scan are not inspected. Of a
            Pillow image only the size is: how many bytes it will have is not known before it is saved.
        model: The model that they are for; a family such as `sonnet` means its newest active model on that day.
        platform: Where they will be sent; None for the platform that the model's name implies, else the Claude API.
        as_of: The day whose limits hold; today if None.
        ignore: Names of rules that are not to be asked.
        budget_usd: What they may cost as input at the standard price, US dollars: a Decimal, a whole number, text or a
            float. What cannot be measured or priced breaks it.
        one_request: Whether they are to be sent together in one request, with its limits.

    Returns:
        What was found, and each image with its size and tokens.

    Raises:
        UnknownModelError: No table lists the model.
        NoPriceError: The model does not answer on that day, or nothing is known of the platform.
        ImgcostError: A rule to be ignored does not exist.
        ArgumentError: An image, or another argument, is of none of these kinds.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> findings = check_images("data/samples/broken", model="claude-sonnet-4-6")
    >>> [(one.location, one.rule) for one in findings.errors][0]
    ('data/samples/broken/cut-in-header.jpg', 'unreadable')
    """
    checker = Checker(platform, as_of, ignore, budget_usd)
    found = checker.find_model(model)
    disk = Disk()
    checker.check_images(_all_inputs(images, disk), found, one_request=take_flag("one_request", one_request))
    for note in disk.notes():
        checker.note(note)
    return checker.findings()


def check_request(
    params: Any,
    *,
    model: str | None = None,
    platform: Platform | None = None,
    as_of: date | None = None,
    ignore: Iterable[str] = (),
    budget_usd: Dollars | None = None,
    shape: str = "auto",
) -> Findings:
    """Check a request before it is sent.

    Large images are not decoded: the header needs the first bytes, the end the last ones, and their number is
    arithmetic.

    Args:
        params: The keyword arguments of `messages.create`: plain dictionaries, or the types of the Anthropic SDK. Or a
            request in another shape: that of OpenAI, Bedrock Converse, LangChain, MCP, ...; see `imgcost.shapes`. It
            is not changed.
        model: A model to check for instead of the one that the request names.
        platform: Where it will be sent; None for the platform that the model's id, the body or its shape implies, such
            as Amazon Bedrock for `us.anthropic...`, else the Claude API.
        as_of: The day whose limits hold; today if None.
        ignore: Names of rules that are not to be asked.
        budget_usd: What its images may cost as input, US dollars. The long-context price applies where the images alone
            pass its threshold; where the text might, both prices have to be within the budget. What cannot be measured
            or priced, such as an image from a URL or a page of a PDF, breaks the budget.
        shape: The name of the request's shape in `imgcost.shapes.SHAPES`; `auto` detects it.

    Returns:
        What was found, and each image with its location, size and tokens. Locations are those in `params` as given.

    Raises:
        RequestError: It is no request at all; the error names the location.
        NoPriceError: Nothing is known of the platform on that day.
        ImgcostError: A rule to be ignored does not exist.
        ArgumentError: Another argument is of the wrong kind, or not one of its choices.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> gif = {"type": "base64", "media_type": "image/png", "data": "R0lGODlhCAAGAAAAACwAAAAACAAGAAACAQA7"}
    >>> message = {"role": "user", "content": [{"type": "image", "source": gif}]}
    >>> findings = check_request({"model": "claude-opus-5", "max_tokens": 9, "messages": [message]})
    >>> print(findings.errors[0].location, findings.errors[0].message)
    messages.0.content.0 the image declares image/png, but its bytes are image/gif
    """
    reading = _reading(Checker(platform, as_of, ignore, budget_usd), model, shape)
    check_value(params, reading, strict=True)
    return reading.findings()


def check_batch(
    batch: str | os.PathLike[str] | bytes | BinaryIO | Mapping[str, Any] | Iterable[Mapping[str, Any]],
    *,
    model: str | None = None,
    platform: Platform | None = None,
    as_of: date | None = None,
    ignore: Iterable[str] = (),
    budget_usd: Dollars | None = None,
    shape: str = "auto",
) -> Findings:
    """Check a message batch: every request in it, and the batch as a whole.

    Args:
        batch: The path of a file: JSON lines, read line by line, or where its name does not end with `.jsonl` or
            `.ndjson`, the body of a batch as well. JSON lines as bytes or an open binary file. The body of a batch,
            `{"requests": [...]}`. Or the requests themselves; each is `{"custom_id": ..., "params": {...}}`, or the
            parameters alone.
        model: A model to check for instead of those that the requests name.
        platform: Where it will be sent; None for the platform that the model's id, the body or its shape implies, such
            as Amazon Bedrock for `us.anthropic...`, else the Claude API.
        as_of: The day whose limits hold; today if None.
        ignore: Names of rules that are not to be asked.
        budget_usd: What its images may cost as input at the price of a batch, US dollars; as in `check_request`.
        shape: The name of the shape of the batch in `imgcost.shapes.SHAPES`; `auto` detects it.

    Returns:
        What was found. A line that is no request is a finding too, of the rule `request`.

    Raises:
        OSError: The file cannot be read.
        NoPriceError: Nothing is known of the platform on that day.
        ImgcostError: A rule to be ignored does not exist.
        ArgumentError: The batch, or another argument, is of none of these kinds.

    Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing (read 2026-10-08)

    >>> findings = check_batch([{"custom_id": "a", "params": {"model": "claude-opus-5"}}])
    >>> print(findings.errors[0].location, findings.errors[0].message)
    requests.0.params.messages is missing: a request has a list of messages
    """
    reading = _reading(Checker(platform, as_of, ignore, budget_usd), model, shape, batch=True)
    if issubclass(type(batch), (str, os.PathLike)):  # not isinstance: an object may raise even for its class
        path = os.fsdecode(batch)  # type: ignore[arg-type] # issubclass does not narrow
        if "\0" in path:
            raise ArgumentError("batch", batch, "a path that can exist")
        _check_path(path, reading)
    elif issubclass(type(batch), (bytes, bytearray, memoryview)):
        check_file(BytesIO(batch), reading, "batch")  # type: ignore[arg-type] # issubclass does not narrow
    elif _can_be_read(batch):
        check_file(BytesIO(_bytes_of(batch)), reading, "batch")
    else:
        check_value(_body_of_batch(batch, shape), reading)
    return reading.findings()


def check_paths(
    paths: Iterable[str],
    *,
    stdin: BinaryIO | None = None,
    model: str | None = None,
    platform: Platform | None = None,
    as_of: date | None = None,
    ignore: Iterable[str] = (),
    budget_usd: Dollars | None = None,
    one_request: bool = False,
    shape: str = "auto",
    walk: Walk | None = None,
    jobs: int = 1,
    progress: Callable[[int], None] = lambda _files: None,
    spools: Spools | None = None,
) -> Findings:
    """Check images, directories, archives, requests as JSON and batches as JSON lines. Requests are checked last.

    Args:
        paths: The files and directories; taken one by one. A file that begins like JSON contains requests, in any shape
            that `imgcost.shapes` knows, as does one whose text can be named, such as a HAR file. In a directory these
            are the files named `.json`, `.jsonl` or `.ndjson` that contain requests.
        stdin: The JSON that the path `-` stands for; None if `-` is a path like any other.
        model: The model that images are for, `sonnet` if None; and that requests are checked for instead of their own.
        platform: Where all this will be sent; None as in `check_request`.
        as_of: The date whose limits apply; today if None.
        ignore: Names of rules to skip.
        budget_usd: Most that all images together may cost as input, US dollars.
        one_request: Whether the images are to be sent together in one request.
        shape: The name of the shape of all requests in `imgcost.shapes.SHAPES`; `auto` detects it.
        walk: How to walk; into archives and not through links to directories if None.
        jobs: Maximum number of worker processes. Where this process cannot be forked, each imports the main module
            again, which is that of the command line.
        progress: Called with the number of files done since the last call.
        spools: Where findings and images are kept, so that memory does not grow with their number; None for tuples.

    Returns:
        The findings. A file that looks like JSON and is not a request is one of them, of the rule `request`.

    Raises:
        OSError: A file of JSON cannot be read.
        UnknownModelError: No table lists the model.
        NoPriceError: The model does not answer on that date, or nothing is known of the platform.
        ImgcostError: A rule to be ignored does not exist, or a worker process was killed.

    >>> check_paths(["data/samples/web"], model="claude-sonnet-4-6").tokens
    490
    """
    reading = _reading(Checker(platform, as_of, ignore, budget_usd, spools), model, shape)
    checker, alone = reading.checker, take_flag("one_request", one_request)
    disk = Disk(walk, shape=shape, jobs=jobs, progress=progress)
    with closing(Spool[str]()) as requests, closing(_sorted_out(disk, paths, stdin, requests)) as images:
        first = next(images, None)
        if first is not None:
            checker.check_images(chain([first], images), checker.find_model(model or DEFAULT_MODEL), one_request=alone)
        for path in requests:
            _check_path(path, reading)
    if stdin is not None:
        check_file(stdin, reading, "stdin")
    for note in disk.notes():
        checker.note(note)
    return reading.findings()


def _check_path(path: str, reading: Reading) -> None:
    with open(path, "rb") as file:  # noqa: PTH123 - likewise
        check_file(file, reading, path, path)


def _reading(checker: Checker, model: str | None, shape: str, *, batch: bool = False) -> Reading:
    if model is not None and not isinstance(model, str):
        raise ArgumentError("model", model, "the name of a model, such as 'sonnet'")
    take_choice("shape", shape, ("auto", *SHAPES))
    return Reading.start(checker, model, shape, batch=batch)


def _sorted_out(
    disk: Disk, paths: Iterable[str], stdin: BinaryIO | None, requests: Spool[str]
) -> Generator[ImageInput]:
    """Inspect the files under paths, and keep those of requests for later."""
    files = (path for path in paths if path != "-" or stdin is None)
    with closing(disk.see(files)) as seen:
        for item in seen:
            if isinstance(item, RequestFile):
                requests.append(item.path)
            else:
                yield item


def _body_of_batch(batch: Any, shape: str) -> Any:
    """Return requests as the body of a batch, so that locations begin with `requests`; another shape as it is."""
    if issubclass(type(batch), Mapping):
        return batch if "requests" in batch or shape not in _OWN_SHAPES else {"requests": [batch]}
    try:
        requests = list(batch)
    except Exception:  # noqa: BLE001 - an object may raise anything
        requests = None
    if requests is None:
        expected = "the path of a batch file, its requests as a list, or its body {'requests': [...]}"
        raise ArgumentError("batch", batch, expected)
    own = shape in _OWN_SHAPES and detect(requests) in {None, "batch", "messages"}
    return {"requests": requests} if own else requests


def _can_be_read(batch: Any) -> bool:
    try:
        return is_stream(batch)
    except Exception:  # noqa: BLE001 - an object may raise anything
        return False


def _bytes_of(stream: Any) -> bytes:
    try:
        data = stream.read()
    except ValueError:
        raise ArgumentError("batch", stream, "an open file") from None
    return data.encode(errors="surrogatepass") if isinstance(data, str) else bytes(data)


def _all_inputs(images: Imagelike | Iterable[Imagelike], disk: Disk) -> Iterator[ImageInput]:
    if _is_one(images):
        yield from _inputs(images, "images.0", disk)
        return
    # A mapping, a DataFrame or a record would give its keys, columns or fields, and text is a path.
    if isinstance(images, Mapping) or hasattr(images, "columns") or hasattr(images, "_fields"):
        raise ArgumentError("images", images, EXPECTED)
    try:
        many = iter(images)  # type: ignore[arg-type] # that is the question
    except TypeError:
        raise ArgumentError("images", images, EXPECTED) from None
    for number, image in enumerate(many):
        yield from _inputs(image, f"images.{number}", disk)


def _is_one(image: object) -> bool:
    kinds = (str, os.PathLike, bytes, bytearray, memoryview, Image, Unreadable)
    return isinstance(image, kinds) or is_pillow(image) or is_stream(image)


def _inputs(image: Any, location: str, disk: Disk) -> Iterator[ImageInput]:
    if isinstance(image, (str, os.PathLike)):
        yield from cast("Iterator[ImageInput]", disk.see([os.fsdecode(image)]))  # it has no shape of requests
    elif isinstance(image, (Image, Unreadable)):
        yield record_input(image)
    elif isinstance(image, (bytes, bytearray, memoryview)):
        yield bytes_input(image, location)
    elif is_pillow(image):
        yield pillow_input(image, location)
    elif is_stream(image):
        yield stream_input(image, location)
    else:
        raise ArgumentError(location, image, EXPECTED)
