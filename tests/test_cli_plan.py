"""`imgcost plan` on the command line: its output, exit codes, and hostile input."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from decimal import Decimal
from functools import partial

import command_line
import pytest
from command_line import unwrapped
from conftest import SAMPLES
from pictures import png

from imgcost.errors import MissingExtraError
from imgcost.reports import writers

AS_OF = ("--as-of", "2026-11-22")
ONE_EACH = ("3000x3000", "--count", "20000", "--prompt-tokens", "8500", "--output-tokens", "150", *AS_OF)
JOB = (*ONE_EACH, "--images-per-request", "auto")


run, printed, refused = (
    partial(function, "plan") for function in (command_line.run, command_line.printed, command_line.refused)
)


def data(*arguments, code=0):
    return json.loads(printed(*arguments, "-f", "json", code=code))


# 1000 requests of 8500 + 20 * 1521 + 20 * 3 + 7 = 38,987 tokens, and 150 of output; see test_plans.py.


@pytest.mark.parametrize(
    ("options", "usd"),
    [
        ((), "119.211"),
        (("--prompt-cache", "5m"), "96.290325"),
        (("--batch",), "59.6055"),
        (("--batch", "--prompt-cache", "5m"), "48.1451625"),
        (("--inference-geo", "us"), "131.1321"),
        (("--retry-rate", "0.1"), "131.1321"),
        (("--platform", "bedrock", "--endpoint", "regional"), "131.1321"),
        (("--images-per-request", "10"), "149.232"),  # 2000 * (8500 + 15,240 + 7) * 3 + 4.50
    ],
)
def test_the_exact_cost_of_a_job(options, usd):
    [model] = data(*JOB, "-m", "claude-sonnet-4-6", *options)["models"]
    expected = Decimal(usd)
    if "--images-per-request" in options:
        expected = Decimal(2000 * (8500 + 15_240 + 7) * 3 + 2000 * 150 * 15) / 1_000_000
    assert Decimal(model["total_usd"]) == expected


def test_the_text_compares_models_cheapest_first():
    text = printed(*JOB, "-m", "claude-sonnet-4-6", "-m", "haiku", "--downscale-to", "1000", "--retry-rate", "0.02")
    tables = text.split("\n\n")
    assert unwrapped(tables[0]).splitlines()[0] == (
        "20,000 images of 3000x3000 on 2026-11-22: as many images per request as fit, "
        "8,500 prompt tokens, 150 output tokens, 2% retries"
    )
    rows = rows_of(tables[0])[-2:]
    assert [row[:3] for row in rows] == [
        ["claude-haiku-5-5", "1,053", "19"],
        ["claude-sonnet-4-6", "1,000", "20"],
    ]
    assert rows[1][-1] == "$121.60"  # 119.211 * 1.02
    assert tables[2].startswith("Alternatives to claude-sonnet-4-6\n")
    assert [row[:4] for row in rows_of(tables[2]) if len(row) > 1 and row[1].startswith("$")] == [
        ["as specified", "$121.60"],
        ["batch", "$60.80", "$60.80", "50%"],
        ["cached", "$98.22", "$23.38", "19%"],
        ["batch + cached", "$49.11", "$72.49", "60%"],
        ["downscaled to 868x868", "$87.32", "$34.27", "28%"],
    ]
    assert re.search(r"claude-sonnet-4-6 +retries +782,740 +\$2\.38", tables[3])
    assert "Requests and tokens are counted without retries; dollars include them." in text


def rows_of(table):
    """The cells of a table as text, without its title and heads."""
    return [re.split(r"\s{2,}", line.strip()) for line in table.splitlines()[2:]]


def test_unavailable_prices_are_not_alternatives_and_conditions_are_named():
    text = printed(
        "100x100",
        "--platform",
        "bedrock",
        "--endpoint",
        "regional",
        "--turns",
        "2",
        "--prompt-cache",
        "1h",
        *AS_OF,
        "-m",
        "haiku",
    )
    assert "2 turns, bedrock, regional endpoint, cache 1h" in unwrapped(text)
    assert "Alternatives" not in text
    text = printed("100x100", "--platform", "foundry", "--inference-geo", "us", "--batch", "--no-batch", *AS_OF)
    assert "foundry, US inference" in text
    assert "images only (no prompt, no answer), batch" in unwrapped(printed("100x100", "--batch", *AS_OF))


def test_json_has_a_schema_and_exact_dollars():
    report = data(*JOB, "-m", "claude-sonnet-4-6", "--downscale-to", "500", "--prompt-cache", "5m", "--budget", "100")
    assert report["schema"] == "imgcost.plan/2"
    assert report["scenario"]["prompt_tokens"] == 8500
    assert (report["images"], report["images_of_unknown_bytes"], report["excluded"]) == (20_000, 20_000, [])
    [model] = report["models"]
    assert model["requests"] == model["conversations"] == 1000
    assert model["tokens"]["cache_read"] == 8_491_500
    assert sum(map(Decimal, model["usd"].values())) == Decimal(model["total_usd"]) == Decimal("96.290325")
    assert set(model["variants"]) == {"standard", "batch", "batch + cached", "downscaled", "claude-haiku-5-5"}
    assert Decimal(model["variants"]["batch"]["saves_usd"]) == Decimal("96.290325") - Decimal("59.6055")
    assert (model["within_budget"], model["images_within_budget"]) == (True, 20_770)
    assert "explanation" not in report


def test_the_arithmetic_can_be_checked_by_hand():
    lines = data(*JOB, "-m", "claude-sonnet-4-6", "--prompt-cache", "5m", "--batch", "--retry-rate", "1", "--explain")
    steps = {line["what"]: line for line in lines["explanation"]}
    assert all(
        line["source"] for line in lines["explanation"] if re.search(r"\$\d.* x .*1,000,000", line["arithmetic"])
    )
    assert steps["image of 3000x3000"]["arithmetic"] == "resized to 1092x1092: 39 x 39 patches of 28 px"
    assert "1,568 px, 1,568 tokens; Vision page, read 2026-" in steps["image of 3000x3000"]["source"]
    assert (steps["visual tokens"]["arithmetic"], steps["visual tokens"]["result"]) == ("20,000 x 1,521", "30,420,000")
    assert steps["overhead per image"]["arithmetic"] == "3 x 20,000 images sent"
    assert steps["overhead per image"]["source"].startswith("measured: ")
    assert steps["overhead per message"]["result"] == "7,000"
    assert steps["input with cache"]["arithmetic"] == "30,420,000 + 60,000 + 7,000 + 8,500,000"
    assert steps["input with cache"]["result"] == "38,987,000"
    assert steps["read from the cache"]["arithmetic"] == "8,500 x 999, every later request"
    assert steps["input tokens"]["arithmetic"] == "38,987,000 - 8,500 - 8,491,500"
    assert steps["cache read"]["arithmetic"] == "8,491,500 x $0.30 x 0.5 (batch) / 1,000,000"
    assert steps["cache read"]["result"] == "$1.273725"
    assert steps["total without retries"]["result"] == "$48.1451625"
    assert steps["total"]["result"] == "$96.290325"
    assert steps["per 1,000 images"]["result"] == "$4.81"


def test_the_arithmetic_of_conversations_many_sizes_the_area_formula_and_the_long_context_price():
    def steps(*arguments):
        return "\n".join(f"{line['what']}: {line['arithmetic']}" for line in data(*arguments)["explanation"])

    sizes = [f"{28 * n}x28" for n in range(1, 12)]
    text = steps(*sizes, "--turns", "2", "--images-per-request", "6", "--output-tokens", "9", "--explain", *AS_OF)
    assert "the sum over 11 images, each counted by the patch formula" in text
    assert "each image is re-sent on every later turn" in text
    assert "re-sent answers" in text
    text = steps("1000x1000", "--count", "2", "--turns", "2", "--prompt-cache", "5m", "--explain", *AS_OF)
    assert "the prompt of the previous turn" in text
    text = steps("1000x1000", "-m", "claude-3-opus", "--as-of", "2024-03-04", "--explain")
    assert "1,000 x 1,000 / 750, rounded up" in text
    assert "20 images; 200,000 tokens with the answer" in text
    text = steps("28x28", "--platform", "bedrock", "-m", "claude-sonnet-4-6", "--as-of", "2026-07-01", "--explain")
    assert "20 if an edge is over 2,000 px; 20,971,520 bytes; 1,000,000 tokens with the answer" in text
    text = steps("28x28", "-m", "haiku", "--prompt-tokens", "100000", "--explain", *AS_OF)
    assert "input at the long-context price" in text
    assert "100,004 x $0.50 / 1,000,000" in text
    text = steps("28x28", "-m", "claude-3-haiku", "--as-of", "2024-04-01", "--explain")
    assert "75 x 1 request" in text
    assert "nothing" in printed(SAMPLES / "broken" / "notes.png", "--explain", *AS_OF)


def test_markdown():
    text = printed(*JOB, "-f", "markdown")
    assert text.startswith("## 20,000 images of 3000x3000 on 2026-11-22")
    assert "| claude-sonnet-5-5 |" in text


@pytest.mark.parametrize(
    ("budget", "code", "verdict"), [("119.211", 0, "within"), ("$119.21", 1, "over"), ("0", 1, "over")]
)
def test_the_budget_decides_the_exit_code(budget, code, verdict):
    text = printed(*JOB, "-m", "claude-sonnet-4-6", "--budget", budget, code=code)
    assert f" {verdict} " in text.split("\n\n")[1]


def test_one_model_over_the_budget_fails():
    printed(*JOB, "-m", "haiku", "-m", "claude-sonnet-4-6", "--budget", "100", code=1)


def test_a_scenario_file_and_options_that_override_it(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(
        'models = ["claude-sonnet-4-6"]\nprompt_tokens = 8500\noutput_tokens = 150\ncache = "5m"\nbatch = true\n'
        "as_of = 2026-11-22\nbudget = 50\n",
        encoding="utf-8",
    )
    options = ("3000x3000", "--count", "20000", "--images-per-request", "auto", "--scenario", path)
    assert Decimal(data(*options)["models"][0]["total_usd"]) == Decimal("48.1451625")
    assert Decimal(data(*options, "--no-batch", code=1)["models"][0]["total_usd"]) == Decimal("96.290325")
    assert Decimal(data(*options, "--prompt-cache", "none", code=1)["models"][0]["total_usd"]) == Decimal("59.6055")
    assert data(*options, "-m", "haiku")["models"][0]["model"] == "claude-haiku-5-5"
    path.write_text("imags_per_request = 5\n", encoding="utf-8")
    assert "did you mean images_per_request?" in refused(*options)
    path.write_text('budget = "lots"\n', encoding="utf-8")
    assert "job.toml: invalid budget 'lots': expected US dollars" in " ".join(refused(*options).split())
    path.write_text('cache = "5x"\n', encoding="utf-8")
    assert "job.toml: invalid cache '5x': expected " in " ".join(refused(*options).split())
    path.write_text('prompt_cache = "5x"\n', encoding="utf-8")
    assert "job.toml: invalid prompt_cache '5x': expected " in " ".join(refused(*options).split())


def test_files_tables_and_sizes_together(tmp_path):
    (tmp_path / "sizes.csv").write_text("width,height\n3000,3000\n", encoding="utf-8")
    report = data(SAMPLES, tmp_path / "sizes.csv", "1920x1080", *AS_OF)
    assert (report["images"], report["images_of_unknown_bytes"]) == (24, 2)
    assert data(SAMPLES, "1920x1080", "--count", "5", *AS_OF)["images"] == 22 + 5
    assert [excluded["reason"] for excluded in report["excluded"]] == ["damaged", "not-an-image"]
    assert report["fixable"] == [{"rule": "format", "phrase": "TIFF", "images": 1}]
    assert "Unreadable (not in the total)" in printed(SAMPLES, *AS_OF)


def test_hostile_names_are_escaped(tmp_path):
    (tmp_path / "\x1b[31m\nred.png").write_bytes(b"")
    text = printed(tmp_path, *AS_OF)
    assert r"\x1b[31m\nred.png" in text
    assert "\x1b" not in text + json.dumps(data(tmp_path, *AS_OF))


def test_a_long_file_name_fits_80_columns(tmp_path):
    (tmp_path / f"{'n' * 196}.png").write_bytes(b"\x89PNG")
    text = printed(tmp_path / f"{'n' * 196}.png", *AS_OF)
    (table,) = [table for table in text.split("\n\n") if table.startswith("Unreadable")]
    assert max(map(len, table.splitlines())) <= 80
    assert re.search(r"\u2026n+\.png +1  damaged$", table)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'SIZE|PATH|TABLE...'"),
        (
            ("no-such-file.png",),
            (
                "Invalid value for SIZE|PATH|TABLE: 'no-such-file.png' is not a file, a folder or a size: expected "
                "WIDTHxHEIGHT in pixels, such as 1920x1080, or a size such as 12MP"
            ),
        ),
        (("0x100",), "Invalid value for SIZE|PATH|TABLE: '0x100': "),
        ((SAMPLES, "--count", "5"), "--count applies to sizes only"),
        (("12MP,4K",), "(separate sizes by spaces)."),
        (("12,4",), "(did you mean 12x4?)."),
        (("4K", "-m", "all"), "unknown model 'all': list their names, such as 'sonnet,haiku'. Workbooks"),
        (("4K", "--prompt-tokens", "1", "--prompt-text", __file__), "--prompt-tokens and --prompt-text exclude each"),
        (("1920-1080",), "SIZE|PATH|TABLE: '1920-1080': expected WIDTHxHEIGHT in pixels, such as 1920x1080, or a"),
        (("1920-1080",), "4K or 1080p (did you mean 1920x1080?)."),
        (("12M",), "(did you mean 12MP?)."),
        (("2K",), "'2K': expected WIDTHxHEIGHT"),
        (("4:3",), "'4:3': expected WIDTHxHEIGHT"),
        (("9x9", "--count", "1.5"), "for '--count': '1.5': expected a whole number, 1 or more, such as"),
        (
            ("9x9", "--count", "0"),
            "for '--count': '0': expected a whole number, 1 or more, such as 5000, 5,000 or 5k.",
        ),
        (("9x9", "--prompt-tokens", "-1"), "for '--prompt-tokens': '-1': expected a whole number, 0 or more, such as"),
        (
            ("9x9", "--prompt-tokens", "20M"),
            "for '--prompt-tokens': 20000000: expected a whole number from 0 to 10,000,",
        ),
        (("9x9", "--prompt-text", "no.txt"), "File 'no.txt' does not exist"),
        (("100x100", "--turns", "0"), "Invalid value for '--turns': 0: expected a whole number from 1 to 10,000"),
        (("100x100", "--images-per-request", "many"), "'many': expected a whole number, such as 20, or auto."),
        (
            ("100x100", "--images-per-request", "0"),
            "'--images-per-request': 0: expected a whole number, such as 20, or 'auto'.",
        ),
        (
            ("100x100", "--images-per-request", "601", "--count", "601"),
            "request 1 (from image 1 on) would have 601 images",
        ),
        (
            ("100x100", "--retry-rate", "often"),
            "Invalid value for '--retry-rate': 'often': expected a number from 0 to 1",
        ),
        (("100x100", "--budget", "nan"), "'nan'"),
        (("100x100", "--budget", "-1"), "'-1'"),
        (("100x100", "--batch", "--platform", "foundry"), "not available on foundry"),
        (("100x100", "-m", "gpt-5"), "unknown model 'gpt-5'"),
    ],
)
def test_invalid_usage_is_an_error(arguments, message):
    assert message in " ".join(refused(*arguments).split())


def test_one_image_per_request_is_the_default_and_packing_an_alternative(tmp_path):
    job = (
        "1000x1000",
        "--count",
        "200000",
        "-m",
        "claude-sonnet-5-5",
        "--prompt-tokens",
        "400",
        "--output-tokens",
        "135",
    )
    tables = printed(*job, *AS_OF).split("\n\n")
    assert tables[0].startswith("200,000 images of 1000x1000 on 2026-11-22: 1 image per request, 400")
    assert rows_of(tables[0])[-1][1:2] + rows_of(tables[0])[-1][-1:] == ["200,000", "$949.60"]
    assert ["packed, up to 600", "$520.32", "$429.28", "45%", "up to 600 images share one prompt"] in rows_of(tables[1])
    path = tmp_path / "job.toml"
    path.write_text('images_per_request = "auto"\n', encoding="utf-8")
    packed = printed(*job, *AS_OF, "--images-per-request", "auto")
    assert packed == printed(*job, *AS_OF, "--scenario", path)
    assert "$520.32" in packed.split("\n\n")[0]
    assert "packed" not in packed.split("\n\n")[1]
    assert data(*ONE_EACH)["scenario"]["images_per_request"] == 1


def test_the_cost_of_an_alternative_has_a_sign():
    table = printed(*JOB, "-m", "claude-sonnet-4-6", "--batch", "--downscale-to", "5000").split("\n\n")[1]
    assert ["no batch", "$119.21", "-$59.61", "-100%"] in rows_of(table)
    assert not any(row[0] == "batch" for row in rows_of(table))
    several = printed("1000x500", "500x500", "--downscale-to", "100", *AS_OF)
    assert "downscaled to 100" in several


# Numbers as people write them, and alternatives


def trade_offs(model):
    return {name: variant["tradeoff"] for name, variant in model["variants"].items()}


def test_megapixels_counts_and_lists_of_models_are_read_as_people_write_them():
    exact = ("4000x3000", "--count", "200000", "-m", "sonnet", "-m", "haiku", "--prompt-tokens", "1500", *AS_OF)
    for size in (["12MP"], ["12mp 4:3"], ["12MP", "4:3"], ["12MP:4:3"], ["12", "mp"]):
        short = (*size, "--count", "200k", "-m", "sonnet, haiku", "--prompt-tokens", "1.5k", *AS_OF)
        assert data(*short) == data(*exact)
    text = printed("12MP", "16:9", "4k", "--count", "200,000", *AS_OF)
    assert text.startswith("400,000 images (200,000 of 4619x2598 and 200,000 of 3840x2160) on 2026-11-22: 1")
    assert "\n12MP 16:9 is 4619x2598 px.\n4K is 3840x2160 px.\n" in text
    assert data("4000", "x", "3000", *AS_OF) == data("4000", "x3000", *AS_OF) == data("12MP", *AS_OF)
    several = printed("1x1", "2x2", "3x3", "4x4", *AS_OF)
    assert several.startswith("4 images on 2026-11-22: ")


def test_an_existing_file_with_the_name_of_a_size_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "4K").write_bytes(png(28, 28))
    text = printed("4K", *AS_OF)
    assert text.startswith("1 image of 28x28 on ")
    assert "4K is" not in text


def test_the_tokens_of_a_prompt_are_estimated_from_its_text(tmp_path):
    path = tmp_path / "prompt.txt"
    path.write_text("\ufeffWhich boats are here?\U0001f6a4", encoding="utf-8")  # 25 bytes after the mark
    text = unwrapped(printed("100x100", "--prompt-text", path, *AS_OF))
    assert "10 prompt tokens (estimated)" in text.splitlines()[0]
    assert "The prompt is estimated: 25 bytes of text at 2.5 per token, which is 10 tokens (Models overview" in text
    scenario = data("100x100", "--prompt-text", path, *AS_OF)["scenario"]
    assert (scenario["prompt_tokens"], scenario["prompt_bytes"]) == (10, 25)
    assert data("100x100", "--prompt-tokens", "9", *AS_OF)["scenario"]["prompt_bytes"] is None
    path.write_text("x" * 25_000_001, encoding="utf-8")
    assert "for '--prompt-text': 10000001: expected a whole number from 0 to 10,000,000" in " ".join(
        refused("100x100", "--prompt-text", path).split()
    )
    (tmp_path / "job.toml").write_text('images = "4K"\nprompt_text = "prompt.txt"\n', encoding="utf-8")
    assert "Error: invalid prompt_text 10000001: expected" in refused("--scenario", tmp_path / "job.toml")
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "prompt.txt is not text in UTF-8" in " ".join(refused("100x100", "--prompt-text", path).split())


def test_the_template_of_a_scenario_runs_as_it_is(tmp_path):
    template = printed("--init")
    for encoding in ("utf-8", "utf-16"):  # Windows PowerShell redirects in UTF-16
        (tmp_path / "job.toml").write_text(template, encoding=encoding)
        report = data("--scenario", tmp_path / "job.toml", *AS_OF)
        assert (report["images"], [model["model"] for model in report["models"]]) == (
            200_000,
            ["claude-haiku-5-5", "claude-sonnet-5-5"],
        )
    every = re.sub(r"^# (\w+ = )", r"\1", template, flags=re.MULTILINE).replace("prompt_text", "# prompt_text")
    every = every.replace('inference_geo = "us"', "").replace("fast = true", "").replace("batch = true", "")
    (tmp_path / "job.toml").write_text(every, encoding="utf-8")
    scenario = data("--scenario", tmp_path / "job.toml", code=1)["scenario"]  # over the budget of the example
    assert (scenario["turns"], scenario["platform"], scenario["as_of"]) == (3, "bedrock", "2026-11-01")


def test_a_template_has_the_settings_of_the_command(tmp_path):
    job = ("4K", "12MP", "16:9", "--count", "5", "-m", "haiku", "--retry-rate", "2%", "--batch", "--no-fast", *AS_OF)
    (tmp_path / "job.toml").write_text(printed("--init", *job, "--budget", "12.50"), encoding="utf-8")
    assert tomllib.loads((tmp_path / "job.toml").read_text(encoding="utf-8")) == {
        "images": ["4K", "12MP 16:9"],
        "count": 5,
        "model": ["haiku"],
        "retry_rate": "2%",
        "batch": True,
        "fast": False,
        "as_of": date(2026, 11, 22),
        "budget": 12.5,
    }
    assert data("--scenario", tmp_path / "job.toml") == data(*job, "--budget", "12.50")
    text = printed("--init", "--prompt-text", tmp_path / "job.toml", "--fast")
    assert tomllib.loads(text) == {"prompt_text": str(tmp_path / "job.toml"), "fast": True}
    assert "exclude each other" in refused("--init", "--scenario", tmp_path / "job.toml")


def test_options_override_fast_mode_of_a_scenario(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text('images = "4K"\nmodel = "claude-opus-4-6"\nfast = true\nas_of = 2026-06-01\n', encoding="utf-8")
    speeds = [data("--scenario", path, *option)["scenario"]["speed"] for option in ((), ("--no-fast",))]
    assert speeds == ["fast", "standard"]


def test_an_empty_prompt_is_reported(tmp_path):
    (tmp_path / "prompt.txt").write_text(" \n", encoding="utf-8")
    assert run("4K", "--prompt-text", tmp_path / "prompt.txt").stderr == "imgcost: the prompt text is empty.\n"


def test_models_with_older_tokenizers_need_fewer_tokens_of_a_prompt(tmp_path):
    (tmp_path / "prompt.txt").write_text("x" * 35, encoding="utf-8")
    job = ("4K", "--prompt-text", tmp_path / "prompt.txt", *AS_OF)
    alone = unwrapped(printed(*job, "-m", "claude-opus-4-6"))
    assert "10 prompt tokens (estimated)" in alone
    assert "text has about 40% more tokens with it, which are not included" in " ".join(alone.split())
    both = unwrapped(printed(*job, "-m", "claude-opus-4-6,sonnet"))
    assert "14 prompt tokens (estimated)" in both
    assert "With claude-opus-4-6, that text has about 10 tokens; 14 are priced." in both


def test_notes_say_why_caching_and_batches_are_not_alternatives():
    text = unwrapped(printed("4K", "--count", "9", "--prompt-tokens", "511", *AS_OF))
    assert "The prompt of 511 tokens cannot be cached with claude-sonnet-5-5: the minimum is 512." in text
    assert "cannot be cached" not in unwrapped(printed("4K", "--count", "9", "--prompt-tokens", "512", *AS_OF))
    assert "cannot be cached" not in unwrapped(printed("4K", "--prompt-tokens", "511", *AS_OF))
    text = unwrapped(printed("4K", "--platform", "bedrock", *AS_OF))
    assert "No alternative in batches: " in text
    assert "Batch inference of the platform itself is not priced." in text
    assert "itself is not priced" not in unwrapped(printed("4K", "--platform", "foundry", *AS_OF))


def test_batches_of_a_conversation_follow_each_other():
    job = ("4K", "--count", "9", "--turns", "3", "--prompt-tokens", "4k", *AS_OF)
    [model] = data(*job)["models"]
    assert trade_offs(model)["batch"] == "3 message batches, one after another, can take up to 72 hours"
    assert "batch + cached" not in model["variants"]  # the cache would expire
    [model] = data(*job, "--prompt-cache", "1h")["models"]
    assert "batch + cached" in model["variants"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ((), ["batch", "cached", "batch + cached"]),
        (("--batch",), ["no batch", "cached, no batch", "batch + cached"]),
        (("--prompt-cache", "5m"), ["no cache", "batch, no cache", "batch + cached"]),
        (("--batch", "--prompt-cache", "5m"), ["no batch, no cache", "batch, no cache", "cached, no batch"]),
    ],
)
def test_alternatives_are_named_by_what_changes(options, names):
    table = printed(*ONE_EACH, "-m", "claude-sonnet-4-6", *options).split("\n\n")[1]
    assert [row[0] for row in rows_of(table) if len(row) > 1 and row[1].startswith("$")][1:4] == names


def test_a_job_of_images_alone_says_so_first():
    assert "images only (no prompt, no answer)" in unwrapped(printed("4K", *AS_OF)).splitlines()[0]
    assert data("4K", *AS_OF)["warnings"] == ["no prompt and no answer are included"]
    assert data("4K", "--output-tokens", "1", *AS_OF)["warnings"] == []


def test_a_plan_is_printed_before_the_error_that_its_file_needs_an_extra(tmp_path, monkeypatch):
    def without_xlsxwriter(*_):
        raise MissingExtraError("writing a workbook", "report")

    with monkeypatch.context() as patched:
        patched.setattr(writers, "open_scan", without_xlsxwriter)
        result = run("4K", *AS_OF, "-o", tmp_path / "a.xlsx", "-o", tmp_path / "a.csv")
    assert (result.exit_code, result.stdout) == (2, printed("4K", *AS_OF))
    assert 'needs the extra "report": pip install "imgcost[report]"' in result.stderr
    assert not list(tmp_path.iterdir())  # all files or none


def test_the_files_that_were_written_are_named_on_stderr(tmp_path):
    result = run("4K", *AS_OF, "-o", tmp_path / "a.csv", "-o", tmp_path / "a.md")
    assert result.stderr == f"imgcost: wrote {tmp_path / 'a.csv'}\nimgcost: wrote {tmp_path / 'a.md'}\n"


def test_a_scenario_file_has_the_whole_job_and_its_paths_are_relative_to_it(tmp_path):
    folder = tmp_path / "jobs"
    folder.mkdir()
    (folder / "a.png").write_bytes(png(28, 28))
    (folder / "prompt.txt").write_text("Who?", encoding="utf-8")
    path = folder / "job.toml"
    path.write_text('images = "a.png"\nprompt_text = "prompt.txt"\nas_of = 2026-11-22\n', encoding="utf-8")
    report = data("--scenario", path)
    assert (report["images"], report["scenario"]["prompt_tokens"]) == (1, 2)
    assert data("--scenario", path, "--prompt-tokens", "7")["scenario"]["prompt_bytes"] is None
    assert data("--scenario", path, "12MP", "--count", "1k")["images"] == 1000  # instead of a.png
    path.write_text("prompt_tokens = 7\n", encoding="utf-8")
    other = ("--prompt-text", folder / "prompt.txt")
    assert data("--scenario", path, "12MP", *other)["scenario"]["prompt_tokens"] == 2
    assert "job.toml has no images: add images = " in refused("--scenario", path)
    path.write_text('images = "b.png"\n', encoding="utf-8")
    message = " ".join(refused("--scenario", path).split())
    assert f"images in {path}: 'b.png' is not a file or folder in {folder} or a size: expected" in message


def test_every_alternative_names_its_trade_off():
    job = ("4000x3000", "--count", "200k", "--prompt-tokens", "4k", "--output-tokens", "135", *AS_OF)
    [model] = data(*job)["models"]
    assert trade_offs(model) == {
        "batch": "answers can take up to 24 hours",
        "cached": "requests must start with the same 512 tokens or more, each within 5 minutes of the last",
        "batch + cached": "answers can take up to 24 hours; cache hits in a batch are not guaranteed",
        "packed": "up to 20 images share one prompt and one answer",
        "downscaled": "less detail: 1270x952 px instead of 2212x1659",
        "claude-haiku-5-5": "another model: compare its answers on a sample first",
    }
    for name, variant in model["variants"].items():
        assert Decimal(variant["saves_usd"]) == Decimal(model["total_usd"]) - Decimal(variant["total_usd"]) > 0, name
    [model] = data(*job, "--batch", "--prompt-cache", "1h")["models"]
    assert {name: trade_offs(model)[name] for name in ("standard", "batch", "cached")} == {
        "standard": "",
        "batch": "",
        "cached": "",
    }
    [model] = data(*job, "--batch")["models"]
    assert trade_offs(model)["batch + cached"] == (
        "requests must start with the same 512 tokens or more, each within 5 minutes of the last; cache hits in a "
        "batch are not guaranteed"
    )
    [model] = data("12MP", "8K", *AS_OF)["models"]
    assert trade_offs(model)["downscaled"] == "less detail: at most 1,568 tokens per image"


def test_a_cheaper_model_is_an_alternative_only_if_the_job_is_possible_with_it():
    def alternatives(*options):
        [model] = data("1000x1000", "-m", "opus", *options, "--as-of", "2026-09-30")["models"]
        return [name for name in model["variants"] if name.startswith("claude-")]

    assert alternatives() == ["claude-haiku-4-5-20251001", "claude-sonnet-5-5"]
    assert alternatives("--prompt-tokens", "250k") == ["claude-sonnet-5-5"]  # Haiku 4.5 reads 200,000
    assert alternatives("--prompt-tokens", "250k", "--count", "200k") == ["claude-sonnet-5-5"]  # in several chunks
    assert alternatives("--output-tokens", "100k") == ["claude-sonnet-5-5"]  # and writes 64,000
    rows = data("1000x1000", "-m", "haiku", *AS_OF)["models"][0]["variants"]
    assert not any(name.startswith("claude-") for name in rows)


# Tables, and budgets that cannot be checked


def table(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_semicolons_is_an_error(tmp_path):
    path = table(tmp_path / "a.csv", "width;height\n28;28\n")
    assert "a.csv is separated by semicolons: save it with commas." in " ".join(refused(path).split())


def test_an_unused_column_with_a_similar_name_is_reported_on_stderr(tmp_path):
    path = table(tmp_path / "a.csv", "width,height,n\n28,28,5\n")
    result = run(path, *AS_OF)
    assert result.exit_code == 0
    assert f"imgcost: {path}: column 'n' is not used; did you mean 'count'?" in result.stderr
    assert run(table(path, "width,height,note,count\n28,28,,5\n"), *AS_OF).stderr == ""
    assert data(path, *AS_OF)["images"] == 5
    hostile = table(path, "width,height,width\x1b[31m\n28,28,\n")
    assert r"column 'width\x1b[31m'" in run(hostile, *AS_OF).stderr
    assert "\x1b" not in run(hostile, *AS_OF, "-f", "json").output


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.xlsx", "a.parquet", "a.json", "a.ods", "a.xls"])
def test_an_unreadable_table_is_an_error(tmp_path, name):
    assert "Columns found: none" in refused(table(tmp_path / name, "")) or name not in {"a.csv", "a.tsv", "a.jsonl"}


def test_a_job_without_images_is_reported(tmp_path):
    empty = printed(tmp_path, *AS_OF)
    assert empty.startswith("No images found.")
    assert "Alternatives" not in empty
    text = printed(SAMPLES / "broken" / "notes.png", *AS_OF)
    assert text.startswith("No images found.")
    assert "Unreadable (not in the total)" in text
    assert "buys" not in printed(tmp_path, "--budget", "1", *AS_OF)


def test_a_budget_fails_if_images_are_excluded(tmp_path):
    listed = table(tmp_path / "a.csv", "width,height\n28,28\n,28\n")
    for images, message in (
        ((SAMPLES,), "2 files or rows could not be read and are not in the total: 1 damaged"),
        (
            (listed,),
            "1 file or row could not be read and are not in the total: 1 width or height is missing (row 3 of",
        ),
    ):
        result = run(*images, "--budget", "100", *AS_OF)
        assert result.exit_code == 2
        assert "cannot check the budget, because " in result.stderr
        assert message in result.stderr
        assert "\nBudget of $100.00\n" in result.stdout
        assert "unknown: unreadable files" in result.stdout
        [model] = json.loads(run(*images, "--budget", "100", *AS_OF, "-f", "json").stdout)["models"]
        assert model["within_budget"] is None
        assert run(*images, *AS_OF).exit_code == 0
        # The known part is over the budget.
        assert run(*images, "--budget", "0", *AS_OF).exit_code == 1


def test_a_budget_counts_images_that_would_be_rejected_as_they_are():
    """Their cost is known: it does not change when they are resized or converted."""
    result = run("28x28", "9000x28", "--budget", "100", *AS_OF)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "1 of 2 images" in result.stdout
    assert run("28x28", "9000x28", "--budget", "0", *AS_OF).exit_code == 1


def test_a_budget_fails_if_a_price_is_unknown():
    assert "no published price for claude-opus-5" in refused(
        "28x28", "-m", "claude-opus-5", "--as-of", "2024-03-04", "--budget", "1"
    )
    assert run("28x28", "-m", "claude-opus-5", "--budget", "1", *AS_OF).exit_code == 0


def test_auto_is_accepted_in_any_case():
    assert "--images-per-request N|auto " in command_line.printed("plan", "--help")
    for spelling in ("auto", "AUTO", " Auto "):
        assert data(*JOB, "--images-per-request", spelling)["scenario"]["images_per_request"] == "auto"


def test_downscaling_is_no_alternative_if_no_image_has_that_many_tokens():
    text = unwrapped(printed("100x100", "--downscale-to", "16", *AS_OF))
    assert "downscaled" not in text
    assert "With claude-sonnet-5-5, no image has more than 16 tokens: there is nothing to downscale.\n" in text
    assert "downscaled to 84x84" in printed("100x100", "--downscale-to", "15", *AS_OF)


def test_a_plan_names_the_overhead_that_it_includes():
    def notes(*models):
        text = unwrapped(printed("1000x1000", *(f"--model={model}" for model in models), *AS_OF))
        return re.findall("^Includes an overhead of (.*)$", text, re.MULTILINE)

    assert notes("sonnet", "haiku") == ["3 tokens per image (measured with other models, not published)."]
    assert notes("sonnet", "claude-opus-4-7", "claude-3-opus") == [
        "3 tokens per image (measured with other models, not published) for claude-sonnet-5-5.",
        (
            "3 tokens per image and 11 tokens per user message (measured with other models, not published) for "
            "claude-opus-4-7."
        ),
    ]
    assert notes("claude-3-opus") == []
