"""Pre-flight checks: report what the API would reject or change, before anything is sent.

Nothing is sent or fetched, no pixels are decoded, and the input is not changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from imgcost.arguments import to_bool
from imgcost.errors import ArgumentError
from imgcost.files import is_stream
from imgcost.preflight.checker import Checker
from imgcost.preflight.disk import Disk
from imgcost.preflight.documents import DEFAULT_MODEL, Reading, check_file, check_value
from imgcost.preflight.findings import CheckedImage, Findings, PreflightError, Spools
from imgcost.preflight.images import Imagelike, check_each
from imgcost.preflight.inputs import RequestFile
from imgcost.preflight.sessions import TurnCost
from imgcost.preflight.spools import Spool
from imgcost.shapes import detect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from imgcost.arguments import Dollars
    from imgcost.errors import ImgcostError
    from imgcost.files import Walk
    from imgcost.preflight.singles import CheckedImages
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

_BATCH_SHAPES = ("auto", "batch")
"""Shapes in which the requests of a batch may be given without its body."""


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
    """Check images: files, directories, bytes, open files, Pillow images, or records of a scan.

    Args:
        images: One or many images. The ends of large archive members and of images from a scan are not inspected. Only
            the dimensions of a Pillow image are checked, because its file size is unknown until it is saved.
        model: The model; a family such as `sonnet` means its newest active model on that date.
        platform: The platform; None for the one that the model's name implies, else the Claude API.
        as_of: The date whose limits apply; today if None.
        ignore: Names of rules to skip.
        budget_usd: Maximum cost of the images as input at the standard price, US dollars: a Decimal, an int, text or a
            float. Images that cannot be measured or priced exceed it.
        one_request: Whether the images are sent in one request, so that its limits apply.

    Returns:
        The findings, and each image with its size and tokens.

    Raises:
        UnknownModelError: The model is not in the tables.
        NoPriceError: The model was not available on that date, or nothing is published for the platform.
        ImgcostError: A rule to skip does not exist.
        ArgumentError: An argument has a wrong type.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> findings = check_images("data/samples/broken", model="claude-sonnet-4-6")
    >>> [(finding.location, finding.rule) for finding in findings.errors][0]
    ('data/samples/broken/cut-in-header.jpg', 'unreadable')
    """
    checker = Checker(platform, as_of, ignore, budget_usd)
    named, alone, disk = checker.models.find(model), to_bool("one_request", one_request), Disk()
    checker.models.use(named)
    results = check_each(images, disk, checker.image_checker(named, one_request=alone))
    checker.add_images(results, named, one_request=alone)
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

    Large images are not decoded: only the first and last bytes of each are read.

    Args:
        params: The keyword arguments of `messages.create`: plain dictionaries, or the types of the Anthropic SDK. Or a
            request in another shape, such as OpenAI, Bedrock Converse, LangChain or MCP; see `imgcost.shapes`. It is
            not changed.
        model: The model; None for the one that the request names.
        platform: The platform; None for the one that the model's id, the body or its shape implies, such
            as Amazon Bedrock for `us.anthropic...`, else the Claude API.
        as_of: The date whose limits apply; today if None.
        ignore: Names of rules to skip.
        budget_usd: Maximum cost of its images as input, US dollars. The long-context price applies if the images alone
            exceed its threshold; if the text might exceed it, both prices have to be within the budget. Whatever
            cannot be measured or priced, such as an image from a URL, exceeds the budget.
        shape: The name of the request's shape in `imgcost.shapes.SHAPES`; `auto` detects it.

    Returns:
        The findings, and each image with its location, size and tokens. Locations refer to `params` as given.

    Raises:
        RequestError: `params` is not a request; the error has the location.
        NoPriceError: Nothing is published for the platform on that date.
        ImgcostError: A rule to skip does not exist.
        ArgumentError: Another argument has a wrong type, or is not one of its choices.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision (read 2026-09-07)

    >>> gif = {"type": "base64", "media_type": "image/png", "data": "R0lGODlhCAAGAAAAACwAAAAACAAGAAACAQA7"}
    >>> message = {"role": "user", "content": [{"type": "image", "source": gif}]}
    >>> findings = check_request({"model": "claude-opus-5", "max_tokens": 9, "messages": [message]})
    >>> print(findings.errors[0].location, findings.errors[0].message)
    messages.0.content.0 the image declares image/png, but its bytes are image/gif
    """
    reading = Reading.start(Checker(platform, as_of, ignore, budget_usd), model, shape)
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
        batch: The path of a file of JSON lines, which is read line by line, or of the body of a batch; JSON lines as
            bytes or an open binary file; the body of a batch, `{"requests": [...]}`; or its requests, each
            `{"custom_id": ..., "params": {...}}` or only the parameters.
        model: The model; None for those that the requests name.
        platform: The platform; None for the one that the model's id, the body or its shape implies, such
            as Amazon Bedrock for `us.anthropic...`, else the Claude API.
        as_of: The date whose limits apply; today if None.
        ignore: Names of rules to skip.
        budget_usd: Maximum cost of its images as input at the batch price, US dollars; see `check_request`.
        shape: The name of the shape of the batch in `imgcost.shapes.SHAPES`; `auto` detects it.

    Returns:
        The findings. A line that is not a request is a finding of the rule `request`.

    Raises:
        OSError: The file cannot be read.
        NoPriceError: Nothing is published for the platform on that date.
        ImgcostError: A rule to skip does not exist.
        ArgumentError: The batch or another argument has a wrong type.

    Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing (read 2026-10-08)

    >>> findings = check_batch([{"custom_id": "a", "params": {"model": "claude-opus-5"}}])
    >>> print(findings.errors[0].location, findings.errors[0].message)
    requests.0.params.messages is missing: a request has a list of messages
    """
    reading = Reading.start(Checker(platform, as_of, ignore, budget_usd), model, shape, batch=True)
    if issubclass(type(batch), (str, os.PathLike)):  # not isinstance: an object may raise even for its class
        path = os.fsdecode(batch)  # type: ignore[arg-type] # issubclass does not narrow
        if "\0" in path:
            raise ArgumentError("batch", batch, "a path without NUL characters")
        _check_path(path, reading)
    elif issubclass(type(batch), (bytes, bytearray, memoryview)):
        check_file(BytesIO(batch), reading, "batch")  # type: ignore[arg-type] # issubclass does not narrow
    elif is_stream(batch):
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
        paths: The files and directories, read one by one. A file is read as requests if it begins like JSON, or if
            `imgcost.shapes` recognizes its text, such as YAML. In a directory, only `.json`, `.jsonl` and `.ndjson`
            files that contain requests are.
        stdin: The JSON that the path `-` refers to; None if `-` is an ordinary path.
        model: The model for images, `sonnet` if None, and for requests, those that they name if None.
        platform: The platform; None as in `check_request`.
        as_of: The date whose limits apply; today if None.
        ignore: Names of rules to skip.
        budget_usd: Maximum cost of all images as input, US dollars.
        one_request: Whether the images are sent in one request.
        shape: The name of the shape of all requests in `imgcost.shapes.SHAPES`; `auto` detects it.
        walk: How to walk; into archives and not through links to directories if None.
        jobs: Maximum number of worker processes. If this process cannot fork, each worker imports the main module
            again.
        progress: Called with the number of files done since the last call.
        spools: Storage for findings and images, so that memory does not grow with their number; None for tuples.

    Returns:
        The findings. A file that looks like JSON but is not a request is a finding of the rule `request`.

    Raises:
        OSError: A file of JSON cannot be read.
        UnknownModelError: The model is not in the tables.
        NoPriceError: The model was not available on that date, or nothing is published for the platform.
        ImgcostError: A rule to skip does not exist, or a worker process was killed.

    >>> check_paths(["data/samples/web"], model="claude-sonnet-4-6").tokens
    490
    """
    reading = Reading.start(Checker(platform, as_of, ignore, budget_usd, spools), model, shape)
    checker, alone = reading.checker, to_bool("one_request", one_request)
    disk = Disk(walk, shape=shape, jobs=jobs, progress=progress)
    files = (path for path in paths if path != "-" or stdin is None)
    named, problem = checker.models.find_or_why(model or DEFAULT_MODEL)
    with closing(Spool(RequestFile)) as requests:
        with closing(disk.check(files, checker.image_checker(named, one_request=alone))) as results:
            checker.add_images(_keep_requests(results, requests, problem), named, one_request=alone)
        for request in requests:
            _check_path(request.path, reading)
    if stdin is not None:
        check_file(stdin, reading, "stdin")
    for note in disk.notes():
        checker.note(note)
    return reading.findings()


