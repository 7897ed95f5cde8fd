"""The cost of a check: the price of each request, and an unknown cost instead of $0 where something is not measured."""

from __future__ import annotations

import json
import pickle
from datetime import date
from decimal import Decimal

import pytest
from command_line import printed, run, unwrapped
from pictures import document_block, image_block, pdf, png, request

from imgcost import Findings, check_batch, check_images, check_request

TODAY = date(2026, 11, 26)
HAIKU = "claude-haiku-5-5"
PAGE = image_block(png(1932, 1932))
"""4,761 tokens on the standard tier; 21 images have 99,981 tokens, and 22 have 104,742."""

QUESTION = {"type": "text", "text": "Say what this shows."}
URL = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
FILE = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}


def pages(count, *more, model=HAIKU, **options):
    return check_request(request(*[PAGE] * count, *more, model=model), as_of=TODAY, **options)


def rules_of(findings):
    return [finding.rule for finding in findings.errors]


# The long-context price


def test_images_over_the_threshold_have_the_long_context_price():
    assert (pages(22, QUESTION).tokens, pages(22, QUESTION).input_usd) == (104_742, Decimal("0.0523710"))
    assert pages(22).notes == ("requests over the long-context threshold, all at its higher rate: the request",)
    assert rules_of(pages(22, QUESTION, budget_usd="0.02")) == ["budget"]
    assert pages(22, QUESTION, budget_usd="0.052371").ok


def test_images_just_below_the_threshold_have_the_standard_price_with_a_note():
    findings = pages(21, QUESTION)
    assert (findings.tokens, findings.input_usd) == (99_981, Decimal("0.0099981"))
    assert findings.notes == (
        (
            "requests at the standard rate, assuming that their text keeps them within the long-context threshold: "
            "the request"
        ),
    )
    below = pages(15, QUESTION)
    assert below.notes == ()


def test_a_budget_has_to_cover_the_higher_price_if_the_text_may_cross_the_threshold():
    higher_cost = Decimal("0.0499905")
    assert pages(21, QUESTION, budget_usd=higher_cost).ok
    over = pages(21, QUESTION, budget_usd=higher_cost - Decimal("1e-9"))
    [error] = over.errors
    assert error.message == (
        "the images cost $0.0099981, or $0.0499905 if the text leads to the long-context price; "
        "the budget is $0.049990499"
    )
    text = {"type": "text", "text": "a" * 40_000}
    assert pages(12, text, budget_usd="0.02").ok  # 57,132 + at most 42,000
    assert not pages(12, {"type": "text", "text": "a" * 50_000}, budget_usd="0.02").ok


def test_models_without_a_long_context_price_have_no_note():
    findings = pages(22, QUESTION, model="claude-opus-5", budget_usd=1)
    assert (findings.notes, findings.ok) == ((), True)


def test_each_request_of_a_batch_has_its_own_price_at_half():
    requests = [request(*[PAGE] * count, model=HAIKU) for count in (22, 15, 22)]
    findings = check_batch([{"custom_id": str(n), "params": params} for n, params in enumerate(requests)], as_of=TODAY)
    assert findings.input_usd == (2 * Decimal("0.0523710") + Decimal("0.0071415")) / 2
    assert findings.notes == (
        "2 requests over the long-context threshold, all at its higher rate, the first: requests.0.params",
    )


def test_images_of_one_request_share_its_long_context_price():
    images = [png(1932, 1932)] * 22
    apart = check_images(images, model=HAIKU, as_of=TODAY)
    together = check_images(images, model=HAIKU, as_of=TODAY, one_request=True)
    assert (apart.input_usd, together.input_usd) == (Decimal("0.0104742"), Decimal("0.0523710"))


# Unknown costs


@pytest.mark.parametrize("block", [URL, FILE, {"type": "image", "source": {"type": "s3", "uri": "s3://a"}}])
def test_an_image_by_reference_has_an_unknown_cost_and_fails_every_budget(block):
    findings = pages(1, block)
    assert (findings.input_usd, findings.measured_usd) == (None, Decimal("0.0004761"))
    reason = "images whose bytes are not in the request, because nothing is fetched: messages.0.content.1"
    assert findings.unknown == (reason,)
    [error] = [finding for finding in pages(1, block, budget_usd=10**6).errors if finding.rule == "budget"]
    assert error.message == f"the cost is not known, so a budget of $1,000,000.00 cannot be checked: {reason}"


def test_a_pdf_costs_its_pages_and_up_to_full_pages_of_text():
    # 43 tokens for the document, 1,530 per Letter page, and up to 1,000 per page of text, at $5 per MTok.
    params = request(document_block(pdf(500)))
    findings = check_request(params, as_of=TODAY)
    assert (findings.input_usd, findings.upper_usd) == (Decimal("3.825215"), Decimal("6.325215"))
    assert (findings.pages, findings.unknown, findings.ok) == (500, (), True)
    assert [(finding.rule, finding.observed) for finding in findings.warnings if finding.rule == "pdf-cost"] == [
        ("pdf-cost", 500)
    ]
    assert findings.notes == (
        (
            "500 PDF pages, counted with measured tokens (not published) and from no text to full pages of text, "
            "the first: messages.0.content.0"
        ),
    )
    for budget, ok in (("6.325215", True), ("6.325214", False), ("3.825215", False), ("0.01", False)):
        checked = check_request(params, as_of=TODAY, budget_usd=budget)
        assert rules_of(checked) == ([] if ok else ["budget"]), budget
    [error] = check_request(params, as_of=TODAY, budget_usd=5).errors
    assert error.message == (
        "the images cost $3.825215, or $6.325215 with full pages of text in PDFs; the budget is $5.00"
    )


