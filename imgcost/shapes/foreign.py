"""Detect files that are not requests, with advice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from imgcost.shapes.entries import first_entries

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcost.shapes.nodes import Node

__all__ = ["FOREIGN", "Foreign", "name_of_text"]


class Foreign(NamedTuple):
    """An unsupported kind of document.

    Attributes:
        title: A name for people, as in `this is ...`.
        advice: What to do with it.
        recognizes: Returns whether a document is of this kind.
    """

    title: str
    advice: str
    recognizes: Callable[[Node], bool]


def _is_gemini(node: Node) -> bool:
    contents = node.get("contents") if node.has("contents") else node
    messages = first_entries(contents)
    parts = [part for message in messages if message.has("role") for part in message.get("parts").elements()]
    return any(not part.has("type") for part in parts) and not node.has("messages")


FOREIGN = {
    "har": Foreign(
        "a HAR file",
        "extract the bodies, for example with "
        "jq -r '.log.entries[].request.postData.text // empty' FILE > requests.jsonl",
        lambda node: node.get("log").has("entries"),
    ),
    "vcr-cassette": Foreign(
        "a VCR cassette",
        "extract the bodies, for example with jq -r '.interactions[].request.body' FILE > requests.jsonl",
        lambda node: node.get("interactions").is_array(),
    ),
    "claude-ai-export": Foreign(
        "a claude.ai export",
        "it contains the names of the images, not the images; check the image files instead",
        lambda node: any(entry.has("chat_messages") for entry in first_entries(node)),
    ),
    "response": Foreign(
        "a Messages API response",
        "check the request that it answers",
        lambda node: node.text_at("type") == "message" and node.has("stop_reason", "usage"),
    ),
    "notebook": Foreign(
        "a Jupyter notebook",
        "save the request that it sends as a JSON file, for example with json.dump",
        lambda node: node.has("cells", "nbformat"),
    ),
    "postman": Foreign(
        "a Postman collection",
        "save the body of the request as a JSON file",
        lambda node: node.has("item", "info"),
    ),
    "gemini": Foreign(
        "a Gemini request",
        "convert it to a Messages request",
        _is_gemini,
    ),
}

_TEXTS = (
    ("a curl command", re.compile(r"\A\s*(\$ )?curl\s"), "save the text after -d or --data as a JSON file"),
    (
        "a VCR cassette in YAML",
        re.compile(r"(?m)^interactions:[ \t\r]*$"),
        "extract the bodies of the requests as JSON files",
    ),
    ("Markdown", re.compile(r"(?m)^(```|~~~)"), "save the request in it as a JSON file"),
    (
        "JavaScript source",
        re.compile(r"(?m)^[ \t]*((const|let|var|export) |import [^\n]* from ['\"]|[^\n]*\.messages\.\w+\(\{)"),
        "save the request as a JSON file, for example with JSON.stringify",
    ),
    (
        "Python source",
        re.compile(r"(?m)^[ \t]*(import \w|from [\w.]+ import |def \w+\(|[^\n#]*\.messages\.\w+\()"),
        "save the arguments of messages.create as a JSON file, for example with json.dump",
    ),
    ("a Python literal", re.compile(r"\A\s*[\[{][\s\[{]*'"), "save it as JSON, for example with json.dump"),
    ("an HTTP request", re.compile(r"\A(POST|GET) \S+ HTTP/\d"), "save its body as a JSON file"),
    ("HTML or XML", re.compile(r"\A\s*<"), "save the request as a JSON file"),
    ("YAML", re.compile(r"\A(#.*\n|---[ \t\r]*\n)*[\w-]+:\s"), "convert it to JSON"),
)


def name_of_text(text: str) -> tuple[str, str] | None:
    """Identify text that is not JSON.

    Args:
        text: The beginning of the text.

    Returns:
        What it is, and what to do with it; None if it is not recognized.

    Example:
        >>> name_of_text("curl https://api.anthropic.com/v1/messages")[0]
        'a curl command'
    """
    return next(((title, advice) for title, pattern, advice in _TEXTS if pattern.search(text)), None)
