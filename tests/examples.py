"""Requests from the documentation of the Messages API, by topic: vision, PDFs, tools, caching, thinking."""

from __future__ import annotations

from anthropic import types
from pictures import SMALL_MODEL, encoded, pdf, png, text

PNG, JPEG = text(png(640, 480)), text(encoded("JPEG", 640, 480))
PDF = text(pdf(3))
SHORT = types.CacheControlEphemeralParam(type="ephemeral")
LONG = types.CacheControlEphemeralParam(type="ephemeral", ttl="1h")


def words(text, **more):
    return types.TextBlockParam(type="text", text=text, **more)


def image(source, **more):
    return types.ImageBlockParam(type="image", source=source, **more)


def document(source, **more):
    return types.DocumentBlockParam(type="document", source=source, **more)


def user(*content):
    return types.UserMessageParam(role="user", content=list(content))


def assistant(*content):
    return types.AssistantMessageParam(role="assistant", content=list(content))


def call(*messages, **more):
    return {"model": SMALL_MODEL, "max_tokens": 4096, "messages": list(messages), **more}


def use(name, tool="take_photo", **given):
    return types.ToolUseBlockParam(type="tool_use", id=name, name=tool, input=given)


def result(name, content, **more):
    return types.ToolResultBlockParam(type="tool_result", tool_use_id=name, content=content, **more)


def server_use(tool, **given):
    return types.ServerToolUseBlockParam(type="server_tool_use", id="srvtoolu_1", name=tool, input=given)


PHOTO = image(types.Base64ImageSourceParam(type="base64", media_type="image/png", data=PNG))
SCAN = image(types.Base64ImageSourceParam(type="base64", media_type="image/jpeg", data=JPEG))
LINKED = image(types.URLImageSourceParam(type="url", url="https://example.com/harbor.jpg"))
UPLOADED = image(types.FileImageSourceParam(type="file", file_id="file_011CNha8iCJcU1wXNR6q4V8w"))
REPORT = types.Base64PDFSourceParam(type="base64", media_type="application/pdf", data=PDF)
QUESTION = words("Which boats are in this harbor?")
CAMERA = types.ToolParam(
    name="take_photo",
    description="Take a photo with one of the cameras of the harbor.",
    input_schema={"type": "object", "properties": {"camera": {"type": "integer"}}, "required": ["camera"]},
)
SEARCH = types.WebSearchTool20250305Param(type="web_search_20250305", name="web_search", max_uses=3)
EXECUTION = types.CodeExecutionTool20250825Param(type="code_execution_20250825", name="code_execution")