def _check_path(path: str, reading: Reading) -> None:
    with open(path, "rb") as file:  # noqa: PTH123 - a path may be any string
        check_file(file, reading, path, path)


def _keep_requests(
    results: Iterable[CheckedImages], requests: Spool[RequestFile], problem: ImgcostError | None
) -> Iterator[CheckedImages]:
    """Append files of requests to `requests`, and raise what is wrong with the model once it matters."""
    for checked in results:
        for request in checked.requests:
            requests.append(request)
        if problem and checked.has_images:
            raise problem
        yield checked


def _body_of_batch(batch: Any, shape: str) -> Any:
    """Return requests as the body of a batch, so that locations begin with `requests`; other shapes are unchanged."""
    if issubclass(type(batch), Mapping):
        return batch if "requests" in batch or shape not in _BATCH_SHAPES else {"requests": [batch]}
    try:
        requests = list(batch)
    except Exception:  # noqa: BLE001 - an object may raise anything
        requests = None
    if requests is None:
        expected = "the path of a batch file, its requests as a list, or its body {'requests': [...]}"
        raise ArgumentError("batch", batch, expected)
    is_batch = shape in _BATCH_SHAPES and detect(requests) in {None, "batch", "messages"}
    return {"requests": requests} if is_batch else requests


def _bytes_of(stream: Any) -> bytes:
    try:
        data = stream.read()
    except ValueError:
        raise ArgumentError("batch", stream, "an open file") from None
    return data.encode(errors="surrogatepass") if isinstance(data, str) else bytes(data)
