"""Invalid documents in every shape: values that raise, and seeded mutations."""

from __future__ import annotations

import copy
import gzip
import io
import itertools
import json
from collections import UserDict, deque

from builders import CASES, DATA, chat, entry, image, result, use, words
from pictures import encoded, png, text

from imgcost import ImgcostError, check_batch, check_request, fit_request, fit_request_file
from imgcost.preflight import check_paths
from imgcost.shapes import SHAPES


class Raising:
    """Every attribute raises."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError

    def __bool__(self):
        raise RuntimeError

    def __str__(self):
        raise RuntimeError

    __hash__ = None


class RaisingModel:
    def model_dump(self, **_):
        raise KeyError("x")


class RaisingMapping(UserDict):
    def __iter__(self):
        raise OSError

    def keys(self):
        raise OSError


class RaisingList(deque):
    def __iter__(self):
        raise OSError


class Lying:
    """Raises when its class is read."""

    @property
    def __class__(self):
        raise ZeroDivisionError


def nested(depth):
    value = {"type": "tool_result", "toolResult": {}, "content": []}
    for _ in range(depth):
        value = {"type": "tool_result", "toolUseId": "a", "toolResult": {"content": [value]}, "content": [value]}
    return value


def cycle():
    value = {"type": "tool_result", "role": "user"}
    value.update(content=[value], messages=[value], toolResult=value, value=value)
    return value


def hostile():
    """Create values that are invalid nearly everywhere."""
    return [
        None, True, 0, -1, 1e999, float("nan"), 10**400, "", "x", "\ud800", "data:", "data:;base64", "data:,\ud800", "://",
        b"\xff", bytearray(b"x"), released(), [], {}, [[]], [None], [5], (1, 2), {1, 2}, range(3), {5: 5}, {None: []},
        {"type": 5}, {"type": []}, {"type": "text"}, {"type": "image"}, {"type": "tool_use"}, {"role": {}}, {"url": 5},
        {"type": "tool_result", "content": 5}, {"bytes": 5}, {"value": [5]}, {"type": "Buffer", "data": [5, "x"]},
        Raising(), RaisingModel(), RaisingMapping(), RaisingList([1]), Lying(), Raising, object(), cycle(), nested(8),
        {"type": "text", "text": Raising()}, {"type": Raising()}, {"type": "image", "text": Raising()},
    ]  # fmt: skip


def released():
    view = memoryview(b"x")
    view.release()
    return view


KEYS = [
    "type",
    "content",
    "role",
    "text",
    "source",
    "messages",
    "url",
    "data",
    "id",
    "message",
    "parentUuid",
    "uuid",
    "parts",
    "body",
    "input",
    "output",
    "value",
    "kwargs",
    "tool_calls",
    "image_url",
    "toolResult",
    "format",
    "result",
    "params",
    "request",
]


def paths_of(value, depth=0, path=()):
    """Yield every path in a document, up to a depth, because of cycles."""
    yield path
    if depth > 12:
        return
    items = value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
    for key, inner in items:
        yield from paths_of(inner, depth + 1, (*path, key))


def mutate(chance, document):
    """Replace, remove, rename, wrap or add something somewhere in a document."""
    paths = [path for path in itertools.islice(paths_of(document), 500) if path]
    if not paths:
        return
    *parents, last = chance.choice(paths)
    parent = document
    for key in parents:
        parent = parent[key]
    action, value = chance.choice(["replace", "remove", "rename", "wrap", "add"]), chance.choice(hostile())
    if action == "replace":
        parent[last] = value
    elif action == "remove":
        del parent[last]
    elif action == "wrap":
        parent[last] = chance.choice([[parent[last]], {chance.choice(KEYS): parent[last]}])
    elif type(parent) is list:
        parent.append(value)
    else:
        parent[chance.choice(KEYS)] = parent.pop(last) if action == "rename" else value


MORE = {
    "chat": chat({"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "x", "arguments": "{}"}}]}),
    "transcript": [
        entry("user", "1", None, words()),
        entry("assistant", "2", "1", use("a")),
        entry("user", "3", "2", result("a", image())),
        {"type": "system", "subtype": "compact_boundary", "uuid": "b", "parentUuid": None, "logicalParentUuid": "3",
         "compactMetadata": {"preservedSegment": {"headUuid": "2", "anchorUuid": "s", "tailUuid": "3"}}},
        entry("user", "s", "b", words(), isCompactSummary=True),
        {"type": "system", "subtype": "microcompact_boundary", "uuid": "m", "parentUuid": "s",
         "microcompactMetadata": {"compactedToolIds": ["a"]}},
        {"type": "attachment", "uuid": "4", "parentUuid": "m",
         "attachment": {"type": "file", "content": {"type": "image", "file": {"base64": DATA, "type": "image/png"}}}},
        entry("user", "5", "4", words()),
    ],
}  # fmt: skip
DOCUMENTS = [case.document for case in CASES.values()] + list(MORE.values())


def mutated(chance):
    """Return a document in one of the shapes with one to three mutations."""
    document = copy.deepcopy(chance.choice(DOCUMENTS))
    for _ in range(chance.randint(1, 3)):
        mutate(chance, document)
    return document


def _errors():
    """Create data that is rejected, and can be fixed or not, as base64."""
    images = [png(900, 9000), encoded("BMP", 50, 50), encoded("JPEG", 50, 50), b"\n" + png(50, 50), b"", b"404"]
    careless = DATA.rstrip("=").replace("+", "-").replace("/", "_")
    return [*map(text, images), f"data:image/png;base64,{DATA}", careless, "[gone]"]


ERRORS = _errors()


def mutated_with_errors(chance):
    """Return a mutated document whose images are rejected."""
    document = copy.deepcopy(chance.choice(DOCUMENTS))
    for path in list(paths_of(document)):
        *parents, last = path or [None]
        parent = document
        for key in parents:
            parent = parent[key]
        if path and type(parent[last]) is str:
            parent[last] = parent[last].replace(DATA, chance.choice(ERRORS))
    for _ in range(chance.randint(0, 2)):
        mutate(chance, document)
    return document


def fit_everywhere(chance, document):
    """Fit a document with every function; only errors of imgcost are expected. What is fixed is not changed again."""
    shape = chance.choice(["auto", *SHAPES])
    data = as_bytes(chance, document)
    for fitted_shape in ("auto", shape):
        try:
            fitted = fit_request(document, shape=fitted_shape)
            again = fit_request(fitted.params, shape=fitted_shape) if fitted.changes else fitted
        except ImgcostError:
            continue
        json.dumps(fitted.to_dict())
        assert not fitted.changes or not again.changes, (fitted.changes, again.changes)
    if data is not None:
        json.dumps(fit_request_file(io.BytesIO(data), io.BytesIO(), shape=shape).to_dict())


def check_everywhere(chance, document, path):
    """Check a document with every function; only errors of imgcost are expected, and ignored."""
    shape = chance.choice(list(SHAPES))
    data = as_bytes(chance, document)
    if data is not None:
        path.write_bytes(data)
    for check in (
        lambda: check_request(document),
        lambda: check_request(document, shape=shape),
        lambda: check_batch(document),
        lambda: data is not None and check_paths([str(path)], shape=chance.choice(["auto", shape])),
    ):
        try:
            findings = check()
        except ImgcostError:
            continue
        if findings:
            json.dumps(findings.to_dict())


def as_bytes(chance, document):
    """Return a document as a file, sometimes damaged; None if it cannot be JSON."""
    whole = chance.random() < 0.5 or type(document) is not list
    try:
        text = json.dumps(document) if whole else "\n".join(map(json.dumps, document))
    except Exception:  # noqa: BLE001 - some objects raise any exception
        return None
    data = bytearray(text.encode(chance.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16"])))
    for _ in range(chance.choice([0, 0, 1, 3])):
        start = chance.randrange(len(data) + 1)
        data[start : start + chance.randint(0, 3)] = chance.choice([b"", b"\n", b'"', b"}", b"\0", b"[", b"\xff", b"9"])
    return gzip.compress(data, 1) if chance.random() < 0.1 else bytes(data)
