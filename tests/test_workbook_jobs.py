"""The workbook of a plan: after changes of its input cells, LibreOffice calculates what `plan` does."""

from __future__ import annotations

import random
import re
from decimal import Decimal

import openpyxl
import pytest
from command_line import printed
from workbooks import (
    DAY,
    HAIKU,
    SONNET,
    alternatives_of,
    budget_of,
    cell_of,
    changed,
    disagreements,
    figures_of,
    planned_book,
    recalculated,
    values_of,
)

from imgcost import geometry
from imgcost.errors import ImgcostError
from imgcost.figures import dollars
from imgcost.plans import Repeated, make_scenario, plan, quotes_of
from imgcost.plans.comparisons import plan_others
from imgcost.reports.workbook.sizes import _raised
from imgcost.tables import find_model

MIX = {(4032, 3024): 50, (1920, 1080): 30, (612, 9000): 1, (1, 1): 7, (1000, 1000): 12}
TURNS = {
    "turns": 3,
    "images_per_request": 2,
    "prompt_tokens": 4000,
    "output_tokens": 135,
    "retry_rate": Decimal("0.03"),
}


def random_settings(seed):
    """Return input cells of a job of images of one size, or of `MIX` times a number."""
    pick = random.Random(seed)
    settings = {
        "model": pick.choice([HAIKU, SONNET, "claude-opus-4-6", "claude-haiku-4-5-20251001"]),
        "prompt_tokens": pick.choice([0, 400, 5000, 98_000, 99_000]),
        "output_tokens": pick.randint(0, 2000),
        "images_per_request": pick.choice([1, 1, 1, 2, 7, 20, 101]),
        "cache": pick.choice(["none", "5m", "1h"]),
        "batch": pick.choice([True, False]),
        "inference_geo": pick.choice(["global", "global", "us"]),
        "retry_rate": pick.choice([0, 0.02, 0.125]),
        "downscale_to": pick.choice([None, None, 1, 90, 500, 1560, 1568, 4000, 9999]),
    }
    if seed % 2:
        return settings | {"image_count": 100 * pick.choice([1, 3, 2000])}
    size = {"image_width": pick.randint(1, 9000), "image_height": pick.randint(1, 9000)}
    return settings | size | {"image_count": pick.randint(1, 300_000)}


RANDOM = [random_settings(seed) for seed in range(40)]


