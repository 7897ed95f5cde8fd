"""Platform, endpoint and speed decide price, status and limits, in the library and on the command line."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from command_line import printed as done
from command_line import refused
from conftest import golden
from pictures import MODEL, encoded, image_block, request
from quoting import quoted

from imgcost import audit, check_request, estimate, plan, tables
from imgcost.errors import ImgcostError, NoPriceError
from imgcost.quoting import comparable
from imgcost.text.notes import sentences
from imgcost.text.quotes import quote_notes

DAY = date(2026, 11, 26)
ON = ("--as-of", "2026-11-26")
ONE_DAY = timedelta(days=1)


# Regional endpoints


@pytest.mark.parametrize(
    ("name", "usd_per_mtok"),
    [
        ("us.anthropic.claude-opus-5-5", "4.4"),
        ("eu.anthropic.claude-opus-5-5", "4.4"),
        ("global.anthropic.claude-opus-5-5", "4"),
        ("anthropic.claude-opus-5-5", "4.4"),
        ("claude-opus-5-5@default", "4"),
        ("claude-opus-5-5", "4"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "3.3"),  # the first model with a premium
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "15"),  # the last model without it
        ("anthropic.claude-3-haiku-20240307-v1:0", "0.25"),
    ],
)
def test_the_endpoint_of_an_id_decides_its_price(name, usd_per_mtok):
    quote = quoted(name, as_of=DAY)
    assert quote.usd_per_mtok == Decimal(usd_per_mtok)
    (planned,) = plan([(28, 28)], models=name, as_of=DAY)
    assert planned.quote.standard.input == Decimal(usd_per_mtok)
    rate = json.loads(done("estimate", "28x28", "-m", name, *ON, "-f", "json"))["estimates"][0]["usd_per_mtok"]
    assert Decimal(rate) == Decimal(usd_per_mtok)


def test_the_price_of_a_selected_endpoint_and_platform():
    def rate(name="claude-opus-5-5", **conditions):
        return quoted(name, as_of=DAY, **conditions).usd_per_mtok

    assert rate(platform="bedrock") == rate(platform="bedrock", endpoint="global") == 4
    assert rate(platform="bedrock", endpoint="regional") == Decimal("4.4")
    assert rate("anthropic.claude-opus-5-5", endpoint="global") == 4
    assert (
        rate(platform="claude-platform-aws") == rate(platform="google-cloud-anthropic") == rate(platform="foundry") == 4
    )
    assert rate(platform="claude-platform-aws", batch=True) == 2
    assert rate(platform="claude-platform-aws", inference_geo="us") == Decimal("4.4")
    assert quoted("us.anthropic.claude-opus-5-5", as_of=DAY, cache="5m").cache_read_usd_per_mtok == Decimal("0.22")


def test_an_assumption_is_noted_once_where_it_matters():
    bare = quoted("anthropic.claude-opus-5-5", as_of=DAY)
    (assumption,) = bare.assumptions
    assert assumption == (
        "No endpoint was given for 'anthropic.claude-opus-5-5' on bedrock: regional is assumed, at 1.1 times the "
        "global price."
    )
    assert bare.assumptions[0] in sentences(quote_notes(bare))
    assert quoted("claude-opus-5-5@default", as_of=DAY).assumptions == (
        (
            "No endpoint was given for 'claude-opus-5-5@default' on google-cloud: global is assumed, and regional "
            "endpoints cost 1.1 times as much."
        ),
    )
    assert quoted("us-gov.anthropic.claude-opus-5-5", as_of=DAY).assumptions == (
        "The price of us-gov. endpoints is uncertain, because sources disagree: 1.1 times the global price is assumed.",
    )
    for name in ("us.anthropic.claude-opus-5-5", "anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-5-5"):
        assert quoted(name, as_of=DAY).assumptions == ()
    assert quoted("anthropic.claude-opus-5-5", as_of=DAY, endpoint="regional").assumptions == ()
    for text in (
        done("estimate", "28x28", "-m", "anthropic.claude-opus-5-5", *ON),
        done("plan", "28x28", "-m", "anthropic.claude-opus-5-5", *ON),
    ):
        assert text.count("No endpoint was given for") == 1


def test_a_plan_has_one_platform_and_one_endpoint():
    job_plan = plan([(28, 28)], models=["us.anthropic.claude-opus-5-5", "claude-haiku-5-5"], as_of=DAY)
    assert (job_plan.scenario.conditions.platform, job_plan.scenario.conditions.endpoint) == ("bedrock", "regional")
    assert [model_plan.quote.standard.input for model_plan in job_plan] == [Decimal("0.11"), Decimal("4.4")]
    assert not job_plan.scenario.conditions.endpoint_assumed
    assert "bedrock, regional endpoint" in done("plan", "28x28", "-m", "us.anthropic.claude-opus-5-5", *ON)


@pytest.mark.parametrize("command", [("estimate", "28x28"), ("plan", "28x28"), ("scan", "data/samples/web")])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("-m", "us.anthropic.claude-opus-5-5", "--platform", "google-cloud"),
            "but the platform is set to google-cloud",
        ),
        (("-m", "us.anthropic.claude-opus-5-5", "--endpoint", "global"), "but the endpoint is set to global"),
        (("-m", "us.anthropic.claude-opus-5-5", "--batch"), "are not available on bedrock, only on claude-api"),
        (("-m", "opus", "--endpoint", "regional"), "claude-api has no regional endpoint"),
        (("-m", "opus", "--platform", "bedrock", "--inference-geo", "us"), "inference_geo is not available on bedrock"),
        (("-m", "mythos", "--platform", "foundry"), "claude-mythos-5-2 is not offered on foundry"),
        (("-m", "haiku", "--fast"), "no published fast price for claude-haiku-5-5"),
        (("-m", "opus", "--fast", "--batch"), "no published batch fast price for claude-opus-5-5"),
        (
            ("-m", "claude-opus-5", "--fast", "--platform", "foundry"),
            "no published fast price on foundry for claude-opus-5",
        ),
    ],
)
def test_contradictions_and_unavailable_combinations_are_rejected(command, options, message):
    stderr = refused(*command, *options, *ON)
    if command[0] == "plan" and "--fast" in options and "--batch" in options:
        message = "no published batch fast price for claude-opus-5-5"
    assert message in " ".join(stderr.split())


def test_models_are_compared_on_the_same_conditions():
    quotes_by_id = {quote.model.id: quote for quote in comparable([quoted("us.anthropic.claude-opus-5-5", as_of=DAY)])}
    assert {quote.conditions.platform for quote in quotes_by_id.values()} == {"bedrock"}
    assert quotes_by_id["claude-haiku-5-5"].usd_per_mtok == Decimal("0.11")
    fast = [quote.model.id for quote in comparable([quoted("opus", as_of=DAY, speed="fast")])]
    assert "claude-haiku-5-5" not in fast


def test_a_scan_compares_models_on_the_same_platform_and_endpoint(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    data = json.loads(done("scan", str(tmp_path), "-m", "us.anthropic.claude-opus-5-5", *ON, "-f", "json"))
    assert {model["endpoint"] for model in (*data["models"], *data["compared"])} == {"regional"}
    fast = json.loads(done("scan", str(tmp_path), "-m", "opus", "--fast", *ON, "-f", "json"))
    assert {model["speed"] for model in (*fast["models"], *fast["compared"])} == {"fast"}


def test_an_audit_accepts_the_same_keywords(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded("PNG"))

    def usd(model, **conditions):
        (row,) = audit(tmp_path, model=model, as_of=DAY, **conditions).itertuples()
        return row.input_usd / row.tokens * 1_000_000

    assert usd("us.anthropic.claude-opus-5-5") == usd("claude-opus-5-5", platform="bedrock", endpoint="regional")
    assert usd("us.anthropic.claude-opus-5-5") == Decimal("4.4")
    assert usd("claude-opus-5-5", speed="fast") == usd("claude-opus-5-5-fast") == 8


# Fast mode


@pytest.mark.parametrize(
    ("model", "day", "usd_per_mtok"),
    [
        ("claude-opus-5-5", "2026-11-26", "8"),
        ("claude-opus-5", "2026-11-26", "10"),
        ("claude-opus-4-8", "2026-11-30", "10"),
        ("claude-opus-4-8", "2026-12-01", None),
        ("claude-opus-4-7", "2026-05-11", None),
        ("claude-opus-4-7", "2026-05-12", "30"),
        ("claude-opus-4-7", "2026-07-24", "30"),
        ("claude-opus-4-7", "2026-07-25", None),
        ("claude-fable-5-2", "2026-11-26", "16"),
        ("claude-sonnet-5-5", "2026-11-26", None),
    ],
)
def test_fast_mode_has_a_separate_price_or_is_an_error(model, day, usd_per_mtok):
    day = date.fromisoformat(day)
    if usd_per_mtok is None:
        with pytest.raises(NoPriceError, match="no published fast price for"):
            estimate(28, 28, model=model, speed="fast", as_of=day)
        with pytest.raises(NoPriceError, match="no published fast price for"):
            plan([(28, 28)], models=model, speed="fast", as_of=day)
        return
    result = estimate(1000, 1000, model=model, speed="fast", as_of=day)
    assert result.input_usd == Decimal(1296) * Decimal(usd_per_mtok) / 1_000_000
    assert result.quote.conditions.labels == ("fast mode",)
    (planned,) = plan([(1000, 1000)], models=model, speed="fast", as_of=day, output_tokens=100)
    rates = tables.price_on(tables.find_model(model), day, "fast").rates
    assert planned.quote.standard == rates
    assert planned.total_usd == rates.cost_usd(planned.tokens)


def test_a_fast_deployment_of_foundry():
    quote = quoted("claude-opus-5-5-fast", as_of=DAY)
    assert (quote.conditions.platform, quote.conditions.speed, quote.usd_per_mtok) == ("foundry", "fast", 8)
    (planned,) = plan([(28, 28)], models="claude-opus-5-5-fast", as_of=DAY)
    assert planned.scenario.conditions.platform == "foundry"
    assert planned.quote.standard.input == 8


def test_fast_mode_has_one_price_for_long_prompts_and_caches():
    (fast,) = plan(
        [(28, 28)],
        models="claude-opus-4-6",
        speed="fast",
        as_of=date(2026, 3, 1),
        prompt_tokens=300_000,
        cache="5m",
        turns=2,
    )
    assert fast.quote.long_context is None
    assert fast.quote.standard.cache_write_5m == Decimal("37.5")
    job = ("plan", "1000x1000", "-m", "claude-opus-5-5", "--fast", *ON, "--explain")
    assert "fast mode" in done(*job)
    steps = json.loads(done(*job, "-f", "json"))["explanation"]
    assert any("x $8.00 / 1,000,000" in step["arithmetic"] for step in steps)


# Retirement by platform


@pytest.mark.parametrize("row", golden("retirements.csv"), ids=lambda row: f"{row['model_id']}-{row['platform']}")
def test_a_model_retires_on_each_platform_on_its_own_date(row):
    model, platform = tables.find_model(row["model_id"]), row["platform"]
    if not row["retires"]:
        assert model.retires_on(platform) is None
        assert model.status_on(date(2030, 1, 1), platform) == "deprecated"
        return
    day = date.fromisoformat(row["retires"])
    assert model.retires_on(platform) == day
    assert model.status_on(day - ONE_DAY, platform) == "deprecated"
    assert model.status_on(day, platform) == "retired"


@pytest.mark.parametrize(
    ("day", "status"), [("2026-11-22", "active"), ("2026-11-23", "deprecated"), ("2027-01-22", "retired")]
)
def test_claude_opus_4_5_is_deprecated(day, status):
    model = tables.find_model("claude-opus-4-5")
    assert model.status_on(date.fromisoformat(day)) == status
    assert model.retires_not_before is None


def test_the_rule_about_retired_models_depends_on_the_platform():
    params = request(image_block(encoded("PNG")), model="claude-sonnet-4-20250514")

    def reported(platform, day):
        findings = check_request(params, platform=platform, as_of=day)
        return [(finding.rule, finding.severity) for finding in findings]

    # The request certainly fails only on platforms that Anthropic runs.
    assert [reported("claude-api", date(2026, 6, day)) for day in (14, 15)] == [[], [("model", "error")]]
    assert [reported("google-cloud", date(2026, 9, day)) for day in (13, 14)] == [[], [("model", "warning")]]
    assert [reported("bedrock", date(2026, 10, day)) for day in (13, 14)] == [[], [("model", "warning")]]
    (finding,) = check_request(params, platform="bedrock", as_of=date(2026, 10, 14)).warnings
    assert "claude-sonnet-4-20250514 retired on 2026-10-14" in finding.message


def test_notes_name_the_date_of_the_platform():
    def note(name, day, **conditions):
        return sentences(quote_notes(quoted(name, as_of=day, **conditions)))[0]

    sonnet = "claude-sonnet-4-5-20250929"
    assert note("claude-sonnet-4-5", DAY) == f"{sonnet}: deprecated, retiring on 2026-11-30."
    assert note("claude-sonnet-4-5@20250929", DAY) == f"{sonnet}: deprecated, retiring on google-cloud on 2026-11-30."
    assert note("claude-sonnet-4-5", DAY, platform="bedrock") == (
        f"{sonnet}: deprecated, retiring on the Claude API on 2026-11-30, no date published on bedrock."
    )
    retired = note("claude-sonnet-4", date(2026, 10, 14), platform="bedrock")
    assert retired == "claude-sonnet-4-20250514 retired on bedrock on 2026-10-14; the last price is used here."


def test_models_shows_every_platform():
    text = " ".join(done("models", "claude-opus-4-1", *ON).split())
    assert "2026-08-05 (claude-api, foundry); 2027-01-08 (bedrock)" in text
    data = json.loads(done("models", "claude-opus-4-5", *ON, "-f", "json"))
    assert (data["status"], data["deprecated"], data["retires"]) == ("deprecated", "2026-11-23", "2027-01-22")
    assert "bedrock" not in data["retires_by_platform"]
    assert "not before 2027-09-22" in done("models", "claude-opus-5-5", *ON)
    haiku = json.loads(done("models", "claude-3-5-haiku", *ON, "-f", "json"))
    assert {row["name"]: row["value"] for row in haiku["measured"]}["patch-grid-multiple"] == 2
    assert "multiple of patches per side" in done("models", "claude-3-5-haiku", *ON)


# Limits by platform


@pytest.mark.parametrize(
    ("day", "data_urls"),
    [("2026-03-14", False), ("2026-06-10", True)],
)
def test_bedrock_is_checked_on_dates_before_its_vision_page(tmp_path, day, data_urls):
    body = request(image_block(encoded("PNG")), model="claude-opus-4-6")
    path = tmp_path / "request.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    assert "Nothing would be rejected. Limits of bedrock on " in done(
        "check", str(path), "--platform", "bedrock", "--as-of", day
    )
    block = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    findings = check_request(request(block, model="claude-opus-4-6"), platform="bedrock", as_of=date.fromisoformat(day))
    assert ("source-type" in {finding.rule for finding in findings.errors}) == data_urls


def test_bedrock_accepted_20_images_in_2025():
    def counted(images, day):
        params = request(*[image_block(encoded("PNG"))] * images, model="claude-3-7-sonnet-20250219")
        return [finding.limit for finding in check_request(params, platform="bedrock", as_of=day).errors]

    assert counted(20, date(2025, 3, 25)) == []
    assert counted(21, date(2025, 3, 25)) == [20]
    assert counted(21, date(2025, 5, 31)) == [20]
    assert counted(21, date(2025, 6, 1)) == []
    with pytest.raises(NoPriceError):
        counted(1, date(2025, 3, 24))


@pytest.mark.parametrize("platform", ["claude-platform-aws", "google-cloud-anthropic"])
def test_platforms_that_anthropic_runs_have_the_limits_of_the_claude_api(platform):
    own = tables.limits_on(platform, DAY)
    assert own._replace(statements={}) == tables.limits_on("claude-api", DAY)._replace(statements={})
    assert own.statements["image_bytes"].first_day == date(2026, 10, 8)
    assert check_request(request(image_block(encoded("PNG")), model=MODEL), platform=platform, as_of=DAY).errors == ()


def test_an_unknown_choice_is_rejected_with_the_valid_ones():
    with pytest.raises(
        ValueError, match="invalid platform 'azure': expected one of claude-api, claude-platform-aws, bedrock"
    ):
        quoted("opus", platform="azure")
    with pytest.raises(ValueError, match="invalid speed 'slow': expected one of standard, fast"):
        quoted("opus", speed="slow")
    with pytest.raises(ImgcostError, match="invalid speed 'slow': expected one of"):
        plan([(28, 28)], models="opus", speed="slow")
