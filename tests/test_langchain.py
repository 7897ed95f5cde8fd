"""Token counts for LangChain's `trim_messages`, with the real library."""

from __future__ import annotations

import functools
from datetime import date

import pytest
from conversations import words
from pictures import document_block, image_block, pdf, png, text

from imgcost.errors import ArgumentError, ImgcostError, NoPriceError, RequestError, UnknownModelError
from imgcost.integrations.langchain import token_counter

pytestmark = pytest.mark.slow  # imports LangChain

messages = pytest.importorskip("langchain_core.messages", reason="langchain-core is not installed")

DAY = date(2026, 11, 22)
WIDE, SMALL = png(1000, 1000), png(200, 200)
IMAGE = 36 * 36 + 3
DATA = text(WIDE)
BLOCKS = {
    "LangChain, version 1": {"type": "image", "base64": DATA, "mime_type": "image/png"},
    "LangChain, version 0": {"type": "image", "source_type": "base64", "data": DATA, "mime_type": "image/png"},
    "OpenAI": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}", "detail": "low"}},
    "Anthropic": image_block(WIDE),
}
LINKED = {"type": "image", "url": "https://example.com/a.png"}


def counter(model="claude-opus-5", **options):
    return token_counter(model, as_of=DAY, **options)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("where", ["message", "tool result"])
def test_an_image_counts_by_the_published_rule_wherever_it_is(name, where):
    kind = messages.HumanMessage if where == "message" else functools.partial(messages.ToolMessage, tool_call_id="a")
    count = counter(count_text=len)
    assert count([kind([words("hello"), BLOCKS[name]])]) == IMAGE + 5
    assert count([kind("hello")]) == 5


def test_the_model_decides():
    item = messages.HumanMessage([image_block(png(3000, 2000))])
    assert counter("claude-opus-5")([item]) == 84 * 56 + 3
    assert counter("claude-opus-4-6")([item]) == 48 * 32 + 3 + 7
    assert counter("claude-haiku-4-5")([item]) == counter("claude-opus-4-6")([item])


def conversation():
    return [
        messages.SystemMessage("Be brief."),
        messages.HumanMessage([words("What is this?"), BLOCKS["OpenAI"]]),
        messages.AIMessage("I look.", tool_calls=[{"name": "look", "args": {"at": 1}, "id": "a"}]),
        messages.ToolMessage([BLOCKS["Anthropic"]], tool_call_id="a"),
        messages.AIMessage("A square."),
        messages.HumanMessage([words("And this?"), image_block(SMALL)]),
    ]


def test_a_conversation_has_the_tokens_of_its_messages():
    count = counter("claude-haiku-4-5", count_text=len)
    parts = [count([message]) for message in conversation()]
    called = '["look",{"at":1}]'
    assert parts == [9, 13 + IMAGE + 7, 7 + len(called), IMAGE + 7, 9, 9 + 8 * 8 + 3 + 7]
    assert count(conversation()) == sum(parts)
    assert count([]) == count(()) == 0


def test_trim_messages_keeps_what_fits():
    count = counter()
    whole = count(conversation())
    trim = functools.partial(messages.trim_messages, conversation(), token_counter=count)
    assert trim(max_tokens=whole) == conversation()
    assert trim(max_tokens=whole - 1) == conversation()[1:]
    kept = trim(max_tokens=whole - 1, include_system=True, start_on="human")
    assert [message.type for message in kept] == ["system", "human"]
    assert trim(max_tokens=IMAGE + 15, strategy="first") == conversation()[:2]
    assert trim(max_tokens=IMAGE, strategy="first") == conversation()[:1]
    # Its own counter keeps everything, because it counts 85 tokens per image.
    everything = messages.trim_messages(conversation()[:3], max_tokens=200, token_counter="approximate")
    assert everything == conversation()[:3]


def test_text_is_estimated_unless_the_caller_counts_it():
    item = messages.HumanMessage("x" * 100)
    assert counter("claude-opus-5")([item]) == 40
    assert counter("claude-opus-4-6")([item]) == 29 + 7
    assert counter(count_text=lambda text: len(text) // 10)([item]) == 10


def test_pages_of_a_pdf_count_with_full_pages_of_text():
    item = messages.HumanMessage([document_block(pdf(2))])
    assert counter()([item]) == 43 + 2 * 2530


@pytest.mark.parametrize(("unknown", "tokens"), [("maximum", 4784), (0, 0), (99, 99)])
def test_an_image_that_is_elsewhere_counts_as_requested(unknown, tokens):
    assert counter(unknown=unknown)([messages.HumanMessage([LINKED])]) == tokens + 3


def test_what_cannot_be_counted_is_an_error_with_its_location():
    linked = messages.HumanMessage([words("a"), LINKED])
    with pytest.raises(ImgcostError, match=r"0\.content\.1: cannot count the tokens.*pass unknown=N"):
        counter(unknown="error")([linked])
    pages = messages.HumanMessage([{"type": "file", "url": "https://example.com/a.pdf"}])
    with pytest.raises(ImgcostError, match=r"0\.content\.0: cannot count the tokens"):
        counter()([pages])
    assert counter(unknown=5000)([pages]) == 5000
    with pytest.raises(RequestError):
        counter()([5])


@pytest.mark.parametrize("unknown", [-1, True, "most", None])
def test_wrong_arguments_are_errors(unknown):
    with pytest.raises(ArgumentError, match="invalid unknown"):
        token_counter(unknown=unknown)


def test_a_tokenizer_that_is_not_a_function_is_an_error():
    with pytest.raises(ArgumentError, match="invalid count_text 5: expected a function"):
        token_counter(count_text=5)


def test_an_unknown_model_is_an_error_at_once():
    with pytest.raises(UnknownModelError):
        token_counter("gpt-4o")
    with pytest.raises(NoPriceError):
        token_counter("claude-opus-5", as_of=date(2024, 5, 1))
