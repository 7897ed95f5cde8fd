"""Every error that a request can cause in the API, on both sides of its limit.

Limits are repeated here from the documentation, so that a mistake in the tables is detected.
"""

from __future__ import annotations

from datetime import date

import pytest
from conftest import golden
from pictures import MODEL, SMALL_MODEL, document_block, encoded, image_block, pdf, png, request, text

from imgcost import check_images, check_request
from imgcost.messages import body_bytes
from imgcost.rules import rules
from imgcost.tables import wordings_of

DAY = date(2026, 11, 22)
MB = 1_048_576

IMAGE_BYTES = {"claude-api": 10 * MB, "bedrock": 5 * MB, "google-cloud": 5 * MB}
EDGE = dict.fromkeys(("claude-api", "bedrock", "google-cloud", "claude-ai"), 8000)
MANY = dict.fromkeys(("claude-api", "bedrock", "google-cloud"), (20, 2000))
IMAGES = {SMALL_MODEL: 100, MODEL: 600}
REQUEST_BYTES = {"claude-api": 32 * MB, "bedrock": 20 * MB, "google-cloud": 30 * MB, "foundry": 32 * MB}
SOURCES = {
    "claude-api": {"base64", "url", "file"},
    "bedrock": {"base64"},
    "google-cloud": {"base64"},
    "foundry": {"base64"},
}
PLATFORMS = ("claude-api", "bedrock", "google-cloud", "foundry", "claude-ai")

TINY = image_block(png(8, 8))


def errors(params, platform="claude-api", day=DAY, **more):
    """Return the names of the rules that reject a request."""
    return {finding.rule for finding in check_request(params, platform=platform, as_of=day, **more).errors}


def locations_of(params, rule, platform="claude-api", day=DAY):
    return [
        finding.location
        for finding in check_request(params, platform=platform, as_of=day).errors
        if finding.rule == rule
    ]


# One image


def test_a_valid_image_is_accepted_on_every_platform():
    for kind in ("PNG", "JPEG", "GIF", "WEBP"):
        good = request(image_block(encoded(kind), f"image/{kind.lower()}"))
        for platform in PLATFORMS:
            assert errors(good, platform) == set()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_limit_on_image_bytes_applies_to_the_base64_text(platform):
    limit = IMAGE_BYTES.get(platform)
    if limit is None:
        assert "image-bytes" not in errors(request(image_block(png(file_bytes=9 * MB))), platform)
        return
    most_bytes = limit // 4 * 3
    assert len(text(bytes(most_bytes))) == limit
    assert errors(request(image_block(png(file_bytes=most_bytes))), platform) == set()
    findings = check_request(request(image_block(png(file_bytes=most_bytes + 1))), platform=platform, as_of=DAY)
    (finding,) = findings.errors
    assert (finding.rule, finding.location, finding.observed, finding.limit) == (
        "image-bytes",
        "messages.0.content.0",
        limit + 4,
        limit,
    )
    assert finding.sources


def test_claude_ai_limits_the_size_of_the_file():
    def rule_names(file_bytes):
        findings = check_images(png(file_bytes=file_bytes), model=MODEL, platform="claude-ai", as_of=DAY)
        return [finding.rule for finding in findings.errors]

    assert (rule_names(10 * MB), rule_names(10 * MB + 1)) == ([], ["image-bytes"])


