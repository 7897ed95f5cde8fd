"""The texts of the rules: what each checks for, why that matters, an example, and what to do.

They are data and not docstrings, because `python -OO` removes docstrings.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["TEXTS", "Example", "RuleText"]


class Example(NamedTuple):
    """An input that has the problem of a rule, and the message about it.

    Attributes:
        input: The input, in words.
        message: The message of the finding.
    """

    input: str
    message: str


class RuleText(NamedTuple):
    """The texts of a rule.

    Attributes:
        summary: What it checks for.
        why: Why that matters: what the API does, what it costs.
        example: An input that has the problem, and the message about it.
        fix: What to do about a finding that has no advice of its own.
        fixable: Whether `imgcost fit` and `fit_request` can fix most such errors, in a copy.
    """

    summary: str
    why: str
    example: Example
    fix: str
    fixable: bool = False


TEXTS = {
    # Single images
    "base64": RuleText(
        summary="Image data that is not valid base64.",
        why=(
            "The API rejects the whole request. Typical causes are a data URL instead of its data, a file name or a "
            "placeholder instead of an image, and text that was cut off. Only the start and the end of a long text are "
            "checked."
        ),
        example=Example(
            "an image block whose data begins with data:image/png;base64,",
            "the data is not valid base64: it is a data URL; send only the text after 'base64,'",
        ),
        fix="Encode the bytes of the file with base64.b64encode, and send nothing before or after that.",
        fixable=True,
    ),
    "empty": RuleText(
        summary="Image data that is empty.",
        why=(
            "The API rejects an image without data. In a conversation the block stays in the history, so every later "
            "turn fails too. The cause is often a download or a screenshot that failed unnoticed."
        ),
        example=Example("an image block whose data is an empty string", "the image is empty"),
        fix="Remove the block, or fix the code that produced no data.",
    ),
    "unreadable": RuleText(
        summary="Data that is not an image, or whose header is damaged.",
        why=(
            "The API cannot process the data and rejects the request. Error pages and warnings that were saved as "
            "images are typical. Such a file cannot be measured, so its cost is not in the total."
        ),
        example=Example(
            "photo.jpg, which contains an HTML page with the error 404",
            "cannot read image: HTML page, not an image",
        ),
        fix="Open the file: it is often an error page or a partial download.",
    ),
    "format": RuleText(
        summary="Images in a format that the API does not accept.",
        why=(
            "The API accepts JPEG, PNG, GIF and WebP, and rejects a request with any other format, such as the HEIC "
            "photos of a phone. Declaring another media type does not help, because the data stays the same."
        ),
        example=Example("a BMP image that is declared as image/png", "BMP is not supported"),
        fix="Convert it to PNG or JPEG.",
        fixable=True,
    ),
    "truncated": RuleText(
        summary="Images whose end is missing, as after an interrupted download.",
        why=(
            "The API cannot process an incomplete image and rejects the request, even if a viewer still shows a part "
            "of it. A complete JPEG ends with an end marker, a PNG with an IEND chunk, a GIF with a trailer, and a "
            "WebP is as long as its header states. Nothing is decoded, so damage in the middle is not detected."
        ),
        example=Example(
            "a PNG of 4,000 bytes without its last 12",
            "the end of the image is missing (image/png, 3,988 bytes)",
        ),
        fix="Download or save the file again.",
    ),
    "undecodable": RuleText(
        summary="Images with a readable header that common decoders cannot decode.",
        why=(
            "The API has to decode the image, and rejects the request if it cannot. Examples are a JPEG with 12 bits "
            "per sample, a PNG whose header has a wrong checksum, and a WebP without image data."
        ),
        example=Example(
            "a PNG whose header has a wrong checksum",
            "decoders cannot read this image: the checksum of its header is wrong",
        ),
        fix="Open the file in the program that wrote it, and save it as an ordinary JPEG or PNG.",
    ),
    "media-type": RuleText(
        summary="Declared media types that are not accepted, or that do not match the image data.",
        why=(
            "The API compares the declared type with the data and rejects the request if they differ. A type that is "
            "derived from a file name is often wrong, because files are renamed without being converted. The media "
            "type of a .jpg file is image/jpeg; image/jpg does not exist."
        ),
        example=Example(
            "a JPEG that is declared as image/png",
            "the image declares image/png, but its bytes are image/jpeg",
        ),
        fix="Detect the media type from the data, not from the file name.",
        fixable=True,
    ),
    "image-edge": RuleText(
        summary="Images with a side longer than the platform accepts in any request.",
        why=(
            "The API rejects the request instead of downscaling the image. In a conversation the image stays in the "
            "history, so every later turn fails too. Screenshots of long pages are a frequent cause."
        ),
        example=Example("an 8001x600 PNG on the Claude API", "8001x600 px: a side is longer than 8,000 px"),
        fix="Downscale the image: Claude sees at most the resolution of the model's tier anyway.",
        fixable=True,
    ),
    "image-bytes": RuleText(
        summary="Images with more bytes than the platform accepts.",
        why=(
            "The API rejects the request. The limit applies to the base64 text, which is a third longer than the file: "
            "a limit of 10,485,760 bytes allows files of up to 7,864,320 bytes. In a conversation the image stays in "
            "the history, so every later turn fails too."
        ),
        example=Example(
            "a PNG of 7,864,321 bytes on the Claude API",
            "10,485,764 bytes as base64: the limit is 10,485,760",
        ),
        fix="Downscale the image, or save it with more compression.",
        fixable=True,
    ),
    "oversized-image": RuleText(
        summary=(
            "Images that exceed the model's tier although oversized_image is set to error, and invalid values of that "
            "setting."
        ),
        why=(
            "With transformations.oversized_image set to error, the API rejects an image that it would otherwise "
            "downscale. The image has to fit the tier of every model that the request names, including fallbacks. The "
            "only other value is downsize, and not every platform supports the setting."
        ),
        example=Example(
            "a 1920x1080 image with oversized_image set to error, for Claude Haiku 4.5",
            "1920x1080 px does not fit, and oversized_image is set to error: the largest size that fits is 1456x819 px",
        ),
        fix="Downscale the image to that size, or set oversized_image to downsize.",
        fixable=True,
    ),
    "toolset-screenshot": RuleText(
        summary="Screenshots of the computer and browser toolsets that exceed the model's tier.",
        why=(
            "The API downscales other images, but rejects these, and the agent cannot continue: the screenshot stays "
            "in the history, so every later turn fails too."
        ),
        example=Example(
            "a 3840x2160 screenshot of the computer toolset, for Claude Opus 5",
            (
                "3840x2160 px does not fit, and screenshots of the computer toolset are not downscaled: the largest "
                "size that fits is 2576x1449 px"
            ),
        ),
        fix="Take smaller screenshots, or downscale them before you send them.",
        fixable=True,
    ),
    # Documents, and the sources of documents and images
    "source-type": RuleText(
        summary="Images and documents from a source that the platform does not accept, such as a URL.",
        why=(
            "The API rejects the request. The Claude API fetches URLs and has the Files API; Amazon Bedrock and Google "
            "Cloud accept only base64, so a request that works on one platform fails on another."
        ),
        example=Example(
            "an image from a URL on Google Cloud",
            "google-cloud does not accept image sources of type 'url' on 2026-11-22: use base64",
        ),
        fix="Send the image or document in a type of source that the platform accepts, such as base64.",
    ),
    "source": RuleText(
        summary="Sources of images and documents without a field that their type requires, such as a URL or a file id.",
        why=(
            "The API rejects the request. A URL source needs an http or https URL, and a file source needs the id that "
            "the Files API returned. A data URL cannot be fetched: its content belongs in a base64 source."
        ),
        example=Example(
            "an image source of the type url whose URL is in the field data",
            "the image source of type 'url' has no url",
        ),
        fix="Send a URL that begins with https://, the id of an uploaded file, or the data as base64.",
    ),
    "document-media-type": RuleText(
        summary="Documents whose declared media type is not application/pdf or text/plain.",
        why=(
            "The API accepts only PDFs and plain text as documents, and rejects Word, Excel, HTML and other files. "
            "Many clients declare application/octet-stream for a file of unknown type; the API rejects that even if "
            "the file is a PDF."
        ),
        example=Example(
            "a PDF that is declared as application/octet-stream",
            "the document declares the media type 'application/octet-stream': expected application/pdf",
        ),
        fix="Convert the document to PDF, or send its text in a text source; declare application/pdf or text/plain.",
        fixable=True,
    ),
    "pdf": RuleText(
        summary="PDFs that are empty, damaged or protected by a password, and other files that are sent as PDFs.",
        why=(
            "The API cannot read the document and rejects the request. In a conversation the document stays in the "
            "history, so every later turn fails too."
        ),
        example=Example("a PDF that is protected by a password", "the PDF is protected by a password"),
        fix="Save it again as a PDF without a password; if it is something else, convert it.",
    ),
    "pdf-model": RuleText(
        summary="PDFs in a request to a model that does not read PDFs.",
        why="The API rejects the request. The models of the Claude 3 family, such as Claude 3 Opus, do not read PDFs.",
        example=Example(
            "a PDF in a request to Claude 3 Opus, on 2025-06-01",
            "claude-3-opus-20240229 does not read PDFs",
        ),
        fix="Choose a newer model, or send the pages as images.",
    ),
    "pdf-pages": RuleText(
        summary="Requests with more PDF pages than the platform accepts for the model.",
        why=(
            "The API rejects the request. The pages of all PDFs count together, including those in earlier turns, and "
            "models with a large context window accept more of them."
        ),
        example=Example("a PDF of 101 pages in a request to Claude Haiku 4.5", "101 PDF pages: the limit is 100"),
        fix="Send the pages in several requests.",
    ),
    # Conversations
    "assistant-media": RuleText(
        summary="Images and documents in assistant turns.",
        why=(
            "The API rejects the request: it accepts images and documents in user turns, and in the tool results "
            "there. Documents that a server tool fetched may stay, because they are inside the result of that tool."
        ),
        example=Example(
            "an assistant turn with an image after its text",
            "'image' blocks are not permitted within assistant turns (messages.1.content.1)",
        ),
        fix="Move the block to a user turn.",
    ),
    "empty-text": RuleText(
        summary="Text blocks that are empty or contain only whitespace.",
        why="The API rejects the request. A common cause is an image that is sent without a question.",
        example=Example("an image, followed by a text block without text", "the text is empty"),
        fix="Remove the block, or write what Claude should do.",
        fixable=True,
    ),
    "tool-results": RuleText(
        summary="Tool calls (tool_use) that are not followed by their results (tool_result).",
        why=(
            "The API rejects the request, and the conversation cannot continue. Every tool_use needs a tool_result "
            "with its id at the beginning of the next user turn, with no other blocks before or between the results. "
            "An image does not replace a result: it belongs inside the result."
        ),
        example=Example(
            "a tool_use with the id toolu_1, followed by a user turn with only an image",
            "no tool_result follows immediately after tool_use toolu_1",
        ),
        fix="Put the results of all calls first in the next message, and everything else after them.",
    ),
    "error-result": RuleText(
        summary="Tool results with is_error and content other than text.",
        why="The API rejects the request. A common cause is a tool that returns a screenshot together with its error.",
        example=Example(
            "a tool_result with an image, and is_error set to true",
            "is_error is true, but the content has a block of type 'image': it must all be text",
        ),
        fix="Send only text in the result, and an image after it in the same message.",
        fixable=True,
    ),
    # Requests
    "request": RuleText(
        summary="Requests that do not match the schema of the Messages API.",
        why=(
            "The API rejects the request. A key is missing or has a wrong type, or a block has a type that is not "
            "accepted at its location, such as image_url of OpenAI."
        ),
        example=Example(
            "an OpenAI block of the type image_url in a Messages request",
            (
                "unknown block type 'image_url': the Messages API accepts text, image, document, search_result, "
                "thinking, redacted_thinking and others here"
            ),
        ),
        fix="Send a request of the Messages API: a model, and messages with a role and content blocks.",
    ),
    "model": RuleText(
        summary="Models that are unknown, not yet released, or retired.",
        why=(
            "The Claude API, and the other platforms that Anthropic operates, reject the request. On other platforms "
            "this is a warning: a name may be that of a deployment or an inference profile, models retire on other "
            "dates, and the model may be in the URL."
        ),
        example=Example(
            "a request to claude-3-opus-20240229 on 2026-11-22",
            "claude-3-opus-20240229 retired on 2026-01-05",
        ),
        fix="Use an available model: 'imgcost models' lists them. If the URL names the model, pass it as --model.",
    ),
    "image-count": RuleText(
        summary="Requests with more images and PDF pages than the platform accepts for the model.",
        why=(
            "The API rejects the request. Every image block counts, including those in earlier turns and in tool "
            "results, so a long conversation can fail although each turn adds only one image."
        ),
        example=Example(
            "101 images in a request to Claude Haiku 4.5",
            "101 images: the limit is 100, PDF pages included",
        ),
        fix="Split the images across several requests.",
    ),
    "many-images-edge": RuleText(
        summary="Images with a side over 2,000 px in a request with more than 20 images.",
        why=(
            "The API rejects the request. Every image block counts, including those in earlier turns and in tool "
            "results, so an image that was accepted before can fail a later turn. On Amazon Bedrock and Google Cloud "
            "documents count too."
        ),
        example=Example(
            "21 images in a request on the Claude API, one of them 2001x300",
            "2001x300 px in a request with 21 images: the limit is 2,000 px per side if there are more than 20",
        ),
        fix="Downscale these images, or send fewer: remove images from earlier turns.",
        fixable=True,
    ),
    "request-bytes": RuleText(
        summary="Requests whose body is larger than the platform accepts.",
        why=(
            "The API rejects the request, even if each image is small enough. A conversation re-sends all earlier "
            "images, so its body grows with every turn."
        ),
        example=Example(
            "a request of 33,554,433 bytes on the Claude API",
            "the request has 33,554,433 bytes: the limit is 33,554,432",
        ),
        fix="Send fewer or smaller images, or upload them once with the Files API.",
        fixable=True,
    ),
    "context-window": RuleText(
        summary="Images and PDF pages that exceed the context window of the model, before any text.",
        why=(
            "The API rejects the request, and shorter text does not help. This is a warning if only the unknown text "
            "of the PDF pages could exceed the context window."
        ),
        example=Example(
            "211 images of 1932x1932 px in a request to Claude Opus 5",
            "the images alone have 1,004,571 tokens: the context window is 1,000,000",
        ),
        fix="Send fewer or smaller images, or fewer pages.",
    ),
    "text-bytes": RuleText(
        summary="Requests with more bytes of text than the API accepts.",
        why="The API rejects the request. The limit applies to every model, regardless of its context window.",
        example=Example(
            "a request with a text of 16,000,001 bytes",
            "the request has 16,000,001 bytes of text: the limit is 16,000,000",
        ),
        fix="Shorten the text, or split long documents.",
    ),
    "cache-breakpoints": RuleText(
        summary="Requests with more cache_control blocks than the API accepts.",
        why=(
            "The API rejects the request. Blocks in tools, system and messages count together. In a conversation they "
            "add up if each turn sets a new one and keeps the old ones."
        ),
        example=Example(
            "five blocks with cache_control in a request",
            "the request has 5 blocks with cache_control: the limit is 4",
        ),
        fix="Keep only the last breakpoints: each one caches everything before it.",
        fixable=True,
    ),
    # Batches
    "custom-id": RuleText(
        summary="Requests in a batch without a valid, unique custom_id.",
        why=(
            "The API rejects the batch. Results come back in any order, and the custom_id identifies them. It has up "
            "to 64 letters, digits, _ and -; a file name is not valid, because it contains a dot."
        ),
        example=Example(
            "a request in a batch whose custom_id is the file name harbor.png",
            "invalid custom_id 'harbor.png': it must match ^[a-zA-Z0-9_-]{1,64}$",
        ),
        fix="Give each request a unique custom_id, such as a number, and keep a table of what the numbers mean.",
    ),
    "batch-stream": RuleText(
        summary="Requests in a batch that set stream.",
        why="A batch cannot stream: its results are fetched when it has ended.",
        example=Example("a request in a batch with stream set to true", "stream is set, but a batch cannot stream"),
        fix="Remove stream from the request.",
        fixable=True,
    ),
    "batch-count": RuleText(
        summary="Batches with more requests than the Message Batches API accepts.",
        why="The API does not accept the batch, so none of its requests is processed.",
        example=Example("a batch of 100,001 requests", "the batch has 100,001 requests: the limit is 100,000"),
        fix="Split the batch.",
    ),
    "batch-bytes": RuleText(
        summary="Batches whose body is larger than the Message Batches API accepts.",
        why=(
            "The API does not accept the batch, so none of its requests is processed. An image counts again in each "
            "request that contains it."
        ),
        example=Example("a batch of 268,435,457 bytes", "the batch has 268,435,457 bytes: the limit is 268,435,456"),
        fix="Split the batch, or upload images once with the Files API.",
    ),
    # The budget
    "budget": RuleText(
        summary="Images and PDF pages that cost more than the budget, or whose cost is unknown.",
        why=(
            "An unknown cost is never counted as $0: images from URLs and uploaded files, unreadable images, PDFs "
            "whose pages cannot be counted, and models without a price all fail the check. The text of requests is not "
            "counted, but if it may lead to the long-context price, that price has to be within the budget. The text "
            "of PDFs is counted as full pages."
        ),
        example=Example(
            "two 1092x1092 images for Claude Sonnet 4.6 with a budget of $0.005",
            "the images cost $0.009126, and the budget is $0.005",
        ),
        fix="Send fewer or smaller images, choose a cheaper model, or measure what is unknown.",
    ),
    # What the API accepts, but changes, ignores or handles badly
    "unusual": RuleText(
        summary="Images in a variant of a format that some decoders reject.",
        why=(
            "It is not known whether the API accepts them, so the request may fail. Examples are lossless and "
            "arithmetic-coded JPEG, and a GIF without its last byte."
        ),
        example=Example("a GIF without its last byte", "some decoders cannot read this image: its trailer is missing"),
        fix="Save the image again with another program to be safe.",
    ),
    "not-an-image": RuleText(
        summary=(
            "Files in a folder that are skipped, because neither their content nor their file extension is that of an "
            "image."
        ),
        why="A skipped file is neither checked nor counted. If it was meant to be an image, the total is too low.",
        example=Example("a folder with the text file notes.txt", "skipped: text, not an image"),
        fix="Open the file if it should be an image; otherwise remove it, or skip it with --exclude.",
    ),
    "suffix": RuleText(
        summary="Files whose extension does not match their format.",
        why=(
            "Many programs derive the media type of a request from the file extension, and the API rejects a media "
            "type that does not match the data."
        ),
        example=Example("photo.jpg, which is a PNG", "the name ends with .jpg, but the bytes are image/png"),
        fix="Rename the file.",
    ),
    "downscaled": RuleText(
        summary="Images that exceed the model's tier, so the API downscales them before Claude sees them.",
        why=(
            "The extra pixels delay the first token without improving the result. Coordinates in the answer refer to "
            "the downscaled image."
        ),
        example=Example(
            "a 3840x2160 image for Claude Opus 5",
            "3840x2160 px is downscaled: Claude sees 2576x1449 px on the high-resolution tier",
        ),
        fix="Downscale the image before you send it: Claude sees the same, and the upload is faster.",
    ),
    "animated": RuleText(
        summary="Animated images, of which Claude sees only the first frame.",
        why="Claude cannot answer questions about the other frames, but their bytes count toward the limits.",
        example=Example("a GIF with two frames", "the image is animated: Claude sees only its first frame"),
        fix="Send the frames that matter as separate images.",
    ),
    "tiny": RuleText(
        summary="Images with a very short side.",
        why="The vision guide lists very small images among Claude's limitations: the answer may be wrong or made up.",
        example=Example("a 300x150 image", "300x150 px: a side under 200 px can reduce the quality of the answer"),
        fix="Send a larger version of the image.",
    ),
    "latency": RuleText(
        summary="Images that are larger than the vision guide recommended for a fast first token.",
        why=(
            "Until April 2026 the vision guide recommended smaller images for a faster first token. It no longer does, "
            "so this rule only applies to earlier dates."
        ),
        example=Example(
            "a 2000x1500 image on 2026-04-16",
            "2000x1500 px delays the first token: the recommended maximum is 1,150,000 pixels and 1,568 px per side",
        ),
        fix="Downscale the image if you want the first token sooner.",
    ),
    "unmeasured": RuleText(
        summary="Images from a URL or an uploaded file, which are not measured.",
        why=(
            "imgcost fetches nothing, so neither the tokens of the image nor its cost are known, and the API may "
            "reject it."
        ),
        example=Example("an image from a URL", "an image from a URL is not measured, because nothing is fetched"),
        fix="Check the image file itself, or send it as base64.",
    ),
    "uncounted": RuleText(
        summary=(
            "Documents whose pages cannot be counted, because they are not in the request or have an ambiguous "
            "structure."
        ),
        why=(
            "Pages cost tokens and count toward the limits on images and pages. Without their number, the cost is "
            "unknown and the API may reject the request."
        ),
        example=Example("a PDF from a URL", "a document from a URL is not fetched, so its pages are not counted"),
        fix="Send the document as base64, or count its pages yourself.",
    ),
    "pdf-cost": RuleText(
        summary="PDFs, whose cost is known only as a range.",
        why=(
            "Each page costs tokens as an image, plus the tokens of its text. The tokens per page are measured, not "
            "published. The amount of text is not known before the request is sent, so the range is from no text to "
            "full pages of text."
        ),
        example=Example(
            "a PDF of three pages in Letter size",
            "3 PDF pages: 4,633 to 7,633 tokens, depending on the text",
        ),
        fix=(
            "Plan with the upper end of the range, count the tokens of the request with the API, or send the pages as "
            "images."
        ),
    ),
    "base64-in-text": RuleText(
        summary="Base64 and data URLs inside text.",
        why=(
            "As text, an image costs far more tokens than in an image block, and Claude cannot see it. A common cause "
            "is a tool result that was converted to JSON. Text has at most one token per character, so the message "
            "gives the number of characters as the upper limit."
        ),
        example=Example(
            "a PNG of 30,000 bytes as a data URL in a text",
            (
                "40,000 characters of base64 of image/png inside text: up to 40,000 tokens ($0.040), instead of 121 as "
                "an image"
            ),
        ),
        fix="Send the image in an image block; in a tool result, as one of its content blocks.",
    ),
    "max-tokens": RuleText(
        summary="Requests without max_tokens.",
        why="The API rejects a message without it. Only token counting works without it.",
        example=Example("a request without max_tokens", "max_tokens is missing: messages.create requires it"),
        fix="Set max_tokens to the maximum length of the answer.",
    ),
    "image-after-text": RuleText(
        summary="Images after all the text of their message.",
        why="According to the vision guide, Claude works best with images before the text about them.",
        example=Example(
            "a message with a question, followed by an image",
            "an image comes after all the text of its message",
        ),
        fix="Put the images before the text.",
    ),
    "unlabeled": RuleText(
        summary="Messages with several images and no text right before each of them.",
        why=(
            "Without labels, the question and the answer cannot refer to a single image. The vision guide recommends "
            "Image 1:, Image 2: and so on."
        ),
        example=Example("a message with two images and a question", "there is no text right before 2 of 2 images"),
        fix="Put a text before each image: Image 1:, Image 2: and so on.",
    ),
}
