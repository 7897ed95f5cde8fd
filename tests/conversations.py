"""Messages requests as plain dictionaries: turns, blocks and tool calls. examples.py has those of the SDK."""

from __future__ import annotations

from pictures import SMALL_MODEL, pdf, png, text


def block(kind, **fields):
    return {"type": kind, **fields}


def words(content, **more):
    return block("text", text=content, **more)


def image(**source):
    return block("image", source=source)


def document(**source):
    return block("document", source=source)


def user(*content):
    return {"role": "user", "content": list(content)}


def assistant(*content):
    return {"role": "assistant", "content": list(content)}


def call(*messages, **more):
    return {"model": SMALL_MODEL, "max_tokens": 4096, "messages": list(messages), **more}


def use(name, **more):
    return block("tool_use", id=name, name="take_photo", input={}, **more)


def result(name, *content, **more):
    return block("tool_result", tool_use_id=name, content=list(content), **more)


PNG, PDF = text(png(640, 480)), text(pdf(3))
PHOTO = image(type="base64", media_type="image/png", data=PNG)
LINKED = image(type="url", url="https://example.com/harbor.jpg")
REPORT = document(type="base64", media_type="application/pdf", data=PDF)
QUESTION = words("Which boats are in this harbor?")