def test_pages_and_images_share_the_long_context_price():
    # 20 images have 95,220 tokens; with three pages 99,853, or 102,853 with text: over 100,000 the rate is $0.50.
    below = pages(20, document_block(pdf(3)))
    assert (below.input_usd, below.upper_usd) == (Decimal("0.0099853"), Decimal("0.0514265"))
    over = pages(20, document_block(pdf(4)))
    assert (over.input_usd, over.upper_usd) == (Decimal("0.0506915"), Decimal("0.0526915"))


def test_pages_for_a_model_without_measurements_have_an_unknown_cost():
    findings = check_request(request(document_block(pdf(2)), model="claude-3-opus-20240229"), as_of=date(2025, 6, 1))
    assert (findings.input_usd, findings.upper_usd) == (None, None)
    assert findings.unknown == (
        "2 PDF pages for claude-3-opus-20240229, whose tokens were not measured, the first: messages.0.content.0",
    )


def test_an_unreadable_pdf_costs_nothing_but_fails_every_budget():
    unreadable = document_block(b"<html>")
    findings = pages(1, unreadable, ignore=["pdf"])
    assert (findings.ok, findings.input_usd) == (True, Decimal("0.0004761"))
    assert rules_of(pages(1, unreadable, ignore=["pdf"], budget_usd=9)) == ["budget"]


@pytest.mark.parametrize("kind", ["url", "file", None, ["url"]])
def test_a_document_by_reference_has_an_unknown_cost(kind):
    params = request({"type": "document", "source": {"type": kind}})
    findings = check_request(params, as_of=TODAY)
    assert (findings.input_usd, findings.unknown) == (
        None,
        ("documents whose pages cannot be counted: messages.0.content.0",),
    )
    assert "budget" in rules_of(check_request(params, as_of=TODAY, budget_usd=1))


def test_text_documents_cost_nothing_as_images():
    text = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}
    content = {"type": "document", "source": {"type": "content", "content": [PAGE]}}
    findings = check_request(request(text, content, model=HAIKU), as_of=TODAY, budget_usd="0.0004761")
    assert (findings.ok, findings.input_usd) == (True, Decimal("0.0004761"))


def test_an_unreadable_image_costs_nothing_but_fails_every_budget():
    unreadable = image_block(b"<html>")
    findings = pages(1, unreadable, ignore=["unreadable", "media-type"])
    assert (findings.ok, findings.input_usd, findings.unknown) == (True, Decimal("0.0004761"), ())
    [error] = pages(1, unreadable, unreadable, ignore=["unreadable", "media-type"], budget_usd=9).errors
    assert error.message.endswith("2 images and documents that cannot be read, the first: messages.0.content.1")
    assert rules_of(check_images([b"<html>"], as_of=TODAY, budget_usd=9)) == ["unreadable", "budget"]


def test_a_model_of_unpublished_tier_has_an_unknown_cost():
    findings = pages(1, model="claude-mythos-preview", ignore=["model"])
    assert findings.input_usd is None
    assert findings.unknown == (
        "images for claude-mythos-preview, whose resolution tier was never published: messages.0.content.0",
    )


def test_the_command_prints_an_unknown_cost_and_fails_with_a_budget():
    text = json.dumps(request(PAGE, URL, model=HAIKU))
    without_budget = run("check", "-", "--as-of", "2026-11-26", stdin=text)
    assert without_budget.exit_code == 0
    summary = "1 image with claude-haiku-5-5: 4,761 tokens, cost unknown ($0.00048 of it known). Not counted: 1 image."
    assert summary in unwrapped(without_budget.stdout)
    assert "Cost unknown: images whose bytes are not in the request" in without_budget.stdout
    unmeasured = run("check", "-", "--as-of", "2026-11-26", stdin=json.dumps(request(URL, model=HAIKU))).stdout
    assert "0 images, cost unknown. Not counted: 1 image." in unwrapped(unmeasured)
    assert run("check", "-", "--budget", "1000", stdin=text).exit_code == 1
    over_threshold = printed(
        "check", "-", "--as-of", "2026-11-26", stdin=json.dumps(request(*[PAGE] * 22, model=HAIKU))
    )
    assert "requests over the long-context threshold, all at its higher rate: stdin." in unwrapped(over_threshold)


# Findings


def test_findings_have_value_equality_pickle_and_a_short_repr():
    findings, equal, other = pages(2, URL), pages(2, URL), pages(1, URL)
    assert findings == equal != other
    assert pickle.loads(pickle.dumps(findings)) == findings
    assert repr(pages(2)) == "<Findings errors=0 warnings=1 images=2 tokens=9522 usd=$0.0009522>"
    assert "usd=unknown" in repr(findings)


def test_to_dict_equals_the_json_of_the_command():
    params = request(PAGE, URL, image_block(b"<html>"), model=HAIKU)
    findings = check_request(params, as_of=TODAY)
    printed_data = json.loads(run("check", "-", "-f", "json", "--as-of", "2026-11-26", stdin=json.dumps(params)).stdout)
    data = json.loads(json.dumps(findings.to_dict()))
    assert {key for key in printed_data if printed_data[key] != data[key]} <= {
        "findings",
        "images",
        "unknown",
    }  # locations begin with stdin
    assert data["input_usd"] is None
    assert (data["measured_usd"], len(data["unknown"]), len(data["findings"])) == ("0.0004761", 1, len(findings))
    assert [finding["rule"] for finding in data["findings"]] == [finding.rule for finding in findings]
    assert "findings" not in findings.to_dict(everything=False)
    assert isinstance(findings, Findings)