VISION = {
    "base64": call(user(PHOTO, QUESTION)),
    "url": call(user(LINKED, QUESTION)),
    "file": call(user(UPLOADED, QUESTION)),
    "labels": call(user(words("Image 1:"), PHOTO, words("Image 2:"), SCAN, words("What changed between them?"))),
    "several turns": call(
        user(words("Image 1:"), PHOTO, QUESTION),
        assistant(words("Two sailing boats and a ferry.")),
        user(words("Image 2:"), SCAN, words("Image 3:"), LINKED, words("And here?")),
    ),
    "system text": call(user(PHOTO, QUESTION), system="Answer in one sentence."),
    "stream": call(user(PHOTO, QUESTION), stream=False, stop_sequences=["END"]),
    "unchanged size": call(user({**PHOTO, "transformations": {"oversized_image": "downsize"}}, QUESTION)),
}
PDFS = {
    "base64": call(user(document(REPORT), words("Summarize the report."))),
    "url": call(
        user(
            document(types.URLPDFSourceParam(type="url", url="https://example.com/report.pdf")), words("Summarize it.")
        )
    ),
    "file": call(user(document(types.FileDocumentSourceParam(type="file", file_id="file_1")), words("Summarize it."))),
    "citations": call(
        user(document(REPORT, title="Report", context="The harbor in 2025.", citations={"enabled": True}), QUESTION)
    ),
    "cache": call(user(document(REPORT, cache_control=SHORT), words("How many pages have tables?"))),
    "plain text": call(
        user(document(types.PlainTextSourceParam(type="text", media_type="text/plain", data="Boats: 3.")), QUESTION)
    ),
    "content": call(
        user(
            document(types.ContentBlockSourceParam(type="content", content=[words("Boats: 3."), PHOTO])),
            document(types.ContentBlockSourceParam(type="content", content="Ferries: 1.")),
            QUESTION,
        )
    ),
    "search result": call(
        user(
            types.SearchResultBlockParam(
                type="search_result",
                source="https://example.com/boats",
                title="Boats",
                content=[words("Three boats.")],
                citations={"enabled": True},
            ),
            QUESTION,
        )
    ),
}
TOOLS = {
    "text": call(
        user(QUESTION), assistant(words("Let me look."), use("a")), user(result("a", "Camera 1 sees three boats.")),
        tools=[CAMERA],
    ),
    "image": call(user(QUESTION), assistant(use("a")), user(result("a", [words("Camera 1:"), PHOTO])), tools=[CAMERA]),
    "parallel": call(
        user(QUESTION),
        assistant(use("a", camera=1), use("b", camera=2)),
        user(result("a", [PHOTO]), result("b", [SCAN]), words("Compare them.")),
        tools=[CAMERA],
        tool_choice=types.ToolChoiceAutoParam(type="auto"),
    ),
    "error": call(
        user(QUESTION), assistant(use("a")), user(result("a", "The camera is off.", is_error=True), PHOTO),
        tools=[CAMERA],
    ),
    "error blocks": call(
        user(QUESTION), assistant(use("a")), user(result("a", [words("No signal.")], is_error=True)), tools=[CAMERA]
    ),
    "no output": call(
        user(QUESTION),
        assistant(use("a")),
        user(types.ToolResultBlockParam(type="tool_result", tool_use_id="a")),
        tools=[CAMERA],
    ),
    "document": call(user(QUESTION), assistant(use("a")), user(result("a", [document(REPORT)])), tools=[CAMERA]),
    "toolset": call(
        user(QUESTION),
        assistant({**use("a", "computer.screenshot"), "toolset_name": "computer"}),
        user(result("a", [PHOTO], toolset_name="computer")),
        tools=[types.ComputerToolset20260801Param(type="computer_toolset_20260801")],
    ),
    "web search": call(
        user(QUESTION),
        assistant(
            server_use("web_search", query="boats"),
            types.WebSearchToolResultBlockParam(
                type="web_search_tool_result",
                tool_use_id="srvtoolu_1",
                content=[
                    types.WebSearchResultBlockParam(
                        type="web_search_result", url="https://example.com", title="Boats", encrypted_content="Eo8C"
                    )
                ],
            ),
            words(
                "Three boats.",
                citations=[
                    types.CitationWebSearchResultLocationParam(
                        type="web_search_result_location",
                        url="https://example.com",
                        title="Boats",
                        encrypted_index="Eo8C",
                        cited_text="three boats",
                    )
                ],
            ),
        ),
        user(PHOTO, words("Does this agree?")),
        tools=[SEARCH],
    ),
    "code execution": call(
        user(types.ContainerUploadBlockParam(type="container_upload", file_id="file_1"), words("Plot it.")),
        assistant(
            server_use("bash_code_execution", command="python plot.py"),
            types.BashCodeExecutionToolResultBlockParam(
                type="bash_code_execution_tool_result",
                tool_use_id="srvtoolu_1",
                content=types.BashCodeExecutionResultBlockParam(
                    type="bash_code_execution_result", stdout="", stderr="", return_code=0, content=[]
                ),
            ),
            words("The plot is ready."),
        ),
        user(PHOTO, words("Is this the plot?")),
        tools=[EXECUTION],
    ),
    "web fetch": call(
        user(words("Read the report.")),
        assistant(
            server_use("web_fetch", url="https://example.com/report.pdf"),
            types.WebFetchToolResultBlockParam(
                type="web_fetch_tool_result",
                tool_use_id="srvtoolu_1",
                content=types.WebFetchBlockParam(
                    type="web_fetch_result", url="https://example.com/report.pdf", content=document(REPORT)
                ),
            ),
            words("It has three pages."),
        ),
        user(words("Thank you.")),
    ),
}  # fmt: skip
CACHING = {
    "system": call(
        user(PHOTO, QUESTION), system=[words("You know boats."), words("A long list of boats.", cache_control=SHORT)]
    ),
    "one hour": call(user({**PHOTO, "cache_control": LONG}, QUESTION)),
    "tools": call(user(QUESTION), tools=[CAMERA, {**CAMERA, "name": "take_video", "cache_control": SHORT}]),
    "four breakpoints": call(
        user({**PHOTO, "cache_control": SHORT}, QUESTION),
        assistant(words("Three boats.")),
        user(words("And ferries?", cache_control=SHORT)),
        system=[words("You know boats.", cache_control=LONG)],
        tools=[{**CAMERA, "cache_control": LONG}],
    ),
}
THINKING = {
    "enabled": call(
        user(PHOTO, QUESTION), thinking=types.ThinkingConfigEnabledParam(type="enabled", budget_tokens=2048)
    ),
    "tool loop": call(
        user(QUESTION),
        assistant(
            types.ThinkingBlockParam(type="thinking", thinking="A photo helps.", signature="EqQBCgIYAhIM"),
            types.RedactedThinkingBlockParam(type="redacted_thinking", data="EmwKAhgB"),
            use("a"),
        ),
        user(result("a", [PHOTO])),
        thinking=types.ThinkingConfigEnabledParam(type="enabled", budget_tokens=2048),
        tools=[CAMERA],
    ),
}
TOPICS = {"vision": VISION, "pdf": PDFS, "tools": TOOLS, "caching": CACHING, "thinking": THINKING}
EXAMPLES = {f"{topic}: {name}": example for topic, examples in TOPICS.items() for name, example in examples.items()}
