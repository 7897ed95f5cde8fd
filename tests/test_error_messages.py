"""Messages in full that no other test shows: of errors, by the call that raises them, and of findings, by the request.

The main message of each rule is in its example, which test_rule_examples runs.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from conversations import PDF, PHOTO, PNG, QUESTION, REPORT, assistant, call, document, image, result, use, user, words
from pictures import document_block, image_block, png

import imgcost
from imgcost import Repeated, Tier, arrays, geometry
from imgcost.errors import ImgcostError
from imgcost.prices import cost_usd

DAY = date(2026, 11, 22)
PICTURE = png()
STANDARD = Tier(1568, 1568, "standard")
OPUS_3 = "claude-3-opus-20240229"


def estimate(**options):
    return imgcost.estimate(10, 10, **{"model": "sonnet", "as_of": DAY, **options})


def plan(images, models="sonnet", **options):
    return imgcost.plan(images, models=models, as_of=DAY, **options)


ERRORS = [
    (
        lambda: imgcost.check_images(PICTURE, as_of="2026-11-22"),
        "invalid as_of '2026-11-22': expected a date, such as datetime.date(2026, 11, 22)",
    ),
    (
        lambda: imgcost.check_images(PICTURE, budget_usd="a lot"),
        'invalid budget_usd \'a lot\': expected US dollars, 0 or more, such as Decimal("0.50") or "0.50"',
    ),
    (
        lambda: imgcost.check_images(PICTURE, ignore=7),
        "invalid ignore 7: expected names of rules, such as 'downscaled'",
    ),
    (
        lambda: imgcost.check_images(PICTURE, ignore=["image-byte"]),
        "unknown rule 'image-byte': did you mean image-bytes? Run 'imgcost rules' to list all rules",
    ),
    (
        lambda: imgcost.check_images(PICTURE, one_request=np.zeros(2)),
        "invalid one_request array([0., 0.]): expected True or False",
    ),
    (
        lambda: imgcost.check_images([PICTURE, 7]),
        (
            "invalid images.1 7: expected a path, the bytes of an image, an open binary file, a Pillow image, or "
            "a result of imgcost.scan; check_request takes image blocks"
        ),
    ),
    (
        lambda: imgcost.check_images(PICTURE, platform="aws"),
        (
            "invalid platform 'aws': expected one of claude-api, claude-platform-aws, bedrock, google-cloud, "
            "google-cloud-anthropic, foundry, claude-ai"
        ),
    ),
    (
        lambda: imgcost.check_images(PICTURE, model=OPUS_3, as_of=DAY),
        "claude-3-opus-20240229 retired on 2026-01-05: choose an active model",
    ),
    (
        lambda: imgcost.check_images(PICTURE, model="claude-sonnet-5-5", as_of=date(2026, 9, 27)),
        (
            "claude-sonnet-5-5 was not available on 2026-09-27; it was first available on 2026-09-28: "
            "use that date or a later one"
        ),
    ),
    (
        lambda: imgcost.check_request(call(user(PHOTO)), model=7),
        "invalid model 7: expected the name of a model, such as 'sonnet'",
    ),
    (
        lambda: imgcost.check_batch(7),
        ("invalid batch 7: expected the path of a batch file, its requests as a list, or its body {'requests': [...]}"),
    ),
    (lambda: imgcost.check_batch("a\0b"), "invalid batch 'a\\x00b': expected a path without NUL characters"),
    (
        lambda: imgcost.scan(["a.png"]),
        "invalid path ['a.png']: expected a str or os.PathLike; pass several paths as scan(*paths)",
    ),
    (lambda: imgcost.scan("a.png", jobs=0), "invalid jobs 0: expected a number of worker processes, 1 or more"),
    (
        lambda: imgcost.scan("a.png", include=7),
        "invalid include 7: expected a glob such as '*.png', or a list of globs",
    ),
    (
        lambda: imgcost.read_header(7),
        "invalid source 7: expected a path, the bytes of an image, a file opened with mode 'rb', or a Pillow image",
    ),
    (lambda: imgcost.unescape_path(7), "invalid text 7: expected a path from a row, as text"),
    (
        lambda: imgcost.summarize("a.png", model=[]),
        "invalid model []: expected the name of a model, such as 'sonnet', or a list of names",
    ),
    (lambda: imgcost.summarize("a.png", model=[7]), "invalid model 7: expected the name of a model, such as 'sonnet'"),
    (
        lambda: imgcost.summarize("a.png", model="sonnet", walk=7),
        "invalid walk 7: expected an imgcost.files.Walk, or None",
    ),
    (lambda: imgcost.estimate("ten", 10, model="sonnet"), "invalid width 'ten': expected a whole number of pixels"),
    (lambda: imgcost.estimate(0, 10, model="sonnet"), "invalid width 0 px: expected 1 to 2,147,483,648 px"),
    (
        lambda: estimate(model="claude-mythos-preview"),
        "the resolution tier of claude-mythos-preview was never published, so its images cannot be counted",
    ),
    (
        lambda: estimate(model="claude-mythos-5-2", platform="foundry"),
        "claude-mythos-5-2 is not offered on foundry: no model ID for it is published",
    ),
    (
        lambda: estimate(endpoint="regional"),
        "claude-api has no regional endpoint; only bedrock and google-cloud have one",
    ),
    (lambda: estimate(platform="claude-ai"), "claude-ai is not billed by token: choose a platform with an API"),
    (
        lambda: estimate(model="us.anthropic.claude-opus-5", platform="claude-api"),
        (
            "'us.anthropic.claude-opus-5' means the platform bedrock, but the platform is set to claude-api: choose "
            "one of them"
        ),
    ),
    (
        lambda: estimate(model="sonet"),
        "unknown model 'sonet': did you mean sonnet? Run 'imgcost models' to list supported models",
    ),
    (lambda: estimate(model="gpt-4o"), "unknown model 'gpt-4o'. Run 'imgcost models' to list supported models"),
    (
        lambda: estimate(model="claude-opus-5-5", as_of=date(2026, 9, 1)),
        (
            "no published price for claude-opus-5-5 on 2026-09-01; prices start on 2026-09-22: "
            "use that date or a later one"
        ),
    ),
    (
        lambda: estimate(batch=True, platform="bedrock"),
        (
            "batches (the Message Batches API) are not available on bedrock, only on claude-api, "
            "claude-platform-aws, google-cloud-anthropic"
        ),
    ),
    (
        lambda: estimate(speed="fast"),
        (
            "no published fast price for claude-sonnet-5-5 on 2026-11-22. "
            "Run 'imgcost models claude-sonnet-5-5' to list its prices"
        ),
    ),
    (
        lambda: imgcost.summarize("a.png", model=["claude-opus-5-5-fast", "claude-opus-5-5"]),
        "'claude-opus-5-5' does not say its speed, but another model is in fast mode: choose a speed",
    ),
    (
        lambda: plan(3),
        (
            "cannot plan images of type int: pass paths, a DataFrame with width and height, an array of shape (n, "
            "2), pairs of width and height, or Repeated(width, height, count)"
        ),
    ),
    (lambda: plan([7]), "image 0 is 7: expected two whole numbers, such as (1920, 1080)"),
    (lambda: plan([(10, 10)], models=7), "invalid models 7: expected at least one model, such as 'sonnet'"),
    (
        lambda: plan([(10, 10)], retry_rate=2000),
        "invalid retry_rate 2000: expected a number from 0 to 1, such as 0.02 or 2%",
    ),
    (
        lambda: plan([(10, 10)], images_per_request=0),
        "invalid images_per_request 0: expected a whole number, such as 20, or 'auto'",
    ),
    (lambda: plan([(10, 10)], batch="yes"), "invalid batch 'yes': expected true or false"),
    (
        lambda: plan(np.zeros((2, 3))),
        "an array of sizes must have shape (n, 2) and an integer dtype, not (2, 3) and float64",
    ),
    (lambda: plan(Repeated(10, 10, -1)), "the count of Repeated is -1: expected a whole number from 0 to 10**15"),
    (lambda: plan(Repeated(10, 10, 1, -2)), "image 0 of 10x10: file_bytes is -2: expected a number from 0 to 2**50"),
    (
        lambda: plan(["sizes.json"]),
        (
            "cannot read sizes.json as a table: convert it to one of .csv, .tsv, .xlsx, .jsonl, .parquet, .arrow, "
            ".feather. To check a request, run 'imgcost check'"
        ),
    ),
    (
        lambda: plan([(10, 10)] * 601, models="opus", images_per_request=601),
        ("request 1 (from image 1 on) would have 601 images: the limit is 600. Plan fewer images or turns per request"),
    ),
    (lambda: geometry.image_tokens(10, 10, STANDARD, "pixels"), "invalid formula 'pixels': expected 'patch' or 'area'"),
    (
        lambda: geometry.largest_size((1569, 1568), STANDARD),
        (
            "no size with the exact ratio 1569:1568 fits standard (1,568 px, 1,568 tokens): even the smallest is "
            "too large"
        ),
    ),
    (lambda: geometry.fit_to_tokens(10, 10, 0, STANDARD), "invalid max_tokens 0: expected an integer of 1 or more"),
    (
        lambda: geometry.image_tokens(10, 10, Tier(1, 1, "small")),
        "invalid tier small (1 px, 1 token): expected 28 to 16,384 px and 1 to 16,384 tokens",
    ),
    (
        lambda: arrays.image_tokens(np.zeros(2), [1, 1], STANDARD),
        "invalid width of dtype float64: expected an integer dtype, in pixels",
    ),
    (lambda: cost_usd(-1, Decimal(3)), "invalid number of tokens -1: expected 0 or more"),
]


@pytest.mark.parametrize(("raises", "message"), ERRORS)
def test_an_error_has_this_message(raises, message):
    with pytest.raises((ImgcostError, ValueError)) as caught:
        raises()
    assert str(caught.value) == message


def first_problem(params, **options):
    """Return the location and message of the first finding, or of the error if it is not a request at all."""
    try:
        finding = next(iter(imgcost.check_request(params, shape="messages", as_of=DAY, **options)))
    except ImgcostError as error:
        return str(error)
    return f"{finding.location}: {finding.message}"


PROBLEMS = [
    (7, "the request: must be an object, not int"),
    ({"model": OPUS_3}, "messages: is missing: a request has a list of messages"),
    (call(), "messages: is empty: a request has at least one message"),
    (call(user(QUESTION), messages="Hi"), "messages: must be a list, not str"),
    (
        call(user(QUESTION), messages=iter([])),
        "messages: can be read only once, so checking would consume it: use a list",
    ),
    (call({"role": "user"}), "messages.0.content: is missing"),
    (call({"content": "Hi"}), "messages.0.role: is missing"),
    (call({"role": 5, "content": "Hi"}), "messages.0.role: must be text"),
    (
        call({"role": "human", "content": "Hi"}),
        "messages.0.role: unknown role 'human': use one of user, assistant, system",
    ),
    (call(user(QUESTION), model=5), "model: must be text"),
    (call(user(QUESTION), fallbacks=[{"model": 5}]), "fallbacks.0.model: must be text"),
    (call(user({"text": "Hi"})), "messages.0.content.0.type: is missing"),
    (call(user({"type": "text"})), "messages.0.content.0.text: is missing: 'text' blocks require it"),
    (call(user({"type": "image", "source": "a.png"})), "messages.0.content.0.source: must be an object, not str"),
    (
        call(user(words("\ud800"))),
        "messages.0.content.0.text: contains a lone surrogate, which cannot be sent as UTF-8",
    ),
    (call(user(QUESTION), top_p=float("nan")), "top_p: contains a number that is not valid in JSON"),
    (call(user(QUESTION), metadata={7: 1}), "metadata: has a key that is not text: int"),
    (
        call(user(QUESTION), system=[words("Hi"), PHOTO]),
        "system.1: 'image' blocks are not permitted in system, only text",
    ),
    (
        call(user(QUESTION), assistant(use("a")), user(result("a", use("b")))),
        (
            "messages.2.content.0.content.0: 'tool_use' blocks are not permitted in a tool_result: it accepts "
            "text, image, search_result, document, tool_reference, browser_state"
        ),
    ),
    (
        call(user(image(type="url", url="a.png"))),
        "messages.0.content.0: the url of the image source is 'a.png': it must begin with https:// or http://",
    ),
    (
        call(user(image(type="url", url="data:image/png;base64,iVBO"))),
        "messages.0.content.0: the url of the image source is a data URL: it must begin with https:// or http://",
    ),
    (call(user(image(type="url", url=7))), "messages.0.content.0: the url of the image source must be text, not int"),
    (
        call(user(image(type="base64", media_type="image/png", data=7))),
        "messages.0.content.0: the data is not valid base64: it must be text, not int",
    ),
    (
        call(user(image(type="base64", media_type="image/png", data="photo.png"))),
        "messages.0.content.0: the data is not valid base64: invalid character '.'",
    ),
    (
        call(user(image(type="base64", media_type="image/png", data="iVBORw0KGgo"))),
        (
            "messages.0.content.0: the data is not valid base64: its length, 11, is not a multiple of 4; it is "
            "truncated or its padding is missing"
        ),
    ),
    (
        call(user(image(type="base64", data=PNG))),
        (
            "messages.0.content.0: the image declares no media type: expected one of image/jpeg, image/png, "
            "image/gif, image/webp"
        ),
    ),
    (
        call(user(image_block(PICTURE, "image/jpg"))),
        (
            "messages.0.content.0: the image declares the media type 'image/jpg': expected one of image/jpeg, "
            "image/png, image/gif, image/webp"
        ),
    ),
    (
        call(user({**PHOTO, "transformations": {"oversized_image": "Error"}})),
        "messages.0.content.0: oversized_image is 'Error': expected error or downsize",
    ),
    (
        call(user(document_block(PICTURE))),
        "messages.0.content.0: the data does not begin with %PDF; it is an image (image/png)",
    ),
    (call(user(document_block(b""))), "messages.0.content.0: the PDF is empty"),
    (call(user(document_block(b"Hi"))), "messages.0.content.0: the data does not begin with %PDF; it is text"),
    (call(user(document_block(b"%PDF-1.7"))), "messages.0.content.0: cannot read PDF: it is damaged"),
    (
        call(user(document(type="base64", media_type="application/pdf", data=Path("no.pdf")))),
        "messages.0.content.0: cannot read PDF: no such file or folder",
    ),
    (
        call(user(document(type="base64", data=PDF))),
        "messages.0.content.0: the document declares no media type: expected application/pdf",
    ),
    (
        call(user(document(type="s3", uri="s3://a"))),
        (
            "messages.0.content.0: claude-api does not accept document sources of type 's3' on 2026-11-22: use "
            "base64, url, file, text, content"
        ),
    ),
    (
        call(user(document(type="file", file_id="a"))),
        "messages.0.content.0: a document from an uploaded file is not fetched, so its pages are not counted",
    ),
    (call(user(PHOTO, words(" "))), "messages.0.content.1: the text is only whitespace"),
    (
        call(user(QUESTION), assistant(use("a")), user(QUESTION, result("a"))),
        "messages.1: other blocks come before the tool_result of a: results have to come first",
    ),
    (
        call(user(QUESTION), assistant(use("a"), use("b"), use("c"), use("d")), user(QUESTION)),
        "messages.1: no tool_result follows immediately after tool_use a, b, c and 1 more",
    ),
    (
        call(user(QUESTION), model="gpt-4o"),
        "model: unknown model 'gpt-4o'. Run 'imgcost models' to list supported models",
    ),
    (call(user(REPORT, *[PHOTO] * 98)), "messages: 98 images and 3 PDF pages: the limit is 100, PDF pages included"),
]


@pytest.mark.parametrize(("params", "problem"), PROBLEMS)
def test_a_problem_has_this_message(params, problem):
    assert first_problem(params) == problem


def test_what_depends_on_the_platform_or_the_shape_has_these_messages():
    foundry = first_problem(call(user(QUESTION), model="claude-mythos-5-2"), platform="foundry")
    assert foundry == "model: claude-mythos-5-2 is not listed on foundry"
    findings = imgcost.check_request(call(user(document(type="s3", uri="s3://a"))), as_of=DAY)
    assert [finding.message for finding in findings.warnings] == [
        "the pages of a document source of type 's3' are not counted"
    ]
    nothing = imgcost.check_batch(b"7", as_of=DAY)
    assert nothing.errors[0].message == (
        "is not in a known shape: expected the arguments of messages.create, a batch, or another shape that 'imgcost "
        "check --help' lists"
    )