def test_the_limit_on_image_bytes_before_june_2026():
    most_bytes = 5 * MB // 4 * 3
    for day, model in ((date(2024, 3, 13), "claude-3-opus"), (date(2026, 6, 3), SMALL_MODEL)):
        assert errors(request(image_block(png(file_bytes=most_bytes)), model=model), day=day) == set()
        assert errors(request(image_block(png(file_bytes=most_bytes + 1)), model=model), day=day) == {"image-bytes"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_limit_on_the_edge_of_an_image(platform):
    limit = EDGE.get(platform)
    for size in ((8000, 8000), (8001, 8), (8, 8001)):
        params = request(image_block(png(*size)))
        rejected = limit is not None and max(size) > limit
        assert errors(params, platform) == ({"image-edge"} if rejected else set()), (platform, size)


def test_empty_unreadable_truncated_and_unsupported_images_are_errors():
    whole = encoded("JPEG")
    assert errors(request(image_block(b""))) == {"empty"}
    assert errors(request(image_block(b"<html>404</html>"))) == {"unreadable"}
    assert errors(request(image_block(whole[:100], "image/jpeg"))) == {"unreadable"}
    assert errors(request(image_block(whole[:-2], "image/jpeg"))) == {"truncated"}
    assert errors(request(image_block(whole, "image/jpeg"))) == set()
    assert errors(request(image_block(encoded("BMP"), "image/png"))) == {"format"}
    assert errors(request(image_block(encoded("TIFF"), "image/tiff"))) == {"format", "media-type"}


def test_invalid_base64_is_an_error():
    block = image_block(png())
    data = block["source"]["data"]
    for invalid in (f"data:image/png;base64,{data}", data[:-1], data[:-4] + "%%%%", "\u00e9" + data[1:], 17, None):
        source = block["source"] | {"data": invalid}
        assert errors(request(block | {"source": source})) == {"base64"}, invalid
    assert errors(request(block)) == set()


def test_a_wrong_invalid_or_missing_media_type_is_an_error():
    jpeg = encoded("JPEG")
    for declared, expected in (("image/jpeg", set()), ("image/png", {"media-type"}), ("image/jpg", {"media-type"})):
        assert errors(request(image_block(jpeg, declared))) == expected
    for invalid in (None, 3, ["image/jpeg"], "image/heic"):
        assert errors(request(image_block(jpeg, invalid))) == {"media-type"}
    block = image_block(jpeg)
    del block["source"]["media_type"]
    assert errors(request(block)) == {"media-type"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_source_types_depend_on_the_platform(platform):
    blocks = {
        "base64": TINY,
        "url": {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        "file": {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    }
    for kind, block in blocks.items():
        accepted = SOURCES.get(platform, {kind})
        assert errors(request(block), platform) == (set() if kind in accepted else {"source-type"}), kind


def test_urls_and_files_are_accepted_from_their_first_date():
    url = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    file = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}
    model = "claude-3-5-sonnet-20241022"
    assert errors(request(url, model=model), day=date(2025, 2, 26)) == {"source-type"}
    assert errors(request(url, model=model), day=date(2025, 2, 27)) == set()
    assert errors(request(file, model=model), day=date(2025, 5, 21)) == {"source-type"}
    assert errors(request(file, model=model), day=date(2025, 5, 22)) == set()


# Requests


@pytest.mark.parametrize("platform", PLATFORMS)
def test_over_20_images_the_limit_on_edges_is_lower(platform):
    limit = MANY.get(platform)
    for count, edge in ((20, 2001), (21, 2000), (21, 2001)):
        params = request(*[TINY] * (count - 1), image_block(png(edge, 8)))
        rejected = limit is not None and count > limit[0] and edge > limit[1]
        rule_names = errors(params, platform) - {"image-count"}
        assert rule_names == ({"many-images-edge"} if rejected else set()), (platform, count, edge)


def nested(count):
    """Build a conversation of `count` images, the last of which is 2001 px wide and in a tool result."""
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [image_block(png(2001, 8))]}
    call = {"type": "tool_use", "id": "toolu_1", "name": "screenshot", "input": {}}
    return {
        "model": MODEL,
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": [TINY] * (count - 1) + [{"type": "text", "text": "And now?"}]},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ],
    }


def test_images_in_tool_results_count_toward_the_20():
    assert errors(nested(20)) == set()
    assert locations_of(nested(21), "many-images-edge") == ["messages.2.content.0.content.0"]
    assert errors(nested(21)) == {"many-images-edge"}


def test_documents_count_as_images_on_some_platforms():
    document = document_block(pdf())
    wide = image_block(png(2001, 8))
    for platform, expected in (
        ("claude-api", set()),
        ("bedrock", {"many-images-edge"}),
        ("google-cloud", {"many-images-edge"}),
    ):
        assert errors(request(wide, *[TINY] * 19, document), platform) == expected
        assert errors(request(wide, *[TINY] * 18, document), platform) == set()


@pytest.mark.parametrize("model", [SMALL_MODEL, MODEL])
@pytest.mark.parametrize("platform", ["claude-api", "bedrock", "google-cloud", "foundry"])
def test_the_limit_on_images_of_a_request(platform, model):
    most = IMAGES[model]
    assert errors(request(*[TINY] * most, model=model), platform) == set()
    assert errors(request(*[TINY] * (most + 1), model=model), platform) == {"image-count"}


def test_the_limit_on_images_of_a_request_in_march_2024():
    day = date(2024, 3, 13)
    assert errors(request(*[TINY] * 20, model="claude-3-opus"), day=day) == set()
    assert errors(request(*[TINY] * 21, model="claude-3-opus"), day=day) == {"image-count"}


def test_pages_of_documents_count_as_images():
    pages = document_block(pdf(97))
    assert errors(request(*[TINY] * 3, pages, model=SMALL_MODEL)) == set()
    assert errors(request(*[TINY] * 4, pages, model=SMALL_MODEL)) == {"image-count"}


@pytest.mark.parametrize("model", [SMALL_MODEL, MODEL])
def test_the_limit_on_pages_of_a_pdf(model):
    most = IMAGES[model]
    for platform in ("claude-api", "bedrock", "google-cloud"):
        assert errors(request(document_block(pdf(most)), model=model), platform) == set()
        assert "pdf-pages" in errors(request(document_block(pdf(most + 1)), model=model), platform)


def test_unreadable_pdfs_are_errors():
    assert errors(request(document_block(pdf(password="secret")))) == {"pdf"}
    assert errors(request(document_block(b"%PDF-1.7 and no more"))) == {"pdf"}
    assert errors(request(document_block(b""))) == {"pdf"}
    assert errors(request(document_block(pdf()))) == set()


@pytest.mark.slow  # requests of 32 MB
@pytest.mark.parametrize("platform", list(REQUEST_BYTES))
def test_the_limit_on_bytes_of_a_request(platform):
    limit = REQUEST_BYTES[platform]
    params = request({"type": "text", "text": ""})
    params["messages"][0]["content"][0]["text"] = "." * (limit - body_bytes(params))
    assert body_bytes(params) == limit
    assert errors(params, platform, ignore=["text-bytes"]) == set()
    params["messages"][0]["content"][0]["text"] += "."
    assert errors(params, platform, ignore=["text-bytes"]) == {"request-bytes"}


def test_images_over_the_context_window_are_an_error():
    large = image_block(png(1932, 1932))  # 69 x 69 patches: 4761 tokens; 210 images fit in a million
    assert errors(request(*[large] * 210)) == set()
    assert errors(request(*[large] * 211)) == {"context-window"}


# Settings


def test_an_image_with_oversized_image_set_to_error_must_not_be_resized():
    strict = {"transformations": {"oversized_image": "error"}}
    fits, large = image_block(png(2576, 1456), **strict), image_block(png(2577, 1456), **strict)
    assert errors(request(fits)) == set()
    assert errors(request(large)) == {"oversized-image"}
    findings = check_request(request(image_block(png(1920, 1080), **strict), model=SMALL_MODEL), as_of=DAY).errors
    assert [finding.limit for finding in findings] == ["1456x819"]
    assert "1456x819" in wordings_of("oversized-image")[0].text
    for platform in ("bedrock", "google-cloud", "foundry"):
        assert errors(request(fits), platform) == {"oversized-image"}
    assert errors(request(fits), day=date(2026, 8, 21)) == {"oversized-image"}
    assert errors(request(fits), day=date(2026, 8, 22)) == set()
    assert errors(request(image_block(png(), transformations={"oversized_image": "no"}))) == {"oversized-image"}


def test_a_fallback_with_a_stricter_tier_decides():
    strict = image_block(png(1920, 1080), transformations={"oversized_image": "error"})
    assert errors(request(strict)) == set()
    assert errors(request(strict) | {"fallbacks": [{"model": SMALL_MODEL}]}) == {"oversized-image"}


def test_screenshots_of_a_toolset_are_not_downscaled():
    def conversation(width, **call):
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [image_block(png(width, 1456))]}
        tool_use = {"type": "tool_use", "id": "toolu_1", "name": "screenshot", "input": {}, **call}
        return {
            "model": MODEL,
            "messages": [
                {"role": "user", "content": "Look"},
                {"role": "assistant", "content": [tool_use]},
                {"role": "user", "content": [result]},
            ],
        }

    assert errors(conversation(2577, toolset_name="computer")) == {"toolset-screenshot"}
    assert errors(conversation(2576, toolset_name="computer")) == set()
    assert errors(conversation(2577)) == set()
    assert errors(conversation(2577, toolset_name="computer"), day=date(2026, 8, 20)) == set()


# Error messages of the API


def test_every_collected_message_is_listed_under_its_rule():
    names = {rule.name for rule in rules()} | {""}  # no rule predicts the messages without one
    for row in golden("error_messages.csv"):
        assert row["rule"] in names
        assert row["text"] in {wording.text for wording in wordings_of(row["rule"])}, row