def job_of(settings):
    """Return the images of these input cells."""
    if "image_width" in settings:
        return {(settings["image_width"], settings["image_height"]): settings["image_count"]}
    return {size: count * settings["image_count"] // 100 for size, count in MIX.items()}


def planned(settings, models):
    """Plan the job of these input cells with every model; an error instead of the plan where it is not possible."""
    names = ("prompt_tokens", "output_tokens", "images_per_request", "cache", "batch", "inference_geo", "retry_rate")
    options = {name: settings[name] for name in names}
    images = [Repeated(*size, count) for size, count in job_of(settings).items()]
    if settings["downscale_to"] is not None:
        tiers = {find_model(model).tier for model in models}
        assert len(tiers) == 1  # each tier has sizes of its own
        shrunk = [
            Repeated(*geometry.fit_to_tokens(image.width, image.height, settings["downscale_to"], *tiers), image.count)
            for image in images
        ]
        images = shrunk
    found = {}
    for model in models:
        try:
            found[model] = plan(images, models=model, as_of=DAY, **options).models[0]
        except ImgcostError as error:
            found[model] = error
    return found


@pytest.fixture(scope="module")
def books(libreoffice, tmp_path_factory):
    """Workbooks of plans and copies with other settings, each with its recalculated copy."""
    folder = tmp_path_factory.mktemp("jobs")
    one = planned_book(folder / "one.xlsx", [Repeated(4032, 3024, 200_000)], prompt_tokens=400, output_tokens=135)
    mix = planned_book(folder / "mix.xlsx", [Repeated(*size, count) for size, count in MIX.items()], HAIKU, batch=True)
    found = {"one": one, "mix": mix}
    found["packed"] = planned_book(
        folder / "packed.xlsx", [Repeated(4032, 3024, 500)], [HAIKU, SONNET], prompt_tokens=400, images_per_request=20,
        output_tokens=135, retry_rate="0.02", cache="1h", inference_geo="us",
    )  # fmt: skip
    found["turns"] = planned_book(
        folder / "turns.xlsx", [Repeated(4032, 3024, 1), Repeated(10, 10, 1)] * 900, HAIKU, cache="5m", **TURNS
    )
    found["auto"] = planned_book(
        folder / "auto.xlsx", [Repeated(4032, 3024, 2000)], images_per_request="auto", prompt_tokens=90_000, batch=True
    )
    found["over"] = planned_book(
        folder / "over.xlsx", [Repeated(300, 200, 2000)], images_per_request=300, prompt_tokens=100, turns=2
    )
    for name, (job, options) in OPENED.items():
        found[name] = planned_book(folder / f"{name}.xlsx", job, **options)
    found["nothing"] = planned_book(folder / "nothing.xlsx", [])
    for number, settings in enumerate(RANDOM):
        source = one if "image_width" in settings else mix
        found[f"random {number}"] = changed(source, folder / f"random {number}.xlsx", settings)
    for name, settings in PACKED_CHANGES.items():
        found[f"turns {name}"] = changed(found["turns"], folder / f"turns {name}.xlsx", settings)
    again = recalculated(libreoffice, folder, list(found.values()))
    return dict(zip(found, zip(found.values(), again, strict=True), strict=True))


MIXED = [Repeated(*size, count) for size, count in MIX.items()]
ONE_LARGE = [Repeated(300, 200, 21), Repeated(4032, 3024, 1)]
OPENED = {
    "some over the threshold": (MIXED, {"models": HAIKU, "prompt_tokens": 99_000, "cache": "5m"}),
    "all over the threshold": (
        MIXED,
        {"models": HAIKU, "prompt_tokens": 120_000, "images_per_request": 3, "cache": "1h"},
    ),
    "perhaps over the threshold": (MIXED, {"models": HAIKU, "prompt_tokens": 99_000, "images_per_request": 3}),
    "over a limit": ([Repeated(30, 20, 500)], {"images_per_request": 101, "prompt_tokens": 199_500, "batch": True}),
    "perhaps over a limit": (ONE_LARGE, {"images_per_request": 21}),
    "fast mode": (MIXED, {"models": "opus", "speed": "fast", "prompt_tokens": 5000}),
    "an endpoint is assumed": (ONE_LARGE, {"platform": "bedrock", "retry_rate": "0.5"}),
}
"""Jobs whose workbook shows every kind of result when it is opened."""

PACKED_CHANGES = {
    "without a cache": {"cache": "none", "model": SONNET},
    "in batches": {"batch": True, "retry_rate": 0.1},
    "in the US": {"inference_geo": "us", "cache": "1h"},
}


def test_recalculation_changes_no_value(books):
    for name in ("one", "mix", "packed", "turns", "auto", "over", "nothing", *OPENED):
        wrong, count = disagreements(*books[name])
        assert not wrong[:5], name
        assert count > 300


def compare(row, wanted):
    """Compare a row of the Budget with a plan."""
    total = row["Total, US$"]
    assert total == pytest.approx(float(wanted.total_usd), rel=1e-12)
    assert dollars(Decimal(str(total))) == dollars(wanted.total_usd)
    tokens = wanted.tokens
    assert (row["Input tokens"], row["Output tokens"]) == (tokens.input, tokens.output)
    assert row["Cache write tokens"] == tokens.cache_write_5m + tokens.cache_write_1h
    assert row["Cache read tokens"] == tokens.cache_read
    assert row["Visual tokens"] == wanted.visual_tokens
    assert row["Long-context surcharge, US$"] == pytest.approx(float(wanted.surcharge_usd), rel=1e-12)


@pytest.mark.parametrize("name", OPENED)
def test_a_workbook_shows_the_plan_when_it_is_opened(name, tmp_path):
    images, options = OPENED[name]
    rows = budget_of(planned_book(tmp_path / "a.xlsx", images, **options))
    kinds = set()
    for model, row in rows.items():
        total = row["Total, US$"]
        kinds.add(total if isinstance(total, str) else bool(row["Long-context surcharge, US$"]))
        if not isinstance(total, str):
            compare(row, plan(images, **options | {"models": model, "as_of": DAY}).models[0])
        elif total == "over a limit":
            with pytest.raises(ImgcostError, match="the limit is"):
                plan(images, **options | {"models": model, "as_of": DAY})
    assert (
        kinds
        == {
            "some over the threshold": {False, True},
            "all over the threshold": {False, True},
            "perhaps over the threshold": {False, "run imgcost plan"},
            "over a limit": {False, True, "over a limit"},
            "perhaps over a limit": {"run imgcost plan"},
            "fast mode": {False},
            "an endpoint is assumed": {False},
        }[name]
    )
    notes = list(openpyxl.load_workbook(tmp_path / "a.xlsx")["Notes"].iter_rows(min_row=3, values_only=True))
    assert any(subject == "Assumption" for subject, _ in notes) == (name == "an endpoint is assumed")


@pytest.mark.parametrize("number", range(len(RANDOM)))
def test_a_workbook_with_random_settings_equals_the_plan(number, books):
    settings = RANDOM[number]
    rows = budget_of(books[f"random {number}"][1])
    assert len(rows) == 17
    for model, row in rows.items():
        wanted, total = planned(settings, [model])[model], row["Total, US$"]
        if total == "run imgcost plan":  # it depends on the order
            assert settings["images_per_request"] > 1
            assert isinstance(wanted, ImgcostError) or wanted.quote.threshold
        elif total in ("over a limit", "not offered"):
            assert isinstance(wanted, ImgcostError)
            assert ("inference" in str(wanted)) == (total == "not offered")
        else:
            compare(row, wanted)
    figures = figures_of(books[f"random {number}"][1])
    chosen = rows[settings["model"]]
    assert figures["Total"][2] == chosen["Total, US$"]
    assert figures["Number of images"] == settings["image_count"]
    most, tier = settings["downscale_to"], find_model(settings["model"]).tier
    sent = [geometry.fit_to_tokens(*size, most, tier) if most else size for size in job_of(settings)]
    assert figures["Longest edge, px"] == max(map(max, sent))


WAYS = {
    "No batch, no cache": (False, False),
    "Batch": (True, False),
    "Cached prompt": (False, True),
    "Batch and cached prompt": (True, True),
}


@pytest.mark.parametrize("number", range(len(RANDOM)))
def test_alternatives_with_random_settings_equal_plans(number, books):
    settings, path = RANDOM[number], books[f"random {number}"][1]
    rows, budget, model = alternatives_of(path), budget_of(path), settings["model"]
    chosen = budget[model]["Total, US$"]
    lifetime = "5m" if settings["cache"] == "none" else settings["cache"]
    for label, (batch, cached) in WAYS.items():
        other = settings | {"batch": batch, "cache": lifetime if cached else "none"}
        total, saving, share, tradeoff = rows[label]
        wanted = planned(other, [model])[model]
        assert (tradeoff == "as chosen") == ((batch, cached) == (settings["batch"], settings["cache"] != "none"))
        if total == "nothing to cache":
            assert not getattr(wanted, "cached", None)
            assert (saving or "", share or "") == ("", "")
        elif isinstance(total, str):
            assert total == chosen or isinstance(wanted, ImgcostError) or wanted.surcharge_usd
        else:
            assert total == pytest.approx(float(wanted.total_usd), rel=1e-12)
            assert saving == pytest.approx(chosen - total, abs=1e-9)
            assert share == pytest.approx((chosen - total) / chosen, abs=1e-12)
    assert rows.get(HAIKU, [budget[HAIKU]["Total, US$"]])[0] == budget[HAIKU]["Total, US$"]
    for label, hint in (("Up to 20", "run imgcost plan"), ("Downscaled to", "downscale to 1,568")):
        assert [row[0] for name, row in rows.items() if name.startswith(label)] in ([], [hint])


def test_alternatives_of_packed_requests_follow_the_settings(books):
    images = [Repeated(4032, 3024, 1), Repeated(10, 10, 1)] * 900
    for name, cache in (("turns", "5m"), ("turns without a cache", "5m"), ("turns in the US", "1h")):
        rows, figures = alternatives_of(books[name][1]), figures_of(books[name][1])
        geo = figures["Inference geo"]
        for label in ("No batch, no cache", "Batch", "Cached prompt"):
            batch, cached = WAYS[label]
            options = {"batch": batch, "cache": cache if cached else "none", "inference_geo": geo, "as_of": DAY}
            wanted = plan(images, models=figures["Model"], **TURNS | options).models[0]
            assert rows[label][0] == pytest.approx(float(wanted.total_usd), rel=1e-12)


@pytest.mark.parametrize("name", ["one", "mix", "packed", "turns", "auto"])
def test_alternatives_are_those_of_the_plan_when_a_workbook_is_opened(name, books):
    jobs = {
        "one": ([Repeated(4032, 3024, 200_000)], {"models": SONNET, "prompt_tokens": 400, "output_tokens": 135}),
        "mix": (MIXED, {"models": HAIKU, "batch": True}),
        "packed": ([Repeated(4032, 3024, 500)], {"models": HAIKU, "prompt_tokens": 400, "images_per_request": 20,
                   "output_tokens": 135, "retry_rate": "0.02", "cache": "1h", "inference_geo": "us"}),
        "turns": ([Repeated(4032, 3024, 1), Repeated(10, 10, 1)] * 900, {"models": HAIKU, "cache": "5m"} | TURNS),
        "auto": ([Repeated(4032, 3024, 2000)], {"models": SONNET, "images_per_request": "auto",
                 "prompt_tokens": 90_000, "batch": True}),
    }  # fmt: skip
    images, options = jobs[name]
    wanted = plan(images, as_of=DAY, **options).models[0]
    for path in books[name]:
        rows = alternatives_of(path)
        prices = sorted(row[0] for row in rows.values() if isinstance(row[0], float | int) and row[3] != "as chosen")
        expected = sorted(float(variant.total_usd) for variant in wanted.variants.values())
        assert [price for price in prices if any(price == pytest.approx(usd, rel=1e-12) for usd in expected)] == (
            pytest.approx(expected, rel=1e-12)
        )


def test_models_are_sorted_by_their_total(books):
    for number in range(len(RANDOM)):
        totals = [row["Total, US$"] for row in budget_of(books[f"random {number}"][1]).values()]
        prices = [total for total in totals if not isinstance(total, str)]
        assert prices == sorted(prices)
        assert all(isinstance(total, str) for total in totals[len(prices) :])


def test_random_settings_have_every_kind_of_result(books):
    kinds = {
        type(row["Total, US$"]) for number in range(40) for row in budget_of(books[f"random {number}"][1]).values()
    }
    assert kinds == {float, str}
    words = {row["Total, US$"] for number in range(40) for row in budget_of(books[f"random {number}"][1]).values()}
    assert {"run imgcost plan", "over a limit", "not offered"} <= words
    assert any(row["Long-context surcharge, US$"] for number in range(40)
               for row in budget_of(books[f"random {number}"][1]).values())  # fmt: skip


def test_the_first_screen_is_the_answer_of_the_plan(books):
    figures = figures_of(books["one"][1])
    text = printed("plan", "4032x3024", "--count", "200000", "--prompt-tokens", "400", "--output-tokens", "135",
                   "--as-of", str(DAY))  # fmt: skip
    assert f"${figures['Total'][2]:,.2f}" in text
    shown = {"Model": SONNET, "Number of images": 200_000, "Width, px": 4032, "Height, px": 3024}
    shown |= {"Prompt tokens per request": 400, "Output tokens per request": 135, "Images per request": 1}
    shown |= {"Prompt cache": "none", "Message batch": "no", "Inference geo": "global", "Platform": "claude-api"}
    assert {name: figures[name] for name in shown} == shown
    assert figures["Prices and limits as of"].date() == DAY


def test_the_command_above_the_budget_plans_the_same_job(books):
    for name in ("one", "packed", "turns", "auto", *(f"random {number}" for number in range(0, 40, 2))):
        line = values_of(books[name][1])["Budget"]["B4"].value.split(": ")[1].split()[2:]
        if line[0] == "PATH":
            line[:1] = ["4032x3024", "--count", "500"]
        settings = RANDOM[int(name.split()[1])] if name.startswith("random") else None
        if settings and (
            settings["downscale_to"]
            or isinstance(planned(settings, [settings["model"]])[settings["model"]], ImgcostError)
        ):
            continue  # the command plans the images as they are
        text = printed("plan", *line)
        if settings or name in ("one", "packed"):
            total = figures_of(books[name][1])["Total"][2]
            assert total == "run imgcost plan" or dollars(Decimal(str(total))) in text


def test_a_job_with_turns_has_the_numbers_of_the_plan(books):
    images = [Repeated(4032, 3024, 1), Repeated(10, 10, 1)] * 900
    for name, options in {"": {"cache": "5m"}, " without a cache": {"cache": "none"},
                          " in batches": {"cache": "5m", "batch": True, "retry_rate": Decimal("0.1")},
                          " in the US": {"cache": "1h", "inference_geo": "us"}}.items():  # fmt: skip
        rows = budget_of(books[f"turns{name}"][1])
        for model, row in rows.items():
            if row["Total, US$"] == "not offered":
                continue
            compare(row, plan(images, models=model, as_of=DAY, **TURNS | options).models[0])
    figures = figures_of(books["turns"][1])
    assert (figures["Turns per conversation"], figures["Number of images"]) == (3, 1800)
    assert figures["Image sizes"] == "2 (see sheet Images)"


def test_packed_requests_have_the_numbers_of_the_plan(books):
    for model, row in budget_of(books["auto"][1]).items():
        job = plan([Repeated(4032, 3024, 2000)], models=model, as_of=DAY, images_per_request="auto",
                   prompt_tokens=90_000, batch=True)  # fmt: skip
        compare(row, job.models[0])
    assert figures_of(books["auto"][1])["Images per request"] == "as many as fit"
    assert figures_of(books["auto"][1])["Image sizes"] == "4032x3024 px"


def test_models_that_cannot_do_a_packed_job_are_marked(books):
    rows = budget_of(books["over"][1])
    assert rows["claude-haiku-4-5-20251001"]["Total, US$"] == "over a limit"
    assert isinstance(rows[SONNET]["Total, US$"], float)
    sheet = openpyxl.load_workbook(books["over"][0])["Budget"]
    assert "a request would exceed a limit" in sheet["B3"].value


def test_charts_read_cells_that_recalculate(books):
    book = openpyxl.load_workbook(books["mix"][0])
    series = [chart.series[0] for sheet in book for chart in sheet._charts]
    assert len(series) == 3
    for one in series:
        sheet, area = one.val.numRef.f.split("!")
        assert all(cell.data_type == "f" for row in book[sheet.strip("'")][area.replace("$", "")] for cell in row)
    names = [sheet.title for sheet in book if sheet.sheet_state == "visible"]
    assert names == ["Budget", "Sizes", "Folders", "Calculator", "Models", "Long context", "Prices", "Notes"]


FUNCTIONS = {
    *("AND", "CHOOSE", "COUNT", "COUNTIF", "COUNTIFS", "IF", "IFERROR", "INDEX", "INT", "ISNUMBER", "ISTEXT", "MATCH"),
    *("MAX", "MIN", "MOD", "N", "OR", "ROUND", "ROUNDUP", "SMALL", "SQRT", "SUM", "SUMIFS", "SUMPRODUCT"),
}
"""Functions that Excel has had since 2007, so that the file names them without a prefix.

Sources: LibreOffice's formula/inc/core_resource.hrc has all of them, and Google's lists of mathematical and statistical
functions (https://support.google.com/docs/topic/3105474 and 3105600) those of their kind (read 2026-11-26).
"""


def test_formulas_use_only_functions_that_spreadsheets_share(books):
    used = set()
    for name in ("mix", "turns"):
        for sheet in openpyxl.load_workbook(books[name][0]):
            for row in sheet.iter_rows():
                texts = [re.sub('"[^"]*"', "", cell.value) for cell in row if cell.data_type == "f"]
                used |= {word for text in texts for word in re.findall(r"([A-Z.]+)\(", text)}
    assert used <= FUNCTIONS


def test_every_sheet_is_printed_on_whole_pages(books):
    for sheet in openpyxl.load_workbook(books["mix"][0]):
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.title
        assert sheet.page_setup.paperSize == 9
    upright = [
        sheet.title for sheet in openpyxl.load_workbook(books["mix"][0]) if sheet.page_setup.orientation == "portrait"
    ]
    assert upright == ["Sizes", "Charts"]


def test_number_and_mix_of_the_images_are_apart(books, tmp_path, libreoffice):
    book = openpyxl.load_workbook(books["mix"][0])
    sheet = book["Sizes"]
    rows = [[cell.value for cell in row[:3]] for row in sheet.iter_rows(min_row=2, max_row=9)]
    assert rows == [*([*size, count] for size, count in MIX.items()), *[[None] * 3] * 3]
    for column, value in enumerate((3000, 2000, 100), 1):  # twice the images: the mix, not the number, changes
        sheet.cell(7, column).value = value
    cell_of(book, "image_count").value = 150
    for name in ("Prices", "Calculator", "Steps", "Notes"):
        del book[name]
    book.save(tmp_path / "a.xlsx")
    (again,) = recalculated(libreoffice, tmp_path, [tmp_path / "a.xlsx"])
    tier = find_model(HAIKU).tier
    tokens = sum(geometry.image_tokens(*size, tier) * count for size, count in (MIX | {(3000, 2000): 100}).items())
    row = budget_of(again)[HAIKU]
    assert row["Visual tokens"] == round(tokens * 150 / 200)
    assert figures_of(again)["Image sizes"] == "6 (see sheet Sizes)"
    assert figures_of(again)["Would be rejected as they are"] == round(150 / 200)


# Without LibreOffice


def test_alternatives_promise_only_what_a_plan_does(tmp_path):
    conversation = planned_book(tmp_path / "a.xlsx", [Repeated(10, 10, 4)], turns=2)
    assert [*alternatives_of(conversation)][:4] == ["No batch, no cache", "Batch", "Cached prompt", HAIKU]
    assert alternatives_of(conversation)["Cached prompt"] == [
        *("nothing to cache", None, None, "needs several requests with the same 512 tokens or more")
    ]
    fast = planned_book(tmp_path / "b.xlsx", MIXED, "opus", speed="fast", prompt_tokens=5000)
    assert alternatives_of(fast)["Batch"][0] == "not offered"
    long = planned_book(tmp_path / "c.xlsx", MIXED, HAIKU, prompt_tokens=99_000, cache="5m")
    assert [row[0] for row in alternatives_of(long).values()][:2] == ["run imgcost plan"] * 2


def test_too_many_sizes_are_facts(tmp_path, monkeypatch):
    monkeypatch.setattr("imgcost.reports.workbook.writing.MAX_SIZES", 4)
    book = openpyxl.load_workbook(planned_book(tmp_path / "a.xlsx", [Repeated(*size, 3) for size in MIX]))
    assert "Sizes" not in book.sheetnames
    assert figures_of(tmp_path / "a.xlsx")["Image sizes"] == "see sheet Images"
    assert [row[4].value for row in book["Images"].iter_rows(min_row=2)] == [3] * 5
    assert cell_of(book, "image_count").value == 15
    assert "downscale_to" not in book.defined_names
    with pytest.raises(KeyError):
        figures_of(tmp_path / "a.xlsx")["Downscale to, tokens per image"]


def test_reasons_other_than_the_size_are_listed(tmp_path):
    job = [Repeated(100, 100, 5, file_bytes=9_000_000), Repeated(9000, 9, 2)]
    book = openpyxl.load_workbook(planned_book(tmp_path / "a.xlsx", job))
    figures = figures_of(tmp_path / "a.xlsx")
    assert (figures["Would be rejected as they are"], figures["over 8,000 px"]) == (7, 2)
    assert figures["over 10,485,760 bytes"] == 5
    assert "Images" in book.sheetnames


def test_ratios_are_raised_where_floats_decide_against_a_grid():
    assert len(_raised(56)) == 167
    assert len(_raised(92)) == 493
    tier = geometry.Tier(2576, 4784)
    for key in _raised(92):
        edge, short = divmod(key, 100)
        ratio = edge / geometry.short_limit(short)
        assert edge / ratio > geometry.short_limit(short)
    assert geometry.fits(2576, 1456, tier)


def test_other_models_need_a_plan_that_lists_images():
    job = plan([Repeated(10, 10, 3)], models=HAIKU, as_of=DAY)
    others = plan_others(job, quotes_of(make_scenario(models=[SONNET], as_of=DAY)))
    assert others[SONNET].total_usd == plan([Repeated(10, 10, 3)], models=SONNET, as_of=DAY).models[0].total_usd
