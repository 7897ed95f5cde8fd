"""What a check says about dollars: each price that applies, and never $0 for what is not known."""

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
"""4,761 tokens on the standard tier: 21 of them are 99,981, and 22 are 104,742."""

QUESTION = {"type": "text", "text": "Say what this shows."}
URL = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
FILE = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}


def pages(count, *more, model=HAIKU, **options):
    return check_request(request(*[PAGE] * count, *more, model=model), as_of=TODAY, **options)


def rules_of(findings):
    return [one.rule for one in findings.errors]


# The long-context price


def test_images_over_the_threshold_have_the_long_context_price():
    assert (pages(22, QUESTION).tokens, pages(22, QUESTION).input_usd) == (104_742, Decimal("0.0523710"))
    assert pages(22).notes == ("requests over the long-context threshold, all at its higher rate: the request",)
    assert rules_of(pages(22, QUESTION, budget_usd="0.02")) == ["budget"]
    assert pages(22, QUESTION, budget_usd="0.052371").ok


def test_images_below_it_have_the_standard_price_and_what_is_assumed_of_the_text_is_said():
    found = pages(21, QUESTION)
    assert (found.tokens, found.input_usd) == (99_981, Decimal("0.0099981"))
    assert found.notes == (
        (
            "requests at the standard rate, assuming that their text keeps them within the long-context threshold: "
            "the request"
        ),
    )
    few = pages(15, QUESTION)
    assert few.notes == ()


def test_a_budget_covers_both_prices_where_the_text_decides():
    most = Decimal("0.0499905")
    assert pages(21, QUESTION, budget_usd=most).ok
    broken = pages(21, QUESTION, budget_usd=most - Decimal("1e-9"))
    [error] = broken.errors
    assert error.message == (
        "the images cost $0.0099981, or $0.0499905 if the text leads to the long-context price; "
        "the budget is $0.049990499"
    )
    text = {"type": "text", "text": "a" * 40_000}
    assert pages(12, text, budget_usd="0.02").ok  # 57,132 + at most 42,000
    assert not pages(12, {"type": "text", "text": "a" * 50_000}, budget_usd="0.02").ok


def test_models_without_such_a_price_have_none_to_assume():
    found = pages(22, QUESTION, model="claude-opus-5", budget_usd=1)
    assert (found.notes, found.ok) == ((), True)


def test_each_request_of_a_batch_is_priced_by_itself_at_half():
    params = [request(*[PAGE] * count, model=HAIKU) for count in (22, 15, 22)]
    found = check_batch([{"custom_id": str(n), "params": one} for n, one in enumerate(params)], as_of=TODAY)
    assert found.input_usd == (2 * Decimal("0.0523710") + Decimal("0.0071415")) / 2
    assert found.notes == (
        "2 requests over the long-context threshold, all at its higher rate, the first: requests.0.params",
    )


def test_images_that_go_into_one_request_share_its_price():
    images = [png(1932, 1932)] * 22
    apart = check_images(images, model=HAIKU, as_of=TODAY)
    together = check_images(images, model=HAIKU, as_of=TODAY, one_request=True)
    assert (apart.input_usd, together.input_usd) == (Decimal("0.0104742"), Decimal("0.0523710"))


# What is not known


@pytest.mark.parametrize("block", [URL, FILE, {"type": "image", "source": {"type": "s3", "uri": "s3://a"}}])
def test_an_image_that_is_not_here_has_no_known_cost_and_breaks_every_budget(block):
    found = pages(1, block)
    assert (found.input_usd, found.measured_usd) == (None, Decimal("0.0004761"))
    why = "images whose bytes are not in the request, because nothing is fetched: messages.0.content.1"
    assert found.unknown == (why,)
    [error] = [one for one in pages(1, block, budget_usd=10**6).errors if one.rule == "budget"]
    assert error.message == f"the cost is not known, so a budget of $1,000,000.00 cannot be checked: {why}"


def test_a_pdf_costs_its_pages_and_up_to_full_pages_of_text():
    # 43 tokens for the document, 1,530 for each page of Letter, and up to 1,000 of text, at $5 per MTok.
    params = request(document_block(pdf(500)))
    found = check_request(params, as_of=TODAY)
    assert (found.input_usd, found.upper_usd) == (Decimal("3.825215"), Decimal("6.325215"))
    assert (found.pages, found.unknown, found.ok) == (500, (), True)
    assert [(one.rule, one.observed) for one in found.warnings if one.rule == "pdf-cost"] == [("pdf-cost", 500)]
    assert "at a measured figure, which is not published" in found.notes[0]
    for budget, ok in (("6.325215", True), ("6.325214", False), ("3.825215", False), ("0.01", False)):
        checked = check_request(params, as_of=TODAY, budget_usd=budget)
        assert rules_of(checked) == ([] if ok else ["budget"]), budget
    [error] = check_request(params, as_of=TODAY, budget_usd=5).errors
    assert error.message == (
        "the images cost $3.825215, or $6.325215 with full pages of text in PDFs; the budget is $5"
    )


def test_pages_and_images_share_the_long_context_price():
    # 20 images are 95,220 tokens; with three pages 99,853, or 102,853 with their text: above 100,000 all costs $0.5.
    found = pages(20, document_block(pdf(3)))
    assert (found.input_usd, found.upper_usd) == (Decimal("0.0099853"), Decimal("0.0514265"))
    over = pages(20, document_block(pdf(4)))
    assert (over.input_usd, over.upper_usd) == (Decimal("0.0506915"), Decimal("0.0526915"))


def test_pages_for_a_model_that_was_not_measured_have_no_known_cost():
    found = check_request(request(document_block(pdf(2)), model="claude-3-opus-20240229"), as_of=date(2025, 6, 1))
    assert (found.input_usd, found.upper_usd) == (None, None)
    assert found.unknown == ("2 pages of PDFs for claude-3-opus-20240229, the first: messages.0.content.0",)


def test_a_pdf_that_cannot_be_read_costs_nothing_but_no_budget_vouches_for_it():
    broken = document_block(b"<html>")
    found = pages(1, broken, ignore=["pdf"])
    assert (found.ok, found.input_usd) == (True, Decimal("0.0004761"))
    assert rules_of(pages(1, broken, ignore=["pdf"], budget_usd=9)) == ["budget"]


@pytest.mark.parametrize("kind", ["url", "file", None, ["url"]])
def test_a_document_that_is_not_here_has_no_known_cost(kind):
    params = request({"type": "document", "source": {"type": kind}})
    assert check_request(params, as_of=TODAY).input_usd is None
    assert "budget" in rules_of(check_request(params, as_of=TODAY, budget_usd=1))


def test_documents_of_text_are_text_and_cost_no_images():
    text = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}
    content = {"type": "document", "source": {"type": "content", "content": [PAGE]}}
    found = check_request(request(text, content, model=HAIKU), as_of=TODAY, budget_usd="0.0004761")
    assert (found.ok, found.input_usd) == (True, Decimal("0.0004761"))


def test_an_image_that_cannot_be_read_costs_nothing_but_no_budget_vouches_for_it():
    broken = image_block(b"<html>")
    found = pages(1, broken, ignore=["unreadable", "media-type"])
    assert (found.ok, found.input_usd, found.unknown) == (True, Decimal("0.0004761"), ())
    [error] = pages(1, broken, broken, ignore=["unreadable", "media-type"], budget_usd=9).errors
    assert error.message.endswith("2 images and documents that cannot be read, the first: messages.0.content.1")
    assert rules_of(check_images([b"<html>"], as_of=TODAY, budget_usd=9)) == ["unreadable", "budget"]


def test_a_model_whose_tier_was_never_published_has_no_known_cost():
    found = pages(1, model="claude-mythos-preview", ignore=["model"])
    assert found.input_usd is None
    assert "tier was never published" in found.unknown[0]


def test_the_command_says_unknown_and_fails_under_a_budget():
    text = json.dumps(request(PAGE, URL, model=HAIKU))
    free = run("check", "-", "--as-of", "2026-11-26", stdin=text)
    assert free.exit_code == 0
    assert "1 image, 4,761 tokens, cost unknown ($0.00048 of it known); 1 not measured" in free.stdout
    assert "Cost unknown: images whose bytes are not in the request" in free.stdout
    only = run("check", "-", "--as-of", "2026-11-26", stdin=json.dumps(request(URL, model=HAIKU))).stdout
    assert "0 images, cost unknown; 1 not measured" in only
    assert run("check", "-", "--budget", "1000", stdin=text).exit_code == 1
    long = printed("check", "-", "--as-of", "2026-11-26", stdin=json.dumps(request(*[PAGE] * 22, model=HAIKU)))
    assert "requests over the long-context threshold, all at its higher rate: stdin." in unwrapped(long)


# Findings


def test_findings_are_values():
    one, same, other = pages(2, URL), pages(2, URL), pages(1, URL)
    assert one == same != other
    assert pickle.loads(pickle.dumps(one)) == one
    assert repr(pages(2)) == "<Findings errors=0 warnings=1 images=2 tokens=9522 usd=$0.0009522>"
    assert "usd=unknown" in repr(one)


def test_findings_become_what_the_command_prints():
    params = request(PAGE, URL, image_block(b"<html>"), model=HAIKU)
    found = check_request(params, as_of=TODAY)
    shown = json.loads(run("check", "-", "-f", "json", "--as-of", "2026-11-26", stdin=json.dumps(params)).stdout)
    told = json.loads(json.dumps(found.to_dict()))
    assert {key for key in shown if shown[key] != told[key]} <= {"findings", "images", "unknown"}  # places: stdin
    assert told["input_usd"] is None
    assert (told["measured_usd"], len(told["unknown"]), len(told["findings"])) == ("0.0004761", 1, len(found))
    assert [one["rule"] for one in told["findings"]] == [one.rule for one in found]
    assert "findings" not in found.to_dict(everything=False)
    assert isinstance(found, Findings)
